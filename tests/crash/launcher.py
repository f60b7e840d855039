"""Runs the command line in forked children of a process that has imported everything already.

A run of opsctl spends most of its time with imports; thousands of kills need thousands of runs. What runs in the
child is `orchestrator.__main__.main`, as in the real command, and `kill -9` is the kernel's own. In: a JSON line a
run on standard input; it may name a mutant, and how much faster time is to pass for whoever waits. Out: a line with
its pid, and one with how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from types import SimpleNamespace
from typing import Any

from orchestrator.__main__ import main as opsctl
from orchestrator.adapters.system_clock import SystemClock
from providers.openstack import provider as openstack
from tests.crash.mutants import MUTANTS
from tests.crash.warmth import warm_up


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
    MUTANTS[order["mutant"]]()
    if order["faster"] != 1:
        hurry(order["faster"])
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
    warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(run(order))
        say({"pid": child})
        say(watch(child, order.get("kill_after")))


def say(what: dict[str, Any]) -> None:
    """One line of output."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
