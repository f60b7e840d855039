"""A real OPA server as the policy engine.

Enters: a bundle, then input documents. Leaves: diagnostics, then verdicts. An empty bundle means the policies
that the server has already, from its own bundles. Holds: what we put on the server is removed again; a server that is down, slow, or that answers anything but our query's result denies.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from orchestrator.adapters.policy_builtins import REFUSED
from orchestrator.adapters.policy_embedded import mentions_in
from orchestrator.adapters.policy_metadata import V0_MARK
from orchestrator.adapters.policy_rules import TEST_SUFFIX, Outline, Rule, discover, verdicts_of
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
from orchestrator.model.verdict import POLICY_ERROR, Answer, Bundle, Effect, PolicyRule, Stage, Verdict

_ATTEMPTS: Final = 5
_LEGACY: Final = "legacy Rego runs on a server with --v0-compatible only; the embedded engine accepts it"
_T = TypeVar("_T")


class OpaEngine:
    """Implements PolicyEngine by an OPA server. ``timeout`` is in seconds, for each call."""

    def __init__(self, url: str, timeout: float = 30.0, access: Callable[[], Access] = Access) -> None:
        """Raises InvalidSpecError for an address that is none."""
        self._url = plain_url(url)
        self._timeout = timeout
        self._access = access
        self._bundle = Bundle()
        self._packages: list[str] = []
        self._rules: list[Rule] = []
        self._broken = ""
        self._loaded: tuple[Bundle, Sequence[Diagnostic]] | None = None

    @property
    def name(self) -> str:
        """The server's address."""
        return f"OPA server {self._url}"

    def load(self, bundle: Bundle) -> Sequence[Diagnostic]:
        """Let the server compile the bundle, once and without its files of Rego tests; or find what it has."""
        if self._loaded is None or self._loaded[0] is not bundle:
            self._loaded = bundle, self._load(bundle)
        return self._loaded[1]

    @property
    def rules(self) -> Sequence[PolicyRule]:
        """The rules that are asked at some stage."""
        return [rule.outline() for rule in self._rules if not rule.exempts]

    def _load(self, bundle: Bundle) -> Sequence[Diagnostic]:
        modules = {f: t for f, t in bundle.modules.items() if not f.endswith(TEST_SUFFIX)}
        self._bundle, self._packages, self._rules = Bundle(modules, bundle.data), [], []
        found = list(_refusals(modules)) or self._compile(upload_of(self._bundle))
        self._broken = next((d.message for d in found if d.severity is Severity.ERROR), "")
        return found

    def evaluate(self, input: Mapping[str, Any], stage: Stage) -> Answer:
        """Ask every rule that runs at this stage about one whole input document."""
        if self._broken:
            return Answer((_failed(self._broken),))
        rules = [r for r in self._rules if r.exempts or r.asked_at(stage)]
        if all(rule.exempts for rule in rules):
            return Answer()
        upload = upload_of(self._bundle)
        entry = entry_of(upload, self._packages, rules, self._bundle.data)
        try:
            said = self._with_server(upload, entry, lambda server: _ask(server, entry, rules, input, upload))
        except (ServerError, RejectedError) as error:
            return Answer((_failed(str(error)),))
        except UndefinedError:
            return Answer((_failed(f"others remove our policies from the OPA server at {self._url}"),))
        return replace(said.answer, verdicts=tuple(verdicts_of(rules, said.values, stage)))

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
        with OpaServer(self._url, self._timeout, self._access()) as server, _stored(server, upload, entry):
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
        if not server.ready():
            raise ServerError(f"the OPA server at {server.url} is not ready: GET /health?bundles says so")
        return [_outline(id, text, tree) for id, text, tree in theirs]
    mentions = mentions_in(dict(zip(upload.files, upload.texts, strict=True)))
    return [
        replace(_outline(file, text, server.syntax(id)), mentions=mentions.get(file, ()))
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


@dataclass(frozen=True, slots=True)
class _Said:
    """Each rule's value, None where it is undefined, or the verdict that says why there is none."""

    values: list[Any]
    answer: Answer = field(default_factory=Answer)


def _ask(
    server: OpaServer, entry: Entry, rules: Sequence[Rule], input: Mapping[str, Any], upload: Upload
) -> _Said:
    try:
        reply = server.query(entry.package, "out", input)
    except EvaluationError:
        return _Said([_alone(server, entry, n, rules[n], input, upload) for n in range(len(rules))])
    values = [reply.result["answers"].get(str(n)) for n in range(len(rules))]
    return _Said(values, Answer(id=reply.decision, revisions=reply.revisions))


def _alone(
    server: OpaServer, entry: Entry, number: int, rule: Rule, input: Mapping[str, Any], upload: Upload
) -> Any:
    try:
        found = server.query(entry.package, f"one_{number}", input).result["answers"]
    except EvaluationError as error:
        place = f" ({upload.file(error.module)}:{error.line})" if error.module else ""
        return rule.crashed(f"{error}{place}")
    return found[0] if found else None


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
