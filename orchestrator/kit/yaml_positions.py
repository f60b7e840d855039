"""YAML files into documents that know where everything in them stands.

In: the text of one file. Out: plain data (maps with string keys, lists, scalars of YAML 1.2's core schema), with a
source for positions, and one diagnostic for each thing that is wrong. A document with a fault is still returned where
it can be read, so that everything wrong with it is told at once; UNKNOWN stands where a value is none. Text that
expands without bound is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from orchestrator.kit import yaml_errors
from orchestrator.kit.yaml_foreign import is_foreign, of_tag
from orchestrator.kit.yaml_scalars import ScalarError, plain
from orchestrator.kit.yaml_text import Composer, Text, YamlSource
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.document import Document
from orchestrator.model.values import UNKNOWN

MAX_DEPTH: Final = 64
MAX_ALIASED: Final = 10_000
"""How many values a document's aliases may add."""
_STEEP: Final = re.compile(r"(?m)^[ \-?\t]{60}")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SEPARATOR: Final = re.compile(r"(?m)^---(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Parsed:
    """One document, and whether it is worth a closer look."""

    body: Any
    source: YamlSource
    has_templates: bool
    has_foreign_calls: bool

    @property
    def document(self) -> Document:
        """As the model has it; only where ``body`` is a map."""
        return Document(self.body, self.source)


@dataclass(slots=True)
class Reading:
    """What a file holds."""

    documents: list[Parsed] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def read(text: str, file: str, interned: dict[str, str] | None = None) -> Reading:
    """Every document of a file. ``interned`` shares equal short strings between the files of one load."""
    whole = Text(file, text)
    reading = Reading()
    if fault := _refused(whole):
        reading.diagnostics.append(fault)
        return reading
    builder = _Builder(whole, {} if interned is None else interned, aliases="*" in text and "&" in text)
    start: int | None = 0
    while start is not None:
        start = _read_from(start, whole, builder, reading)
    return reading


def _refused(whole: Text) -> Diagnostic | None:
    """Why the text is not even given to the parser."""
    if found := _CONTROL.search(whole.text):
        message = (
            f"the character U+{ord(found[0]):04X} cannot stand in YAML: this does not look like a text file"
        )
        return Diagnostic(message, whole.at(found.start()))
    steep = _STEEP.search(whole.text) is not None or any(
        part.count("[") + part.count("{") > 60 for part in _SEPARATOR.split(whole.text)
    )
    line = _too_deep(whole.text) if steep else None
    if line is not None:
        return Diagnostic(f"nested deeper than {MAX_DEPTH} levels", whole.place(line, 0), "flatten it")
    return None


def _too_deep(text: str) -> int | None:
    """The line on which the nesting limit is passed; LibYAML's composer recurses without a limit of its own."""
    depth = 0
    composer = Composer(text)
    try:
        while composer.check_event():
            event = composer.get_event()
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    return int(event.start_mark.line) if event.start_mark else 0
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        pass
    return None


def _read_from(start: int, whole: Text, builder: _Builder, reading: Reading) -> int | None:
    """Read from a line on; returns the line to go on from where the YAML breaks, if there is one."""
    text = whole.text[whole.starts[start] :] if start else whole.text
    try:
        for root in Composer(text).nodes():
            _take(root, start, builder, reading)
    except yaml.YAMLError as error:
        line, diagnostic = yaml_errors.explain(error, whole, start)
        reading.diagnostics.append(diagnostic)
        following = range(max(line, start + 1), len(whole.starts))
        return next((number for number in following if _SEPARATOR.match(whole.line(number))), None)
    return None


def _take(root: Any, start: int, builder: _Builder, reading: Reading) -> None:
    if root.__class__ is yaml.ScalarNode and not root.value and root.style == "":
        return
    mark = root.start_mark
    builder.begin(start)
    body = builder.build(root)
    reading.diagnostics.extend(builder.faults)
    source = YamlSource(builder.text, start + mark.line, mark.column, start + root.end_mark.line)
    if isinstance(body, dict):
        reading.documents.append(Parsed(body, source, builder.templates, builder.calls))
    elif not builder.faults:
        reading.diagnostics.append(
            Diagnostic(
                "a document must be a map", source.position(()), "start it with apiVersion: opsctl.dev/v1"
            )
        )


class _Builder:
    """Turns composed nodes into plain data, and notes what is wrong on the way."""

    def __init__(self, text: Text, interned: dict[str, str], *, aliases: bool) -> None:
        self.text = text
        self.interned = interned
        self.aliases = aliases
        self.begin(0)

    def begin(self, start: int) -> None:
        """Before each document."""
        self.start = start
        self.faults: list[Diagnostic] = []
        self.templates = False
        self.calls = False
        self.built: dict[int, tuple[int, Any]] = {}
        self.open: set[int] = set()
        self.aliased = 0

    def fault(self, node: Any, message: str, hint: str = "") -> None:
        """Note a diagnostic at a node."""
        mark = node.start_mark
        self.faults.append(Diagnostic(message, self.text.place(self.start + mark.line, mark.column), hint))

    def build(self, node: Any) -> Any:
        """The data of a node."""
        if node.tag is not None:
            return self._tagged(node)
        if node.__class__ is yaml.ScalarNode:
            return self._scalar(node)
        if self.aliases:
            return self._perhaps_aliased(node)
        return self._collection(node)

    def _collection(self, node: Any) -> Any:
        return (
            self._mapping(node) if node.__class__ is yaml.MappingNode else [self.build(n) for n in node.value]
        )

    def _scalar(self, node: Any) -> Any:
        value = node.value
        if "${" in value:
            self.templates = True
            return value
        if not node.style:
            try:
                value = plain(value)
            except ScalarError as error:
                self.fault(node, error.message, error.hint)
                return UNKNOWN
        if value.__class__ is str and len(value) < 64:
            return self.interned.setdefault(value, value)
        return value

    def _mapping(self, node: Any) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if key.__class__ is yaml.ScalarNode else None
            if name is None or (not name and not key.style):
                self._bad_key(key)
                continue
            name = self.interned.setdefault(name, name)
            if name in made:
                self.fault(key, f"duplicate key {name!r}", "one of them would be lost: keep one")
            elif name == "<<" and not key.style:
                self.fault(key, "YAML 1.2 has no merge keys", "write the keys out, or use a composite type")
            else:
                made[name] = self.build(value)
        if len(made) == 1 and is_foreign(next(iter(made))):
            self.calls = True
        return made

    def _bad_key(self, key: Any) -> None:
        line = self.text.line(self.start + key.start_mark.line)
        if "{{" in line:
            hint = yaml_errors.quoted_line(line) or 'quote the template: "{{ … }}"'
            self.fault(key, "a map cannot be a key: an unquoted {{ … }} is a map in a map", hint)
        else:
            self.fault(key, "a key must be text", "write a name before the colon")

    def _tagged(self, node: Any) -> Any:
        tag, node.tag = node.tag, None
        value = self.build(node)
        if tag != "!":
            message, hint = of_tag(tag, value)
            self.fault(node, message, hint)
            return UNKNOWN
        return value

    def _perhaps_aliased(self, node: Any) -> Any:
        """A collection that may be reached again through an alias: it is built once and shared."""
        key = id(node)
        if key in self.open:
            self.fault(node, "an alias refers to what it stands in", "write it out")
            return None
        if key not in self.built:
            self.open.add(key)
            made = self._collection(node)
            self.open.discard(key)
            self.built[key] = (1 + sum(self._size(child) for child in _children(node)), made)
            return made
        size, made = self.built[key]
        self.aliased += size
        if self.aliased <= MAX_ALIASED:
            return made
        if self.aliased - size <= MAX_ALIASED:
            self.fault(node, f"aliases expand to more than {MAX_ALIASED:,} values", "use fewer aliases")
        return None

    def _size(self, node: Any) -> int:
        return self.built[id(node)][0] if id(node) in self.built else 1


def _children(node: Any) -> list[Any]:
    return [value for _, value in node.value] if node.__class__ is yaml.MappingNode else node.value
