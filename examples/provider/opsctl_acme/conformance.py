"""A sample of each kind, and how somebody changes one by hand, past the provider."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.kit.sample import Conformance, Hand, Sample, Unique


def _connect(settings: Mapping[str, Any], _folder: Path) -> str:
    """The vendor's own client; here the address is enough."""
    return str(settings["endpoint"])


def _by_hand(hand: Hand) -> None:
    """Set one property. Labels are written whole, and ours stay among them."""
    url = f"{hand.raw}/boxes/{hand.id}"
    value = hand.value
    if hand.path == "labels":
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - the sandbox's own address
            there = json.load(answer)["labels"]
        value = {**{k: v for k, v in there.items() if k.startswith("opsctl:")}, **value}
    body = json.dumps({hand.path: value}).encode()
    asked = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="PATCH")  # noqa: S310
    with urllib.request.urlopen(asked):  # noqa: S310
        pass


BOX = Sample(
    type="Acme::Box",
    minimal={"name": Unique()},
    more={"size": 2, "colour": "red", "labels": {"a": "b"}},
    updates={"name": Unique("{}-other"), "size": 3, "labels": {"c": "d"}},
    replaces={"colour": "blue"},
    write=_by_hand,
)
CONFORMANCE = Conformance(samples=(BOX,), connect=_connect, paged={"page": 2})
