"""Runs the command line in forked children of a process that has imported everything already.

A run of opsctl spends most of its time with imports; thousands of kills need thousands of runs. What runs in the
child is `orchestrator.__main__.main`, as in the real command, and `kill -9` is the kernel's own. In: a JSON line a
run on standard input. Out: a line with its pid, and one with how it ended. The arguments may name a mutant, how much
faster time is to pass for whoever waits, and how long a lease lasts.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import lru_cache
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.loaders import JSONFileLoader

import orchestrator
import providers
from orchestrator.__main__ import main as opsctl
from orchestrator.adapters import guarded
from orchestrator.adapters.state_sqlite import SqliteBackend
from orchestrator.adapters.system_clock import SystemClock
from orchestrator.bootstrap import catalogue
from orchestrator.cli import console
from orchestrator.engine import applying, planning
from orchestrator.model import codec
from orchestrator.model.snapshot import Began, Fold, Settled, Waiting
from orchestrator.model.values import Secret
from providers.local.kinds import command
from providers.openstack import provider as openstack

STACK = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: warm}\n"
VALUE = 'apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {name: a}\nspec: {value: "${1 + 1}"}\n'
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


def without_fencing() -> None:
    """A mutant: whoever once held the stack goes on writing, so invariant 6 is broken."""

    def own(_self: Any, rows: Any, _lease: Any) -> Any:
        return replace(rows.head(), held=True)

    SqliteBackend._own = own


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
    "without-fencing": without_fencing,
    "crashing": crashing,
    "leaking-state": leaking_state,
    "leaking-words": leaking_words,
}


def hurry(factor: float) -> None:
    """Let time pass faster for whoever waits, as for whoever asks what time it is.

    A simulator that hides what is fresh for a tenth of the time is then as stale as the real cloud may be.
    """
    real, get, begin = time.time, SystemClock.wait, time.time()

    def now() -> float:
        return begin + (real() - begin) * factor

    def wait(self: Any, inbox: Any, seconds: float | None, *, busy: bool) -> Any:
        return get(self, inbox, None if seconds is None else seconds / factor, busy=busy)

    SystemClock.now = lambda _self: now()
    SystemClock.monotonic = lambda _self: time.monotonic() * factor
    SystemClock.wait = wait
    openstack.time = SimpleNamespace(time=now)


def run(order: dict[str, Any]) -> int:
    """In the child: become the command, with nothing of the launcher left."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environ"])
    tempfile.tempdir = None  # looked up anew: the launcher's own choice is not the command's
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
        ended, status, used = os.wait4(child, os.WNOHANG if seconds is not None else 0)
        spent = time.monotonic() - started
        if ended:
            cpu = used.ru_utime + used.ru_stime
            return {"code": os.waitstatus_to_exitcode(status), "seconds": spent, "cpu": cpu}
        if seconds is not None and spent >= seconds:
            os.kill(child, signal.SIGKILL)
            seconds = None
        time.sleep(0.001)


def main() -> None:
    """Import what a run on three clouds needs, then run what is ordered."""
    options = parsed()
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
    warm_up()
    MUTANTS[options.mutant]()
    if options.faster != 1:
        hurry(options.faster)
    if options.ttl:
        SqliteBackend.lease.__kwdefaults__["ttl"] = options.ttl
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(run(order))
        say({"pid": child})
        say(watch(child, order.get("kill_after")))


def warm_up() -> None:
    """Import what a command imports at its first use, and read the models of AWS once for all."""
    JSONFileLoader.load_file = lru_cache(maxsize=None)(JSONFileLoader.load_file)
    keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    for service in ("ec2", "rds", "s3", "sts"):
        boto3.session.Session(**keys).client(service, region_name="eu-west-1")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        os.chdir(folder)
        Path("opsctl.yaml").write_text(STACK)
        Path("value.yaml").write_text(VALUE)
        for command in ("apply --auto-approve", "plan", "plan --output json", "destroy --auto-approve"):
            sys.argv = ["opsctl", *command.split(), "--parallelism", "1"]
            opsctl()
        os.chdir(here)


def parsed() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutant", choices=MUTANTS, default="")
    parser.add_argument("--faster", type=float, default=1)
    parser.add_argument("--ttl", type=float)
    return parser.parse_args()


def say(what: dict[str, Any]) -> None:
    """One line of output."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
