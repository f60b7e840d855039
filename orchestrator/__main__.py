"""``python -m orchestrator`` and the ``opsctl`` command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    # A plan makes many small objects that live to its end: looking for cycles among them costs a third of it.
    gc.set_threshold(200_000, 50, 100)
    try:
        from orchestrator.cli.running import run  # noqa: PLC0415 - the import is part of what run time measures
    except (MemoryError, ImportError, OSError, SystemError):  # the last where even the exception had no room
        os.write(2, b"error: opsctl is out of memory before it began\n")
        return 1
    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
