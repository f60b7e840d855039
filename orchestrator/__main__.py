"""``python -m orchestrator`` and the ``opsctl`` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    from orchestrator.cli.running import run  # noqa: PLC0415 - the import is part of what run time measures

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
