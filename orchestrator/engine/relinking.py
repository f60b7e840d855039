"""Records become desired resources again, with the files gone.

A record's spec holds values, and some of them came from other resources: the id of a network, the address of a
server. Where such a value is found again in what the record rests on, it becomes a reference, so that it follows when
that resource is made anew. Secrets become references to their source. Everything else is what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final

from orchestrator.model.change import Gate
from orchestrator.model.expression import templated
from orchestrator.model.ids import Address, Path, TypeName
from orchestrator.model.kind import KindSchema
from orchestrator.model.resource import Desired, Lifecycle
from orchestrator.model.snapshot import Record, Snapshot
from orchestrator.model.values import Secret

_SHORTEST: Final = 8
"""A shorter id is looked for as a whole value only: inside a text it could be a coincidence."""
_LEAST: Final = 4


class Relinker:
    """Makes desired resources of records; ``held`` collects properties whose value rests nowhere."""

    def __init__(
        self,
        now: Snapshot,
        before: Snapshot,
        wanted: Mapping[Address, Record],
        touched: AbstractSet[Address],
        kinds: Callable[[TypeName], KindSchema | None],
    ) -> None:
        self._now = now
        self._before = before
        self._wanted = wanted
        self._touched = touched
        self._kinds = kinds
        self.held: dict[Address, tuple[Path, ...]] = {}

    def desired(self, record: Record) -> Desired:
        """One resource as its record has it."""
        source = self._before if record.address in self._touched else self._now
        needs = [a for a in record.dependencies if a in self._wanted and a in source.resources]
        links = {value: to for a in needs for value, to in self._values(source.resources[a])}
        held: list[Path] = []
        spec = {
            name: value
            for name, inner in record.spec.items()
            if (value := self._leaf(inner, (name,), links, held)) is not _HELD
        }
        if held:
            self.held[record.address] = tuple(held)
        ignore = (*record.ignore, *(path[:1] for path in held))
        return Desired(
            record.address,
            record.type,
            record.provider,
            spec,
            base=str(record.address),
            depends_on=tuple(needs),
            lifecycle=Lifecycle(record.prevent_destroy, record.replace_first, ignore, record.retain),
            gates=tuple(_gate(g) for g in record.gates if not g.of),
            labels=record.labels,
        )

    def _values(self, need: Record) -> Iterator[tuple[str, str]]:
        """The values by which a resource is referred to, and the expression that gives each."""
        kind = self._kinds(need.type)
        changes = self._now.resources.get(need.address, need).uid != need.uid
        changes = changes or need.address not in self._now.resources or need.address in self._touched
        properties = kind.status.properties if kind is not None else {}
        for name, value in need.status.items():
            stable = name in properties and properties[name].stable
            told = isinstance(value, str) and len(value) >= _LEAST and name in properties
            if told and (stable or changes) and value not in need.spec.values():
                yield value, _reference(need.address, name)
        yield need.id, _reference(need.address, "id")

    def _leaf(self, value: Any, at: Path, links: Mapping[str, str], held: list[Path]) -> Any:
        match value:
            case Secret(reference=reference):
                source = _source(reference)
                held += [at] if source is _HELD else []
                return source
            case str():
                return _linked(value, links)
            case Mapping():
                inner = {k: self._leaf(v, (*at, k), links, held) for k, v in value.items()}
                return _HELD if any(v is _HELD for v in inner.values()) else inner
            case list() | tuple():
                items = [self._leaf(v, (*at, i), links, held) for i, v in enumerate(value)]
                return _HELD if any(v is _HELD for v in items) else items
            case _:
                return value


_HELD: Final = object()


def _source(reference: str) -> Any:
    """The expression that a secret came from, where it means the same outside its document."""
    if not reference:
        return _HELD
    template = templated(reference if "${" in reference else f'${{secret("{reference}")}}')
    roots = {root for expression in template.expressions for root in expression.roots}
    return template if roots <= {"params", "stack"} else _HELD


def _reference(address: Address, name: str) -> str:
    quoted = str(address).replace("\\", "\\\\").replace("'", "\\'")
    return f"${{resources['{quoted}'].status.{name}}}"


def _linked(value: str, links: Mapping[str, str]) -> Any:
    """A value that another resource gave, as a reference to it; a literal ``${`` stays one."""
    if value in links:
        return templated(links[value])
    text = value.replace("${", "$${")
    for known in sorted((k for k in links if len(k) >= _SHORTEST), key=len, reverse=True):
        if known in text:
            return templated(links[known].join(text.split(known)))
    return templated(text)


def _gate(gate: Gate) -> Gate:
    return replace(gate, settings=templated(gate.settings))
