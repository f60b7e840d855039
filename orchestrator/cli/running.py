"""From arguments to an exit code: every way in which a command can end, and nothing that escapes as a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from orchestrator.cli.console import Console
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.errors import OpsctlError, ProviderError


def run(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run one command. Returns its exit code."""
    console = Console(sys.stdout, sys.stderr, os.environ if environ is None else environ)
    code = 1
    try:
        with console.interrupts:
            code = _command(arguments, console)
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        code = 1
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line and a report, never a traceback
        code = _crashed(error, arguments, console)
    return code if _written() else 1


def _command(arguments: Sequence[str], console: Console) -> int:
    from orchestrator.cli.app import UsageError, invoke  # noqa: PLC0415 - so that its cost is measured here

    try:
        return invoke(arguments, console)
    except UsageError as error:
        return console.failed([Diagnostic(str(error), hint=error.hint)], 1)
    except OpsctlError as error:
        return console.failed(list(error.diagnostics) or [_diagnostic(str(error))], error.exit_code)
    except ProviderError as error:
        return console.failed([_diagnostic(str(error))], 1)
    except BrokenPipeError:
        raise
    except OSError as error:
        return console.failed([Diagnostic(_told(error))], 1)


def _diagnostic(message: str) -> Diagnostic:
    """An error's message; what stands behind a line ``hint:`` is the hint."""
    what, _, hint = message.partition("\nhint: ")
    return Diagnostic(what or "it failed, and says nothing", hint=hint)


def _told(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _crashed(error: Exception, arguments: Sequence[str], console: Console) -> int:
    from orchestrator.cli.crash import redacted, report  # noqa: PLC0415 - lazy: needed once in a lifetime, we hope

    path = report(error, arguments, console.environ, console.secrets())
    where = f"\na report is in {path} (secrets are left out); please attach it" if path else ""
    line = (str(error) or type(error).__name__).splitlines()[0]
    first = redacted(line, console.environ, console.secrets())
    said = f"this is a mistake in opsctl, not in your files: {type(error).__name__}: {first}{where}"
    return console.failed([Diagnostic(said)], 1)


def _written() -> bool:
    """Whether the result reached its reader. Where that went away, Python's own flush at exit must not complain."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, sys.stdout.fileno())
        os.close(sink)
        return False
    return True
