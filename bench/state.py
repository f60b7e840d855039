"""The state's figures: entries made durable in SQLite, a large state opened, a dead owner's stack taken over.

Prints Markdown, and ends with 1 where a figure is missed. Wall seconds, but for opening, whose figure is CPU.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.adapters.keys_local import open_file
from orchestrator.adapters.state_sqlite import SqliteBackend, open_backend
from orchestrator.adapters.system_clock import SystemClock
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.errors import LockHeldError
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.keys import KeyContext
from orchestrator.seams.state import Holder
from orchestrator.testing.state_conformance import BOB, STACK, begun, kept

ENTRIES, RESOURCES, BATCH, TTL = 10_000, 10_000, 16, 3.0
OPEN = """
import sys, time
from pathlib import Path
from orchestrator.adapters.cipher_aes import AesCipher, Keys
from orchestrator.adapters.keys_local import open_file
from orchestrator.adapters.state_sqlite import open_backend
from orchestrator.adapters.system_clock import SystemClock
from orchestrator.kit.sealed import PLAIN
from orchestrator.testing.state_conformance import STACK
backend = open_backend({}, stack=STACK, folder=Path(sys.argv[1]), clock=SystemClock(), cipher=PLAIN)
began = time.process_time()
assert len(backend.latest().resources) == int(sys.argv[2])
print(time.process_time() - began)
"""


def opened(folder: Path, cipher: Cipher = PLAIN) -> SqliteBackend:
    """A state of its own."""
    return open_backend({}, stack=STACK, folder=folder, clock=SystemClock(), cipher=cipher)


def appending(folder: Path, cipher: Cipher = PLAIN) -> float:
    """An intent and its end for each resource, in batches of as many as a run of sixteen threads collects."""
    backend = opened(folder, cipher)
    lease = backend.lease(BOB)
    entries = [
        entry
        for number in range(ENTRIES // 2)
        for entry in (begun(f"r{number}", f"t{number}"), kept(f"r{number}", f"t{number}"))
    ]
    began = time.perf_counter()
    for start in range(0, len(entries), BATCH):
        backend.append(lease, entries[start : start + BATCH])
    spent = time.perf_counter() - began
    backend.close()
    return spent


def opening(folder: Path) -> float:
    """CPU seconds of a new process for the whole state, compacted; the best of five."""
    backend = opened(folder)
    lease = backend.lease(BOB)
    backend.append(lease, [kept(f"r{number}", value={"size": number}) for number in range(RESOURCES)])
    backend.compact(lease)
    backend.release(lease)
    backend.close()
    command = [sys.executable, "-c", OPEN, str(folder), str(RESOURCES)]
    return min(
        float(subprocess.run(command, capture_output=True, check=True, text=True).stdout) for _ in range(5)
    )


def taking_over(folder: Path) -> float:
    """Seconds from a stopped owner's last sign of life until its stack is another's, beyond its lease's time."""
    old, new = opened(folder), opened(folder)
    old.lease(Holder("old"), ttl=TTL)
    began = time.perf_counter()
    old._stop_renewing()  # noqa: SLF001 - as a stopped process does
    while True:
        try:
            new.lease(BOB)
        except LockHeldError:
            time.sleep(0.1)
        else:
            break
    spent = time.perf_counter() - began - TTL
    old.close()
    new.close()
    return max(0.0, spent)


def sealing(folder: Path) -> tuple[float, float]:
    """A sealed state against the same one in plain text, written and read again: its size, and the CPU seconds."""
    key = folder / "state.key"
    key.touch(0o600)
    key.write_bytes(os.urandom(32))
    sealed = AesCipher(STACK, Keys(open_file(str(key), KeyContext(folder, lambda _: b""))))
    found = []
    for name, cipher in (("plain", PLAIN), ("sealed", sealed)):
        began = time.process_time()
        appending(folder / name, cipher)
        reader = opened(folder / name, cipher)
        lease = reader.lease(BOB)
        reader.compact(lease)
        reader.release(lease)
        reader.close()
        spent = time.process_time() - began
        found.append((sum(p.stat().st_size for p in (folder / name / ".opsctl").iterdir()), spent))
    (plain_size, plain_spent), (sealed_size, sealed_spent) = found
    return sealed_size / plain_size, sealed_spent / plain_spent


def main() -> int:
    """Measure, print, and tell what is missed."""
    figures: tuple[tuple[str, Callable[[Path], float], float], ...] = (
        (f"{ENTRIES:,} entries made durable, {BATCH} an append (s)", appending, 10.0),
        (f"a state of {RESOURCES:,} resources opened (CPU s)", opening, 0.3),
        ("a stopped owner's stack taken over: seconds beyond its lease", taking_over, 5.0),
    )
    print("| what | measured | at most |\n|---|--:|--:|")
    missed = 0
    for what, measure, most in figures:
        with tempfile.TemporaryDirectory() as place:
            found = measure(Path(place))
        print(f"| {what} | {found:.2f} | {most:g} |")
        missed += found > most
    with tempfile.TemporaryDirectory() as place:
        ratios = sealing(Path(place))
    for what, found, most in zip(("size", "CPU"), ratios, (1.2, 3.0), strict=True):
        print(f"| a sealed state against the plain one: {what} | {found:.2f} | {most:g} |")
        missed += found > most
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
