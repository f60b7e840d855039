"""The journal is the truth: whatever is appended and compacted when, a backend holds the fold of all entries."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.state_sqlite import open_backend
from orchestrator.kit.object_log import ObjectLog
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.change import Action
from orchestrator.model.ids import Address, ProviderName, Token, TypeName, Uid
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Intent
from orchestrator.model.snapshot import (
    Began,
    Deposed,
    Entry,
    Finished,
    Fold,
    Gone,
    Kept,
    Outputs,
    Record,
    Settled,
    Snapshot,
    Started,
    Waiting,
)
from orchestrator.model.snapshot_invariants import broken
from orchestrator.model.values import Secret
from orchestrator.seams.state import Holder, StateBackend
from orchestrator.testing.object_store import MemoryStore
from orchestrator.testing.state_conformance import STACK

NAMES = st.sampled_from(["net", 'web["a"]', 'web["ä/b"]', "db/server"]).map(Address)
UIDS = st.sampled_from(["u1", "u2", "u3"]).map(Uid)
TOKENS = st.sampled_from(["t1", "t2", "t3"]).map(Token)
LEAVES = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.just(Secret(None, "env:P", "1")))
SPECS = st.dictionaries(
    st.sampled_from(["a", "$secret", ""]), st.one_of(LEAVES, st.lists(LEAVES, max_size=2)), max_size=2
)
RECORDS = st.builds(
    Record,
    NAMES,
    st.just(TypeName("T")),
    st.just(ProviderName("aws.eu")),
    st.text(min_size=1, max_size=3),
    UIDS,
    SPECS,
)
INTENTS = st.builds(
    lambda token, name, uid, spec: Intent(
        token, Action.CREATE, TypeName("T"), name, "aws.eu", Marker(STACK, name, uid), spec
    ),
    TOKENS,
    NAMES,
    UIDS,
    SPECS,
)
ENTRIES = st.one_of(
    st.builds(Began, INTENTS),
    st.builds(Waiting, TOKENS, SPECS, st.one_of(st.none(), st.just("i-1"))),
    st.builds(Kept, RECORDS, st.one_of(st.none(), TOKENS)),
    st.builds(Deposed, RECORDS),
    st.builds(Gone, NAMES, UIDS, st.one_of(st.none(), TOKENS)),
    st.builds(Settled, TOKENS),
    st.builds(Started, st.just("run"), st.just("me"), st.just("apply"), st.just(1.5)),
    st.builds(Finished, st.just("run"), st.just(2.5), st.just("done"), st.just({"create": 1})),
    st.builds(Outputs, SPECS),
)
BATCHES = st.lists(
    st.tuples(st.lists(ENTRIES, max_size=4), st.sampled_from(["go on", "compact", "hand over"]))
)
Open = Callable[[], StateBackend]


class Clock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def sqlite(folder: Path) -> Open:
    return lambda: open_backend({}, stack=STACK, folder=folder, clock=Clock(), cipher=PLAIN)


def objects(folder: Path) -> Open:
    store = MemoryStore()
    return lambda: ObjectLog(store, STACK, Clock(), PLAIN)


def valid(entries: list[Entry], fold: Fold) -> list[Entry]:
    """Those that can follow: nobody waits for an intent that was never begun, and the snapshot stays sound."""
    kept = []
    for entry in entries:
        if isinstance(entry, Waiting) and entry.token not in fold.intents:
            continue
        after = Fold(fold.snapshot())
        after.add(entry)
        if not list(broken(after.snapshot())):
            fold.add(entry)
            kept.append(entry)
    return kept


@pytest.mark.parametrize("place", [sqlite, objects])
@given(batches=BATCHES)
@settings(deadline=None, max_examples=60)
def test_a_backend_holds_the_fold_of_all_entries(place, batches):
    """With compactions and changes of hands at any point; and history tells every entry in order."""
    with tempfile.TemporaryDirectory() as folder:
        opened = place(Path(folder))
        backend = opened()
        lease = backend.lease(Holder("me"))
        fold, written = Fold(Snapshot(STACK)), []
        for entries, then in batches:
            written += valid(entries, fold)
            assert backend.append(lease, written[backend.latest().sequence :]) == fold.sequence
            if then == "compact":
                assert backend.compact(lease) == fold.snapshot()
            if then == "hand over":
                backend.release(lease)
                backend.close()
                backend = opened()
                lease = backend.lease(Holder("you"))
            assert backend.latest() == fold.snapshot()
        assert [logged.entry for logged in backend.history(10_000)] == written
        backend.close()
        reader = opened()
        assert reader.latest() == fold.snapshot()
        reader.close()
