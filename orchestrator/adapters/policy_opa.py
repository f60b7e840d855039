"""A real OPA server as the policy engine.

Enters: a bundle, then input documents. Leaves: diagnostics, then verdicts. An empty bundle means the policies
that the server has already, from its own bundles. Holds: what we put on the server is removed again; a server that is down, slow, or that answers anything but our query's result denies.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from orchestrator.adapters.policy_builtins import REFUSED
from orchestrator.adapters.policy_metadata import V0_MARK
from orchestrator.adapters.policy_rules import TEST_SUFFIX, Outline, Rule, discover
from orchestrator.adapters.policy_server import (
    Access,
    EvaluationError,
    OpaServer,
    RejectedError,
    ServerError,
    UndefinedError,
    plain_url,
)
from orchestrator.adapters.policy_upload import Entry, Upload, entry_of, rule_lines, upload_of
from orchestrator.model.diagnostic import Diagnostic, Position, Severity
from orchestrator.model.verdict import POLICY_ERROR, Bundle, Effect, Stage, Verdict

_ATTEMPTS: Final = 5
_LEGACY: Final = "legacy Rego runs on a server with --v0-compatible only; the embedded engine accepts it"
_T = TypeVar("_T")


class OpaEngine:
    """Implements PolicyEngine by an OPA server. ``timeout`` is in seconds, for each call."""

    def __init__(self, url: str, timeout: float = 30.0, access: Access | None = None) -> None:
        """Raises InvalidSpecError for an address that is none."""
        self._url = plain_url(url)
        self._timeout = timeout
        self._access = access or Access()
        self._bundle = Bundle()
        self._packages: list[str] = []
        self._rules: list[Rule] = []
        self._broken = ""

    @property
    def name(self) -> str:
        """The server's address."""
        return f"OPA server {self._url}"

    def load(self, bundle: Bundle) -> Sequence[Diagnostic]:
        """Let the server compile the bundle, without its files of Rego tests; or find what it has of its own."""
        modules = {f: t for f, t in bundle.modules.items() if not f.endswith(TEST_SUFFIX)}
        self._bundle, self._packages, self._rules = Bundle(modules, bundle.data), [], []
        found = list(_refusals(modules)) or self._compile(upload_of(self._bundle))
        self._broken = next((d.message for d in found if d.severity is Severity.ERROR), "")
        return found

    def evaluate(self, input: Mapping[str, Any], stage: Stage) -> Sequence[Verdict]:
        """Ask every rule that runs at this stage about one whole input document."""
        if self._broken:
            return (_failed(self._broken),)
        rules = [r for r in self._rules if r.asked_at(stage)]
        if not rules:
            return ()
        upload = upload_of(self._bundle)
        entry = entry_of(upload, self._packages, rules, self._bundle.data)
        try:
            answers = self._with_server(
                upload, entry, lambda server: _ask(server, entry, rules, input, upload)
            )
        except (ServerError, RejectedError) as error:
            return (_failed(str(error)),)
        except UndefinedError:
            return (_failed(f"others remove our policies from the OPA server at {self._url}"),)
        return [
            v for answer, rule in zip(answers, rules, strict=True) for v in _verdicts(rule, answer, stage)
        ]

    def _compile(self, upload: Upload) -> list[Diagnostic]:
        try:
            outlines = self._with_server(upload, None, lambda server: _outlines(server, upload))
        except RejectedError as error:
            found = [_diagnostic(upload, e) for e in error.errors]
            return list({(d.position.file, d.position.line): d for d in found if d.position}.values())
        except ServerError as error:
            return [Diagnostic(str(error), hint="start it, or correct policy.server")]
        except UndefinedError:
            return [Diagnostic(f"others remove our policies from the OPA server at {self._url}")]
        self._packages = [o.package for o in outlines] if upload.files else []
        self._rules, found = discover(outlines)
        if not upload.files and not self._rules:
            message = f"the OPA server at {self._url} has no policies of packages opsctl.* or main"
            return [Diagnostic(message, hint="name some under policy.bundles, or load them into the server")]
        return found

    def _with_server(self, upload: Upload, entry: Entry | None, work: Callable[[OpaServer], _T]) -> _T:
        """Put the modules, work, remove them; again where a run with the same policies removed them."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._once(upload, entry, work)
            except (UndefinedError, RejectedError) as error:
                if isinstance(error, RejectedError) and entry is None:
                    raise
                time.sleep(0.05 * attempt)
        return self._once(upload, entry, work)

    def _once(self, upload: Upload, entry: Entry | None, work: Callable[[OpaServer], _T]) -> _T:
        with OpaServer(self._url, self._timeout, self._access) as server, _stored(server, upload, entry):
            return work(server)


@contextlib.contextmanager
def _stored(server: OpaServer, upload: Upload, entry: Entry | None) -> Iterator[None]:
    """The modules and the entry on the server. What needs another module is put after it."""
    stored: list[str] = []
    try:
        waiting = list(range(len(upload.ids)))
        while waiting:
            errors: list[dict[str, Any]] = []
            left: list[int] = []
            for number in waiting:
                try:
                    server.put(upload.ids[number], upload.module(number))
                    stored.append(upload.ids[number])
                except RejectedError as error:
                    left.append(number)
                    errors += error.errors
            if len(left) == len(waiting):
                raise RejectedError(errors)
            waiting = left
        if entry is not None:
            server.put(entry.id, entry.text)
            stored.append(entry.id)
        yield
    finally:
        for id in reversed(stored):
            server.remove(id)


def _outlines(server: OpaServer, upload: Upload) -> list[Outline]:
    if not upload.files:
        theirs = [m for m in server.modules() if not m[0].startswith("opsctl/")]
        return [_outline(id, text, tree) for id, text, tree in theirs]
    return [
        _outline(file, text, server.syntax(id))
        for id, file, text in zip(upload.ids, upload.files, upload.texts, strict=True)
    ]


def _outline(file: str, text: str, tree: Mapping[str, Any]) -> Outline:
    path = [str(part["value"]) for part in tree["package"]["path"]][1:]
    rules: list[tuple[str, int]] = []
    for rule in tree.get("rules", ()):
        head = rule["head"]
        name = str(head["ref"][0]["value"] if head.get("ref") else head["name"])
        if not head.get("args") and (name, 0) not in rules:
            rules.append((name, 0))
    placed = [(name, line) for name, _ in rules for line in rule_lines(text, name) or [1]]
    return Outline(file, text, ".".join(path), tuple(placed))


def _ask(
    server: OpaServer, entry: Entry, rules: Sequence[Rule], input: Mapping[str, Any], upload: Upload
) -> list[Any]:
    """A value or an EvaluationError for each rule; None where a rule is undefined."""
    try:
        answers = server.query(entry.package, "out", input)["answers"]
    except EvaluationError:
        return [_alone(server, entry, n, input, upload) for n in range(len(rules))]
    return [answers.get(str(n)) for n in range(len(rules))]


def _alone(server: OpaServer, entry: Entry, number: int, input: Mapping[str, Any], upload: Upload) -> Any:
    try:
        found = server.query(entry.package, f"one_{number}", input)["answers"]
    except EvaluationError as error:
        place = f" ({upload.file(error.module)}:{error.line})" if error.module else ""
        return EvaluationError(f"{error}{place}")
    return found[0] if found else None


def _verdicts(rule: Rule, answer: Any, stage: Stage) -> list[Verdict]:
    return (
        [rule.crashed(str(answer))] if isinstance(answer, EvaluationError) else rule.verdicts(answer, stage)
    )


def _diagnostic(upload: Upload, error: Mapping[str, Any]) -> Diagnostic:
    location = error.get("location") or {}
    file, line = upload.file(str(location.get("file", ""))), int(location.get("row", 0))
    text = dict(zip(upload.files, upload.texts, strict=True)).get(file, "")
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    position = Position(file, line, int(location.get("col", 0)), shown)
    return Diagnostic(str(error.get("message")), position, _LEGACY if V0_MARK.search(text) else "")


def _refusals(modules: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Calls of functions that the embedded engine refuses too: a bundle means the same on both."""
    for file, text in modules.items():
        for number, line in enumerate(text.splitlines(), 1):
            for name, why in REFUSED.items():
                found = re.search(rf"^[^#]*?\b({re.escape(name)})\(", line)
                if found:
                    yield Diagnostic(
                        f"{name} is refused: {why}", Position(file, number, found.start(1) + 1, line)
                    )


def _failed(reason: str) -> Verdict:
    message = f"the policies could not be evaluated, so they deny: {reason}"
    return Verdict(Effect.DENY, message, "opsctl", code=POLICY_ERROR)
