"""Samples of Glance's kind."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Hand, Sample, Unique
from orchestrator.model.marker import is_marker

_PATCH: Final = "application/openstack-images-v2.1-json-patch"


def _patched(hand: Hand) -> None:
    path, value = hand.path, hand.value
    changes: list[dict[str, Any]]
    if path == "extra_properties":
        changes = [{"op": "add", "path": "/own_foreign", "value": "1"}]
    elif path == "tags":
        ours = [t for t in hand.raw.image.get(f"/images/{hand.id}").json()["tags"] if is_marker(t)]
        changes = [{"op": "replace", "path": "/tags", "value": [*ours, "foreign"]}]
    else:
        changes = [{"op": "replace", "path": f"/{path}", "value": value}]
    answer = hand.raw.image.patch(f"/images/{hand.id}", json=changes, headers={"Content-Type": _PATCH})
    answer.raise_for_status()


_WEB_IMAGE = Sample(
    type="OS::Glance::WebImage",
    minimal={"disk_format": "raw", "source": "sample.bin"},
    more={
        "name": Unique(),
        "container_format": "bare",
        "visibility": "private",
        "min_disk": 1,
        "min_ram": 64,
        "extra_properties": {"os_distro": "other", "own_gone": "x"},
        "tags": ["b", "a"],
    },
    updates={
        "name": Unique("{}-other"),
        "visibility": "community",
        "os_hidden": True,
        "min_disk": 2,
        "min_ram": 128,
        "extra_properties": {"os_distro": "arch", "own_more": "1"},
        "tags": ["c"],
    },
    replaces={"disk_format": "qcow2", "container_format": "ovf", "source": "other.bin"},
    planned={
        "disk_format": "the data is what it is",
        "container_format": "the data is what it is",
    },
    write=_patched,
    behind={"extra_properties": _patched, "tags": _patched},
    untried={
        "protected": "nobody could delete it again",
        "location": "in place of a file; the cloud would fetch it",
        "source": "another file is a replacement",
    },
    kept={"name": "without one it is made up at the create"},
)
SAMPLES: Final = (_WEB_IMAGE,)
