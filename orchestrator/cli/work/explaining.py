"""explain: a type, a section of opsctl.yaml, or a property of either, from the same schema that checks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from orchestrator import bootstrap
from orchestrator.cli.console import Console
from orchestrator.cli.render.style import Style
from orchestrator.cli.work.explaining_stack import SECTIONS, Section, section
from orchestrator.model.diagnostic import did_you_mean, nearest
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import MISSING, Property

_FOUND_AGAIN = {
    Marking.DETERMINISTIC: "creating it twice is creating it once",
    Marking.TOKEN: "its create call takes a client token",
    Marking.TAG: "by its tags",
    Marking.PROVISIONAL: "by a provisional name",
    Marking.NATURAL: "by its natural key",
    Marking.NONE: "not by itself: opsctl says how to settle it",
}


def explain(console: Console, name: str) -> int:
    """Print what can be written, what comes back, and what changes do."""
    style = console.out_style
    head, *path = name.split(".")
    found = section(head)
    lines = _section(found, path, style) if found is not None else _type_lines(name, style)
    console.result(style.plain("\n".join(lines)))
    return 0


def _type_lines(name: str, style: Style) -> Iterator[str]:
    kind, path = _split(name)
    return _property(kind, path, style) if path else _kind(kind, style)


def _section(found: Section, path: list[str], style: Style) -> Iterator[str]:
    """A section of opsctl.yaml: its settings, the ways to write it, an example."""
    if path and path[0] in found.ways:
        found, path = found.ways[path[0]], path[1:]
    if path:
        known = replace(found.settings, properties={**_stand_ins(found), **found.settings.properties})
        yield from _property(KindSchema(TypeName(found.name), known), path, style)
        return
    yield style.paint(found.name, "bold")
    yield f"  {found.summary}"
    yield ""
    if found.settings.properties:
        yield style.paint("settings", "bold")
        yield from _table(found.settings, style)
        yield ""
    elif found.settings.types != ("any",):
        yield f"  {', '.join([_type(found.settings), *_traits(found.settings)])}"
        yield ""
    if found.ways:
        yield style.paint("ways", "bold")
        wide = max(map(len, found.ways))
        for name, way in found.ways.items():
            yield f"  {style.paint(f'{name:<{wide}}', 'bold')}  {way.summary}"
        yield style.paint(f"  opsctl explain {found.name}.{next(iter(found.ways))} shows one of them", "dim")
        yield ""
    yield style.paint("example", "bold")
    yield from (f"  {line}" for line in found.example.splitlines())
    if found.needs:
        yield ""
        yield f"needs: {', '.join(found.needs)}"


def _stand_ins(found: Section) -> dict[str, Property]:
    """So that the name of a way is among those that a wrong one could have meant."""
    return {name: Property("object", way.summary) for name, way in found.ways.items()}


def _split(name: str) -> tuple[KindSchema, list[str]]:
    """The longest type that ``name`` begins with, and the path behind it (types have dots of their own)."""
    catalogue = bootstrap.catalogue()
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        type = TypeName(".".join(parts[:end]))
        kind = catalogue.kind(type) or bootstrap.abstract_types().get(type)
        if kind is not None:
            return kind, parts[end:]
    near = (
        catalogue.nearest_type(name)
        or catalogue.nearest_type(parts[0])
        or nearest(parts[0], bootstrap.abstract_types())
    )
    near = near or nearest(parts[0], SECTIONS)
    hint = (
        f"did you mean {near!r}?" if near else "opsctl types lists what is known, beside state and encryption"
    )
    raise OpsctlError(f"unknown type {name!r}\nhint: {hint}")


def _kind(kind: KindSchema, style: Style) -> Iterator[str]:
    yield style.paint(str(kind.type), "bold")
    if kind.summary:
        yield f"  {kind.summary}"
    if kind.documentation:
        yield f"  {kind.documentation}"
    yield ""
    yield style.paint("spec", "bold")
    settable = {name: p for name, p in kind.spec.properties.items() if not p.read_only}
    yield from _table(replace(kind.spec, properties=settable), style)
    yield ""
    yield style.paint("status", "bold")
    yield f"  {style.paint('id', 'bold')}  string"
    yield from (line for line in _table(kind.status, style) if not line.startswith("  id "))
    if kind.abstract:
        return
    yield ""
    yield style.paint("behaviour", "bold")
    yield from (f"  {line}" for line in _behaviour(kind))


def _behaviour(kind: KindSchema) -> Iterator[str]:
    if kind.data_only:
        yield "only looked up (kind: Data), never made"
    yield f"read by {', '.join(str(way.how) for way in kind.reads)}"
    yield f"found again after a crash: {_FOUND_AGAIN[kind.marking]}"
    if kind.natural_key:
        yield f"natural key: {', '.join(kind.natural_key)}"
    if kind.stateful:
        yield "holds data: neither its deletion nor its replacement can be undone"
    first = "the new one is made" if kind.replace_first == "create" else "the old one is deleted"
    yield f"on replacement {first} first"
    if kind.readiness:
        yield "has a status gate without being asked: the cloud's own readiness"
    if kind.permissions:
        yield f"needs: {', '.join(kind.permissions)}"


def _table(schema: Property, style: Style) -> Iterator[str]:
    inner = schema.properties
    wide = max((len(name) for name in inner), default=0)
    for name, prop in sorted(inner.items(), key=lambda item: (not item[1].required, item[0])):
        about = ", ".join([_type(prop), *_traits(prop)])
        yield f"  {style.paint(f'{name:<{wide}}', 'bold')}  {about}"
        if prop.description:
            yield f"  {'':<{wide}}  {style.paint(prop.description, 'dim')}"
    if schema.additional is not None:
        yield f"  any other name: {_type(schema.additional)}"


def _type(prop: Property) -> str:
    text = " or ".join(prop.types)
    if "array" in prop.types and prop.items is not None:
        text += f" of {_type(prop.items)}"
    if prop.enum:
        text += f" ({', '.join(map(str, prop.enum))})"
    return text


def _traits(prop: Property) -> Iterator[str]:
    flags = (
        (prop.required, "required"),
        (prop.create_only, "a change replaces the resource"),
        (prop.one_way is not None, "some changes replace the resource"),
        (prop.kept, "stays where it leaves the spec"),
        (prop.read_only, "read-only"),
        (prop.write_only, "never told back by the cloud"),
        (prop.secret, "secret"),
        (prop.stable, "kept by an update"),
        (prop.unordered, "order has no meaning"),
    )
    yield from (word for flag, word in flags if flag)
    if prop.default is not MISSING:
        yield f"default {json.dumps(prop.default, default=str)}"
    if prop.pattern:
        yield f"matches {prop.pattern}"


def _property(kind: KindSchema, path: list[str], style: Style) -> Iterator[str]:
    schema = kind.spec
    names = path[1:] if path[0] == "spec" else path
    if path[0] == "status":
        schema, names = kind.status, path[1:]
    for name in names:
        found = _step(schema, name)
        if found is None:
            hint = (
                did_you_mean(name, schema.properties)
                or f"known: {', '.join(sorted(schema.properties)) or 'nothing'}"
            )
            raise OpsctlError(f"{kind.type} has no property {'.'.join(path)!r}\nhint: {hint}")
        schema = found
    yield style.paint(f"{kind.type}.{'.'.join(path)}", "bold")
    yield f"  {', '.join([_type(schema), *_traits(schema)])}"
    if schema.description:
        yield f"  {schema.description}"
    shown = schema.items if schema.items is not None else schema
    if shown.properties:
        yield ""
        yield from _table(shown, style)


def _step(schema: Property, name: str) -> Property | None:
    """One step down; a list is stepped through without being named."""
    if schema.items is not None and name not in schema.properties:
        schema = schema.items
    return schema.properties.get(name) or schema.additional
