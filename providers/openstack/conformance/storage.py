"""Samples of Cinder's kinds."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Given, Of, Parent, Sample, Unique
from providers.openstack.conformance.compute import PORT
from providers.openstack.conformance.hands import NOWHERE, call, write
from providers.openstack.conformance.network import NET, SUBNET

_SOURCE: Final = "one of three things to start from"
_VOLUME = Sample(
    type="OS::Cinder::Volume",
    minimal={"size": 2},
    more={"name": Unique(), "description": "for data", "metadata": {"a": "1"}, "multiattach": False},
    updates={"name": Unique("{}-other"), "description": "words", "metadata": {"b": "2"}, "size": 3},
    replaces={
        "size": 1,
        "volume_type": "other",
        "availability_zone": "elsewhere",
        "image": NOWHERE,
        "snapshot_id": NOWHERE,
        "source_volid": NOWHERE,
        "multiattach": True,
    },
    planned={
        "volume_type": "there is no such type",
        "availability_zone": "there is no such zone",
        "image": "there is no such image",
        "snapshot_id": "there is no such snapshot",
        "source_volid": "there is no such volume",
        "multiattach": "not every type of volume may have it",
    },
    write=write("block_storage", "/volumes", "volume"),
    behind={
        "metadata": call("block_storage", "POST", "/volumes/{id}/metadata", {"metadata": {"foreign": "1"}}),
        "size": call("block_storage", "POST", "/volumes/{id}/action", {"os-extend": {"new_size": 4}}),
    },
    kept={"name": "without one it is made up at the create"},
)
_ATTACHMENT = Sample(
    type="OS::Cinder::VolumeAttachment",
    minimal={"instance_uuid": Of("server"), "volume_id": Of("volume")},
    parents={
        "net": NET,
        "subnet": SUBNET,
        "port": PORT,
        "server": Parent(
            "OS::Nova::Server",
            {
                "name": Unique(),
                "image": Given("image"),
                "flavor": Given("flavor"),
                "networks": [{"port": Of("port")}],
            },
        ),
        "volume": Parent("OS::Cinder::Volume", {"name": Unique(), "size": 1}),
    },
    replaces={"volume_id": NOWHERE, "instance_uuid": NOWHERE},
    planned={"volume_id": "there is no such volume", "instance_uuid": "there is no such server"},
    untried={"mountpoint": "the hypervisor chooses"},
)

SAMPLES: Final = (_VOLUME, _ATTACHMENT)
