"""The two streams of a command, and how it wants its result: standard output is the result, standard error the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO, cast

from orchestrator.cli.interrupts import Interrupts
from orchestrator.cli.render.style import style_of
from orchestrator.cli.streams import Remarks, Results
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.redaction import redacted

if TYPE_CHECKING:
    from orchestrator.cli.render.report import Report


class Output(StrEnum):
    """How a result is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    GITLAB = "gitlab"
    HTML = "html"


class Console:
    """Where a command writes."""

    def __init__(self, out: TextIO, err: TextIO, environ: Mapping[str, str]) -> None:
        self.out = cast("TextIO", Results(out))
        self.err = cast("TextIO", Remarks(err))
        self.environ = environ
        self.output = Output.TEXT
        self.lock_timeout = 0.0
        """Seconds to wait for a stack that another run holds."""
        self.command = "opsctl"
        """The command that runs, as it is typed, without its arguments."""
        self.interrupts = Interrupts(self.alert, self.last_words)
        self.secrets: Callable[[], Sequence[str]] = tuple
        """The values of secrets that are known by now."""
        self.notice: Callable[[str], None] | None = None
        """While lines are redrawn on standard error: how to have one more of them."""
        self.out_style = style_of(out, environ)
        self.err_style = style_of(err, environ)

    def result(self, text: str) -> None:
        """The command's result."""
        self.out.write(text if text.endswith("\n") or not text else f"{text}\n")

    def document(self, make: Callable[[], Mapping[str, Any]]) -> None:
        """The command's result as JSON."""
        from orchestrator.cli.render.json import dump  # noqa: PLC0415 - lazy: only where JSON is asked for

        self.result(dump(make()))

    def report(self, report: Report, richer: Mapping[Output, Callable[[], str]] | None = None) -> None:
        """The command's result in the form that a host of code, or a browser, reads.

        ``richer`` makes those forms for which a command has more to show than its report.
        """
        from orchestrator.cli.render.forms import FORMS  # noqa: PLC0415 - lazy: only where one is asked for

        make = (richer or {}).get(self.output)
        self.result(make() if make else FORMS[self.output](report))

    def say(self, text: str) -> None:
        """Something beside the result."""
        self.out.flush()
        self.err.write(f"{self.err_style.plain(redacted(text, self.secrets()))}\n")
        self.err.flush()

    def alert(self, text: str) -> None:
        """Something from a signal handler: past the streams, whose locks may be held by what it interrupts."""
        if self.notice is not None:
            self.notice(text)
        else:
            self.last_words(text)

    def last_words(self, text: str) -> None:
        """Something from a signal handler before the process is ended: written at once, whatever is drawn."""
        with suppress(OSError, ValueError):
            os.write(self.err.fileno(), f"{text}\n".encode())

    def diagnostics(self, found: Sequence[Diagnostic]) -> None:
        """Warnings and errors, for people."""
        if found:
            from orchestrator.cli.render.diagnostics import render_diagnostics  # noqa: PLC0415 - lazy

            self.say(render_diagnostics(found, self.err_style))

    def failed(self, found: Sequence[Diagnostic], exit_code: int) -> int:
        """End with an error; where the result is for machines, it says so too. Returns the exit code."""
        self.diagnostics(found)
        if self.output is Output.JSON:
            from orchestrator.cli.render.json import problems_document  # noqa: PLC0415 - lazy

            self.document(lambda: problems_document(found, exit_code))
        elif self.output is not Output.TEXT:
            from orchestrator.cli.render.report import failure  # noqa: PLC0415 - lazy

            self.report(failure(self.command, found, exit_code))
        return exit_code

    @property
    def interactive(self) -> bool:
        """Whether somebody is there to be asked."""
        import sys  # noqa: PLC0415 - standard input is looked at only here

        return bool(sys.stdin and sys.stdin.isatty()) and self.err.isatty() and not self.environ.get("CI")

    def confirms(self, question: str, wanted: str = "yes") -> bool:
        """Whether somebody types ``wanted`` when asked."""
        with self.interrupts.plainly():
            self.err.write(self.err_style.paint(question, "bold"))
            self.err.flush()
            return self.answer() == wanted

    def answer(self) -> str:
        """What somebody types, without the spaces around it; empty where nobody is there any more."""
        import sys  # noqa: PLC0415 - standard input is looked at only here

        return sys.stdin.readline().strip()
