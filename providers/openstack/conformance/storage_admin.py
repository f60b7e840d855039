"""Samples of Cinder's kinds beside volumes: snapshots, and what administrators keep."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Given, Hand, Of, Parent, Sample, Unique
from providers.openstack.conformance.compute_admin import PROJECT
from providers.openstack.conformance.hands import NOWHERE, call, setting, write


def _give_access(hand: Hand) -> None:
    whom = hand.raw.identity.find_project(hand.value[0]).id
    body = {"addProjectAccess": {"project": whom}}
    hand.raw.block_storage.post(f"/types/{hand.id}/action", json=body).raise_for_status()


def _other_limits(hand: Hand) -> None:
    for verb, key in (("disassociate", hand.seen.spec["qos_specs"]), ("associate", hand.value)):
        if key:
            path = f"/qos-specs/{key}/{verb}?vol_type_id={hand.id}"
            hand.raw.block_storage.get(path).raise_for_status()


_TYPE = Sample(
    type="OS::Cinder::VolumeType",
    minimal={"name": Unique(), "is_public": False},
    more={
        "description": "fast",
        "metadata": {"own:tier": "1", "own:gone": "x"},
        "projects": [Of("project")],
        "qos_specs": Of("limits"),
    },
    parents={
        "project": PROJECT,
        "limits": Parent("OS::Cinder::QoSSpecs", {"name": Unique("{}-q"), "specs": {"a": "1"}}),
        "others": Parent("OS::Cinder::QoSSpecs", {"name": Unique("{}-r"), "specs": {"a": "2"}}),
    },
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "metadata": {"own:tier": "2", "own:more": "3"},
        "projects": [Given("project")],
        "qos_specs": Of("others"),
    },
    behind={
        "name": setting(
            "block_storage", "PUT", "/types", "volume_type", name="renamed-by-hand", is_public=False
        ),
        "description": setting(
            "block_storage", "PUT", "/types", "volume_type", description="x", is_public=False
        ),
        "metadata": call("block_storage", "POST", "/types/{id}/extra_specs", {"extra_specs": {"own:x": "9"}}),
        "projects": _give_access,
        "qos_specs": _other_limits,
    },
    untried={"is_public": "a public one takes no projects"},
)
_QOS = Sample(
    type="OS::Cinder::QoSSpecs",
    minimal={"name": Unique()},
    more={"specs": {"total_iops_sec": "100", "gone": "1"}, "consumer": "front-end"},
    updates={"specs": {"total_iops_sec": "9", "total_bytes_sec": "9"}, "consumer": "both"},
    replaces={"name": Unique("{}-other")},
    behind={
        "specs": setting("block_storage", "PUT", "/qos-specs", "qos_specs", x="1"),
        "consumer": setting("block_storage", "PUT", "/qos-specs", "qos_specs", consumer="both"),
    },
)
_SNAPSHOT = Sample(
    type="OS::Cinder::Snapshot",
    minimal={"volume_id": Of("volume")},
    more={"name": Unique(), "description": "for data", "metadata": {"a": "1"}, "force": True},
    parents={"volume": Parent("OS::Cinder::Volume", {"name": Unique(), "size": 1})},
    updates={"name": Unique("{}-other"), "description": "words", "metadata": {"b": "2"}},
    replaces={"volume_id": NOWHERE, "force": False},
    planned={
        "volume_id": "there is no such volume",
        "force": "the plan says enough: it is only how it is made",
    },
    write=write("block_storage", "/snapshots", "snapshot"),
    behind={
        "metadata": call("block_storage", "POST", "/snapshots/{id}/metadata", {"metadata": {"foreign": "1"}})
    },
    kept={"name": "without one it is made up at the create"},
)
SAMPLES: Final = (_TYPE, _QOS, _SNAPSHOT)
