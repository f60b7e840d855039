"""Documents are well formed, and what is inside their ``${…}`` can be read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.kit.findings import Findings
from orchestrator.kit.yaml_foreign import find_calls
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.document import Document
from orchestrator.model.envelope import ENVELOPES, NAME, VERSION, envelope_violations
from orchestrator.model.expression import Expression, ExpressionError, Template, parse
from orchestrator.model.ids import Path
from orchestrator.stages.load.places import Place, placed

_ELSEWHERE: Final = {
    "Stack": "a stack has one opsctl.yaml; move it into a folder of its own",
    "Environment": "move it to environments/NAME.yaml",
}
_OPEN: Final = ("spec", "health", "forEach", "clouds", "outputs", "secretSink")
_LOCAL_SOURCES: Final = frozenset({"env", "file", "command", "exec"})
_SIMPLE: Final = frozenset({"apiVersion", "kind", "type", "metadata", "spec", "provider"})
_NAME: Final = re.compile(NAME)


class Checker:
    """Checks one document after the other."""

    def __init__(
        self, composites: Collection[str], env: Sequence[str], found: Findings, *, untrusted: bool
    ) -> None:
        self.composites = composites
        self.env = env
        self.found = found
        self.untrusted = untrusted

    def document(self, document: Document, place: Place, *, templates: bool, calls: bool) -> bool:
        """Whether the document is well formed; what is not, is told."""
        body, count = document.body, len(self.found.diagnostics)
        if not _plainly_fine(body):
            if not self._kind(document, place):
                return False
            self.found.violations(
                envelope_violations(body, composite=document.kind in self.composites), placed(place)
            )
        if calls:
            for path, what, hint in self._foreign(body):
                self.found.error(what, place.key_position(path), hint)
        if templates:
            for name in _OPEN:
                if name in body:
                    self.expressions(body[name], place, (name,))
            self._labels(body.get("metadata"), place)
        return len(self.found.diagnostics) == count

    def _kind(self, document: Document, place: Place) -> bool:
        kind = document.body.get("kind")
        known = sorted((set(ENVELOPES) - set(_ELSEWHERE)) | set(self.composites))
        if not isinstance(kind, str):
            message = "kind is required" if kind is None else "kind must be a string"
            hint = f"write apiVersion: {VERSION} and kind: one of {', '.join(known)}"
            self.found.error(message, place.position(("kind",)), hint)
        elif kind in _ELSEWHERE:
            self.found.error(
                f"a document of kind {kind} cannot stand here", place.position(("kind",)), _ELSEWHERE[kind]
            )
        elif kind not in known:
            hint = did_you_mean(kind, known) or f"one of: {', '.join(known)}"
            message = f"there is no kind {kind!r}, and no composite type of that name"
            self.found.error(message, place.position(("kind",)), hint)
        else:
            return True
        return False

    def _labels(self, metadata: Any, place: Place) -> None:
        """Labels are plain text: policies and people read them where nothing is evaluated."""
        if not isinstance(metadata, dict):
            return
        for path, _ in _texts(metadata.get("labels"), ("metadata", "labels")):
            hint = "write the value itself: labels are plain text"
            self.found.error("an expression cannot stand here", place.position(path), hint)

    def _foreign(self, body: Mapping[str, Any]) -> Iterator[tuple[Path, str, str]]:
        for name in ("spec", "clouds"):
            yield from find_calls(body.get(name), (name,))

    def expressions(self, value: Any, place: Place, at: Path) -> None:
        """Every expression in a value can be parsed, and reads only what it may."""
        for path, text in _texts(value, at):
            try:
                template = parse(text)
            except ExpressionError as error:
                self.found.error(error.message, place.within(path, error.offset), error.hint)
                continue
            if isinstance(template, Template):
                for expression in template.expressions:
                    if expression.secrets or "env" in expression.roots:
                        self._reads(expression, place.within(path, max(text.find(expression.text), 0)))

    def _reads(self, expression: Expression, position: Any) -> None:
        for path in expression.paths:
            if path[0] == "env" and (len(path) < 2 or path[1] not in self.env):
                self._env(path, position)
        for reference in expression.secrets:
            scheme, colon, _ = reference.partition(":")
            if not colon:
                hint = 'write the source first: secret("env:NAME"), secret("file:path")'
                self.found.error(f"secret({reference!r}) names no source", position, hint)
            elif self.untrusted and scheme in _LOCAL_SOURCES:
                message = f'secret("{reference}") cannot be read in an untrusted run'
                self.found.error(message, position, "use a source that knows who may read it")

    def _env(self, path: Path, position: Any) -> None:
        if self.untrusted:
            self.found.error("env cannot be read in an untrusted run", position, "use a parameter")
        elif len(path) < 2:
            self.found.error("env is read by name", position, "write env.NAME")
        else:
            hint = did_you_mean(str(path[1]), self.env) or f"add it: env: [{path[1]}]"
            self.found.error(f"env.{path[1]} is not among the names that opsctl.yaml allows", position, hint)


def _texts(value: Any, at: Path) -> Iterator[tuple[Path, str]]:
    """Every string with an expression in it, and its path."""
    if isinstance(value, str):
        if "${" in value:
            yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*at, index))


def _plainly_fine(body: Mapping[str, Any]) -> bool:
    """The short way for the most usual document: true only where the schema has nothing to say."""
    metadata = body.get("metadata")
    if body.get("kind") != "Resource" or not body.keys() <= _SIMPLE or not isinstance(metadata, dict):
        return False
    name, labels = metadata.get("name"), metadata.get("labels", {})
    return (
        body.get("apiVersion") == VERSION
        and isinstance(body.get("type"), str)
        and metadata.keys() <= {"name", "labels"}
        and isinstance(name, str)
        and _NAME.search(name) is not None
        and isinstance(labels, dict)
        and all(isinstance(label, str) for label in labels.values())
        and isinstance(body.get("spec", {}), dict)
        and "provider" not in body
    )
