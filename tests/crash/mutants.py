"""Broken opsctls: each takes one promise away, inside the process that is about to become the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.adapters import guarded
from orchestrator.adapters.state_rows import RowsBackend
from orchestrator.adapters.state_sqlite import SqliteBackend
from orchestrator.cli import console
from orchestrator.engine import applying, planning
from orchestrator.engine.reading import Settlement
from orchestrator.model import codec
from orchestrator.model.snapshot import Began, Fold, Settled, Waiting
from orchestrator.model.values import Secret
from providers.local.kinds import command


def without_intents() -> None:
    """Effects are not announced, so invariant 4 is broken."""
    append = SqliteBackend.append

    def silent(self: Any, lease: Any, entries: Any) -> int:
        return append(self, lease, [e for e in entries if not isinstance(e, Began | Waiting)])

    SqliteBackend.append = silent


def without_settling() -> None:
    """An interrupted step is taken for one that came to nothing, so invariant 5 is broken."""

    def careless(snapshot: Any, _workspace: Any) -> Any:
        entries = tuple(Settled(token) for token in snapshot.intents)
        fold = Fold(snapshot)
        for entry in entries:
            fold.add(entry)
        return Settlement(fold.snapshot(), entries)

    planning.settle_all = careless


def without_fencing() -> None:
    """Whoever once held the stack goes on writing, so invariant 6 is broken."""

    def own(_self: Any, rows: Any, _lease: Any) -> Any:
        return replace(rows.head(), held=True)

    RowsBackend._own = own


def crashing() -> None:
    """It falls over in the middle of an apply, with every secret in its last words."""

    def fall(planned: Any, *_more: Any, **_named: Any) -> Any:
        secrets = planned.situation.around.secret.__self__
        raise RuntimeError(f"all I know: {json.dumps({r: s.value for r, s in secrets.items()})}")

    applying._carry_out = fall


def leaking_state() -> None:
    """A secret is written with its value."""
    plain = codec._plain_leaf

    def careless(value: Any) -> Any:
        written = plain(value)
        if isinstance(value, Secret):
            written["$secret"]["version"] += f" {value.value}"
        return written

    codec._plain_leaf = careless


def leaking_words() -> None:
    """What others say is repeated as it is."""
    guarded.redacted = command._hide = console.redacted = lambda text, _: text


MUTANTS: Final[Mapping[str, Callable[[], None]]] = {
    "": lambda: None,
    "without-intents": without_intents,
    "without-settling": without_settling,
    "without-fencing": without_fencing,
    "crashing": crashing,
    "leaking-state": leaking_state,
    "leaking-words": leaking_words,
}
