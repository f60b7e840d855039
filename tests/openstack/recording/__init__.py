"""What the real cloud answers to the calls that the simulator claims to know, recorded and compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.openstack.recording import (
    administration_walk,
    balancing_walk,
    core_walk,
    data_walk,
    identity_walk,
    network_walk,
    quality_walk,
    quota_walk,
    storage_walk,
)
from tests.openstack.recording.recorder import MISSED, Recorder

FOLDER = Path(__file__).parents[3] / "providers" / "openstack" / "sandbox" / "recorded"
WALKS: Mapping[str, tuple[str, Callable[[Recorder], None]]] = {
    "core": ("member", core_walk.walk),
    "network": ("member", network_walk.walk),
    "quality": ("admin", quality_walk.walk),
    "balancing": ("member", balancing_walk.walk),
    "quota": ("admin", quota_walk.walk),
    "identity": ("admin", identity_walk.walk),
    "administration": ("admin", administration_walk.walk),
    "storage": ("admin", storage_walk.walk),
    "images": ("member", data_walk.images),
    "objects": ("member", data_walk.objects),
    "snapshots": ("member", storage_walk.snapshots),
}
"""By name: in which role the calls are made, and the calls."""


def recorded(name: str) -> dict[str, Any]:
    """What the real cloud answered, by label."""
    return dict(json.loads((FOLDER / f"{name}.json").read_text("utf-8")))


def write(name: str, seen: Mapping[str, Any]) -> None:
    """Keep what was answered, one call a line, so that a change of the cloud is a change of lines."""
    lines = [f"{json.dumps(label)}: {json.dumps(call, sort_keys=True)}" for label, call in seen.items()]
    (FOLDER / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def walked(name: str, recorder: Recorder) -> dict[str, Any]:
    """Make the calls of a walk, and give what came back, as a file has it."""
    WALKS[name][1](recorder)
    return dict(json.loads(json.dumps(recorder.seen)))


def differences(want: Mapping[str, Any], have: Mapping[str, Any]) -> list[str]:
    """Say where two recordings differ; what the second one missed is no difference."""
    return [
        f"{label}\n   real: {want.get(label)}\n   here: {have.get(label)}"
        for label in dict.fromkeys([*want, *have])
        if have.get(label) not in (want.get(label), MISSED)
    ]


def missed(seen: Mapping[str, Any]) -> list[str]:
    """The labels of states that had passed before they were asked for."""
    return [label for label, call in seen.items() if call == MISSED]
