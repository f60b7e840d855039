"""From arguments to an exit code: every way in which a command can end, and nothing that escapes as a traceback."""

from __future__ import annotations

import errno
import os
import traceback
from collections.abc import Mapping, Sequence
from typing import Final

from orchestrator.cli import streams
from orchestrator.cli.console import Console
from orchestrator.cli.interrupts import grace_of
from orchestrator.cli.streams import ResultLostError
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.errors import OpsctlError, ProviderError

_NO_MEMORY: Final = (
    "opsctl is out of memory; what was done is recorded, and what was under way is settled by the next run"
)


def run(arguments: Sequence[str], environ: Mapping[str, str] | None = None) -> int:
    """Run one command. Returns its exit code."""
    out, err = streams.opened()
    console = Console(out, err, os.environ if environ is None else environ)
    code = 1
    try:
        with console.interrupts:
            code = _ended(arguments, console)
            console.out.flush()
    except KeyboardInterrupt:
        code = 130
    except ResultLostError as error:
        code = 1
        streams.discard(out)
        if not error.pipe:
            console.diagnostics([Diagnostic(str(error))])
    streams.settle(err)
    return code


def _ended(arguments: Sequence[str], console: Console) -> int:
    """The exit code of a command, after whatever is to be told about its end."""
    try:
        return _command(arguments, console)
    except ResultLostError:
        raise
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Exception as error:  # noqa: BLE001 - the last line of defence: one line and a report, never a traceback
        try:
            if _no_memory(error):
                return _out_of_memory(error, console)
            return _crashed(error, arguments, console)
        except (MemoryError, ImportError, SystemError):
            console.last_words(f"error: {_NO_MEMORY}")
            return 1


def _command(arguments: Sequence[str], console: Console) -> int:
    from orchestrator.cli.app import UsageError, invoke  # noqa: PLC0415 - so that its cost is measured here

    try:
        console.interrupts.grace = grace_of(console.environ, interactive=console.interactive)
        return invoke(arguments, console)
    except UsageError as error:
        return console.failed([Diagnostic(str(error), hint=error.hint)], 1)
    except (OpsctlError, ProviderError) as error:
        if _no_memory(error):
            raise
        if isinstance(error, ProviderError):
            return console.failed([_diagnostic(str(error))], 1)
        return console.failed(list(error.diagnostics) or [_diagnostic(str(error))], error.exit_code)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise
        return console.failed([Diagnostic(_told(error))], 1)


def _diagnostic(message: str) -> Diagnostic:
    """An error's message; what stands behind a line ``hint:`` is the hint."""
    what, _, hint = message.partition("\nhint: ")
    return Diagnostic(what or "it failed, and says nothing", hint=hint)


def _told(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def _no_memory(error: BaseException) -> bool:
    """Whether memory ran out, here or in a cause. An error that was raised again may be its own cause."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        if _is_no_memory(each):
            return True
        seen.add(id(each))
        each = each.__cause__
    return False


def _is_no_memory(error: BaseException) -> bool:
    """Memory ran out, also where that shows as a library that cannot be loaded."""
    match error:
        case MemoryError():
            return True
        case OSError(errno=errno.ENOMEM):
            return True
        case ImportError():
            said = str(error)
            return "failed to map segment" in said or "annot allocate memory" in said
        case SystemError():  # what CPython says where even the exception could not be made
            return "without exception set" in str(error)
        case RuntimeError():
            return "can't start new thread" in str(error)
        case _:
            return False


def _out_of_memory(error: BaseException, console: Console) -> int:
    each: BaseException | None = error
    while each is not None:  # what the frames hold is what we need now
        traceback.clear_frames(each.__traceback__)
        each = each.__context__  # never a cycle: Python itself breaks it
    return console.failed([Diagnostic(_NO_MEMORY, hint="give it more memory and run it again")], 1)


def _crashed(error: Exception, arguments: Sequence[str], console: Console) -> int:
    from orchestrator.cli.crash import redacted, report  # noqa: PLC0415 - lazy: needed once in a lifetime, we hope

    where = report(error, arguments, console.environ, console.secrets())
    line = (str(error) or type(error).__name__).splitlines()[0]
    first = redacted(line, console.environ, console.secrets())
    said = f"this is a mistake in opsctl, not in your files: {type(error).__name__}: {first}\n{where}"
    return console.failed([Diagnostic(said)], 1)
