"""``python -m orchestrator`` and the ``opsctl`` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns the exit code."""
    sys.stderr.write("opsctl: no commands yet\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
