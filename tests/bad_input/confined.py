"""Run opsctl in poor surroundings: ``python confined.py [--SETTING=N …] -- ARGUMENTS``.

A process of its own, so that nothing of it reaches the tests: limits of files and memory, and root without the
right to write where permissions forbid it (for anybody else they bind already).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

_DROP = 24  # PR_CAPBSET_DROP, of <linux/prctl.h>
_OVERRIDES = (1, 2, 3)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, of <linux/capability.h>


def confine(setting: str, value: int) -> None:
    """Put one limit on this process and what it becomes."""
    match setting:
        case "file-size":
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write fails instead, as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (value, value))
        case "memory":
            resource.setrlimit(resource.RLIMIT_AS, (value, value))
        case "files":
            resource.setrlimit(resource.RLIMIT_NOFILE, (value, value))
        case "bound":
            for capability in _OVERRIDES:
                ctypes.CDLL(None).prctl(_DROP, capability, 0, 0, 0)
        case "close":
            os.close(value)
        case _:
            raise ValueError(setting)


if __name__ == "__main__":
    split = sys.argv.index("--")
    for argument in sys.argv[1:split]:
        name, _, number = argument.removeprefix("--").partition("=")
        confine(name, int(number or 0))
    os.execv(sys.executable, [sys.executable, "-m", "orchestrator", *sys.argv[split + 1 :]])  # noqa: S606 - the command under test
