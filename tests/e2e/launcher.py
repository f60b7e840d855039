"""Runs the command line in forked children of a process that has imported everything already.

A run of opsctl spends most of its time with imports; fifty kills need hundreds of runs. What runs in the child is
`orchestrator.__main__.main`, as in the real command, and `kill -9` is the kernel's own. In: a JSON line a run on
standard input. Out: a JSON line with how it ended. The first argument may name a mutant.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import time
from typing import Any

import orchestrator
import providers
from orchestrator.__main__ import main as opsctl
from orchestrator.adapters import guarded
from orchestrator.adapters.state_sqlite import SqliteBackend
from orchestrator.bootstrap import catalogue
from orchestrator.cli import console
from orchestrator.engine import applying, planning
from orchestrator.model import codec
from orchestrator.model.snapshot import Began, Fold, Settled, Waiting
from orchestrator.model.values import Secret
from providers.local.kinds import command

LEFT_OUT = {"sandbox", "simulation", "testing", "__main__", "compile_schemas"}


def without_intents() -> None:
    """A mutant: effects are not announced, so invariant 4 is broken."""
    append = SqliteBackend.append

    def silent(self: Any, lease: Any, entries: Any) -> int:
        return append(self, lease, [e for e in entries if not isinstance(e, Began | Waiting)])

    SqliteBackend.append = silent


def without_settling() -> None:
    """A mutant: an interrupted step is taken for one that came to nothing, so invariant 5 is broken."""

    def careless(snapshot: Any, _workspace: Any) -> Any:
        entries = [Settled(token) for token in snapshot.intents]
        fold = Fold(snapshot)
        for entry in entries:
            fold.add(entry)
        return fold.snapshot(), entries, {}

    planning.settle_all = careless


def crashing() -> None:
    """A mutant: it falls over in the middle of an apply, with every secret in its last words."""

    def fall(planned: Any, *_more: Any, **_named: Any) -> Any:
        secrets = planned.situation.around.secret.__self__
        raise RuntimeError(f"all I know: {json.dumps({r: s.value for r, s in secrets.items()})}")

    applying._carry_out = fall


def leaking_state() -> None:
    """A mutant: a secret is written with its value."""
    plain = codec._plain_leaf

    def careless(value: Any) -> Any:
        written = plain(value)
        if isinstance(value, Secret):
            written["$secret"]["version"] += f" {value.value}"
        return written

    codec._plain_leaf = careless


def leaking_words() -> None:
    """A mutant: what others say is repeated as it is."""
    guarded.redacted = command._hide = console.redacted = lambda text, _: text


MUTANTS = {
    "": lambda: None,
    "without-intents": without_intents,
    "without-settling": without_settling,
    "crashing": crashing,
    "leaking-state": leaking_state,
    "leaking-words": leaking_words,
}


def run(order: dict[str, Any]) -> int:
    """In the child: become the command, with nothing of the launcher left."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, source in ((0, nothing), (1, log), (2, log)):
        os.dup2(source, number)
    sys.argv = ["opsctl", *order["arguments"]]
    try:
        return opsctl()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def watch(child: int, seconds: float | None) -> dict[str, Any]:
    """Wait for the end of a child, and kill it when its time has passed."""
    started = time.monotonic()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG if seconds is not None else 0)
        spent = time.monotonic() - started
        if ended:
            return {"code": os.waitstatus_to_exitcode(status), "seconds": spent}
        if seconds is not None and spent >= seconds:
            os.kill(child, signal.SIGKILL)
            seconds = None
        time.sleep(0.001)


def main() -> None:
    """Import what a run on three clouds needs, then run what is ordered."""
    for name in (
        "azure.core.rest",
        "azure.mgmt.core",
        "boto3.session",
        "botocore.handlers",
        "openstack.connection",
    ):
        importlib.import_module(name)
    for package in (orchestrator, providers):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not LEFT_OUT & set(found.name.split(".")):
                importlib.import_module(found.name)
    types = catalogue()
    for name in types.types():
        types.kind(name)
    MUTANTS[sys.argv[1] if len(sys.argv) > 1 else ""]()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(run(order))
        sys.stdout.write(json.dumps(watch(child, order.get("kill_after"))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
