"""A process that is killed at any moment loses nothing that it was told is durable, and leaves nothing half done."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.model.errors import LockHeldError
from orchestrator.model.snapshot import Fold, Snapshot
from orchestrator.seams.state import StateBackend
from orchestrator.testing.state_conformance import ALICE, BOB, STACK, kept, lease_after_expiry

BATCH = 3
APPENDER = """
import json, sys, time
from importlib import import_module
from pathlib import Path
from orchestrator.kit.sealed import PLAIN
from orchestrator.seams.state import Holder
from orchestrator.testing.state_conformance import STACK, kept, lease_after_expiry

module, settings, folder, ttl, pause = json.loads(sys.argv[1])
class Clock:
    now, monotonic = staticmethod(time.time), staticmethod(time.monotonic)
backend = import_module(module).open_backend(settings, stack=STACK, folder=Path(folder), clock=Clock(), cipher=PLAIN)
lease = lease_after_expiry(backend, Holder("appender"), 30, lasting=ttl)
last = backend.latest().sequence
print(last, flush=True)
while True:
    last = backend.append(lease, [kept(f"r{n % 50}", value=n) for n in range(last + 1, last + 4)])
    print(last, flush=True)
    time.sleep(pause)
    if last % 21 == 0:
        backend.compact(lease)
"""
Start = Callable[[], subprocess.Popen[str]]


def starter(
    module: str,
    settings: dict[str, str],
    folder: Path,
    ttl: float,
    *,
    pause: float = 0,
    errors: int | None = None,
) -> Start:
    argument = json.dumps([module, settings, str(folder), ttl, pause])
    command = [sys.executable, "-c", APPENDER, argument]
    return lambda: subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)


def kill_after(child: subprocess.Popen[str], seconds: float) -> int:
    """Kill it that long after it has the lease; the last sequence number that it was told."""
    acknowledged = [child.stdout.readline()]
    time.sleep(seconds)
    child.kill()
    acknowledged += child.stdout.read().splitlines()
    child.stdout.close()
    child.wait()
    return int([line for line in acknowledged if line.strip()][-1])


def check(backend: StateBackend, acknowledged: int) -> None:
    """All of it is there, in whole batches, each entry as it was written, and the state is their fold."""
    history = backend.history(1_000_000)
    assert len(history) >= acknowledged
    assert len(history) % BATCH == 0
    assert [entry.sequence for entry in history] == list(range(1, len(history) + 1))
    fold = Fold(Snapshot(STACK))
    for logged in history:
        assert logged.entry == kept(f"r{logged.sequence % 50}", value=logged.sequence)
        fold.add(logged.entry)
    read = backend.latest()
    assert (read.sequence, read.resources) == (fold.sequence, fold.resources)


def test_kill_9_at_random_moments_on_sqlite(sqlite_storage):
    """Nobody waits for the dead one's lease: the operating system knows that its process is gone."""
    start = starter("orchestrator.adapters.state_sqlite", {}, sqlite_storage.folder, 3600)
    rng, last = random.Random(3), 0
    for _ in range(10):
        acknowledged = kill_after(start(), rng.uniform(0, 0.08))
        assert acknowledged >= last
        check(sqlite_storage.open(), acknowledged)
        last = acknowledged
    backend = sqlite_storage.open()
    assert backend.holder() is not None
    assert backend.append(backend.lease(BOB), [kept("after")]) > last


def test_kill_9_at_random_moments_on_s3(s3_storage, s3_settings, tmp_path):
    """The dead one's lease is taken over when its time has passed without a sign of life."""
    start = starter("providers.aws.backend", s3_settings, tmp_path, 0.4)
    rng, last = random.Random(4), 0
    for _ in range(3):
        acknowledged = kill_after(start(), rng.uniform(0, 0.3))
        assert acknowledged >= last
        check(s3_storage.open(), acknowledged)
        last = acknowledged
    backend = s3_storage.open()
    assert backend.append(lease_after_expiry(backend, BOB, 0.4), [kept("after")]) > last


def test_a_living_process_is_not_taken_for_dead(sqlite_storage):
    """Its lock stands for it, and a contender is told who it is."""
    child = starter("orchestrator.adapters.state_sqlite", {}, sqlite_storage.folder, 30)()
    try:
        child.stdout.readline()
        with pytest.raises(LockHeldError, match=r"held by appender\n.*opsctl state unlock"):
            sqlite_storage.open().lease(ALICE)
    finally:
        kill_after(child, 0)


@pytest.mark.parametrize("place", ["sqlite", "s3"])
def test_a_stopped_owner_is_fenced_off_when_it_wakes(place, request, tmp_path):
    """It is stopped past its lease and another takes the stack; its next write is refused, and it ends."""
    storage = request.getfixturevalue(f"{place}_storage")
    if place == "sqlite":
        module, settings, folder = "orchestrator.adapters.state_sqlite", {}, storage.folder
    else:
        module, settings, folder = "providers.aws.backend", storage.settings, tmp_path
    child = starter(module, settings, folder, 1.0, pause=1.5, errors=subprocess.PIPE)()
    try:
        assert [child.stdout.readline() for _ in range(2)] == ["0\n", "3\n"]
        child.send_signal(signal.SIGSTOP)
        backend = storage.open()
        lease = lease_after_expiry(backend, BOB, 1.0)
        assert backend.append(lease, [kept("bobs")]) == 4
        child.send_signal(signal.SIGCONT)
        _, errors = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    assert "LeaseLostError" in errors
    assert "taken over by bob@two" in errors
    assert storage.open().latest().sequence == 4
    assert backend.append(lease, [kept("more")]) == 5
