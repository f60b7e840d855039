"""Samples for the conformance suite. Only files are there outside of the state; a hand writes them on the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from orchestrator.kit.sample import Conformance, Hand, Sample, Unique


def _at(hand: Hand) -> Path:
    return Path(hand.raw) / hand.id


def _written(hand: Hand) -> None:
    _at(hand).write_text(str(hand.value), "utf-8")


def _changed_mode(hand: Hand) -> None:
    _at(hand).chmod(int(str(hand.value), 8))


_HANDS: Final[dict[str, Callable[[Hand], None]]] = {"content": _written, "mode": _changed_mode}
_FILE = Sample(
    type="Local::File",
    minimal={"path": Unique("{}.txt"), "content": "hello\n"},
    more={"mode": "0640"},
    updates={"content": "other\n", "mode": "0600"},
    replaces={"path": Unique("{}.other")},
    behind=_HANDS,
    undiscovered="a disk holds files of everybody's",
)
_STATE: Final = "it exists in state alone: there is nothing outside to read, to change or to lose"

CONFORMANCE: Final = Conformance(
    samples=(_FILE,),
    exempt={
        "Local::Value": _STATE,
        "Local::Password": _STATE,
        "Local::Command": "a program that was run cannot be asked whether it was",
    },
)
