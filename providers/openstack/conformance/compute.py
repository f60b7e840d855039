"""Samples of Nova's kinds."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Given, Hand, Of, Parent, Sample, Unique
from orchestrator.model.values import Secret
from providers.openstack.conformance.hands import NOWHERE, call, write
from providers.openstack.conformance.network import NET, SUBNET

KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yx3v0oXlX4b8fC6d2b2S0w4xQb3F0n1dYw2E5mZ0h a@b"
OTHER_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yx3v0oXlX4b8fC6d2b2S0w4xQb3F0n1dYw2E5mZ1h a@b"
PORT: Final = Parent("OS::Neutron::Port", {"name": Unique(), "network": Of("net")})

_KEY_PAIR = Sample(
    type="OS::Nova::KeyPair",
    minimal={"name": Unique(), "public_key": KEY + "\n"},
    replaces={"public_key": OTHER_KEY, "name": Unique("{}-other")},
    untried={"type": "x509 wants a certificate for its key"},
)


def _resized(hand: Hand) -> None:
    larger = hand.raw.compute.find_flavor(hand.value)
    hand.raw.compute.resize_server(hand.id, larger.id)


_SERVER = Sample(
    type="OS::Nova::Server",
    minimal={"image": Given("image"), "flavor": Given("flavor"), "networks": [{"port": Of("port")}]},
    more={
        "name": Unique(),
        "key_name": Of("key"),
        "user_data": "#!/bin/sh\necho hello\n",
        "user_data_format": "RAW",
        "config_drive": True,
        "admin_pass": Secret("plain-Text-1", "env:PASSWORD", "v1"),
        "metadata": {"a": "1"},
        "tags": ["b", "a"],
        "description": "for tests",
        "scheduler_hints": {"group": Of("group")},
    },
    parents={
        "group": Parent("OS::Nova::ServerGroup", {"name": Unique(), "policies": ["soft-affinity"]}),
        "net": NET,
        "subnet": SUBNET,
        "port": PORT,
        "key": Parent("OS::Nova::KeyPair", {"name": Unique(), "public_key": KEY}),
    },
    updates={
        "name": Unique("{}-other"),
        "metadata": {"b": "2"},
        "tags": ["c"],
        "description": "words",
        "flavor": Given("larger"),
    },
    replaces={
        "image": NOWHERE,
        "scheduler_hints": {"group": NOWHERE},
        "networks": [{"network": Of("net")}],
        "key_name": "other",
        "user_data": "#!/bin/sh\necho other\n",
        "availability_zone": "elsewhere",
        "config_drive": False,
        "admin_pass": Secret("plain-Text-2", "env:PASSWORD", "v2"),
    },
    planned={
        "image": "there is no such image",
        "scheduler_hints": "there is no such group",
        "key_name": "there is no such key",
        "availability_zone": "there is no such zone",
        "networks": "the plan says enough: a server takes its time",
        "user_data": "the plan says enough: a server takes its time",
        "config_drive": "the plan says enough: a server takes its time",
        "admin_pass": "the plan says enough: a server takes its time",
    },
    write=write("compute", "/servers", "server"),
    behind={
        "description": call(
            "compute", "PUT", "/servers/{id}", {"server": {"description": "by hand"}}, version="2.79"
        ),
        "metadata": call("compute", "POST", "/servers/{id}/metadata", {"metadata": {"foreign": "1"}}),
        "tags": call("compute", "PUT", "/servers/{id}/tags", {"tags": ["foreign"]}, version="2.79"),
        "flavor": _resized,
    },
    untried={
        "block_device_mapping_v2": "in place of image",
        "security_groups": "only of ports that are made with the server",
        "user_data_format": "it has one value",
    },
    kept={"name": "without one it is made up at the create"},
)

SAMPLES: Final = (_KEY_PAIR, _SERVER)
