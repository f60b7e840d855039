"""What discover found and import made: for people, as JSON, and as documents of a stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from orchestrator.cli.render.json import head
from orchestrator.cli.render.style import PLAIN, Style
from orchestrator.cli.render.values import count
from orchestrator.engine.discovering import Unlisted
from orchestrator.engine.importing import Draft
from orchestrator.model.inventory import Thing

_API: str = "opsctl.dev/v1"


def render_discovery(things: Sequence[Thing], style: Style = PLAIN, *, everything: bool) -> str:
    """A line for each thing below its provider and type, then how many; ends with a newline."""
    return style.plain("\n".join(_lines(things, style, everything=everything)) + "\n")


def _lines(things: Sequence[Thing], style: Style, *, everything: bool) -> Iterator[str]:
    for (type, provider), group in groupby(things, key=lambda thing: (thing.type, thing.provider)):
        alike = list(group)
        wide = max(len(thing.id) for thing in alike)
        yield style.paint(f"{type}  at {provider}", "bold")
        for thing in alike:
            name = "" if thing.id.endswith(thing.name) else thing.name
            about = "  ".join(filter(None, [name, thing.region, _standing(thing)]))
            yield f"  {thing.id:<{wide}}  {style.paint(about, 'dim')}".rstrip()
    if things:
        yield ""
    free = sum(thing.address is None for thing in things)
    if not everything:
        yield f"{count(free, 'object')} that this stack does not manage."
    else:
        yield f"{count(len(things), 'object')}, {len(things) - free} of them managed by this stack."


def _standing(thing: Thing) -> str:
    if thing.address is not None:
        return f"is {thing.address}"
    return f"of the stack {thing.stack}" if thing.stack else ""


def discovery_document(things: Sequence[Thing], unread: Sequence[Unlisted]) -> dict[str, Any]:
    """The result of ``discover`` as JSON."""
    return {
        **head("discover"),
        "objects": [thing.document() for thing in things],
        "unread": [str(each) for each in unread],
    }


def import_document(made: Sequence[Draft], text: str, into: Path, *, done: bool) -> dict[str, Any]:
    """The result of ``import`` as JSON."""
    written = [
        {
            "name": draft.name,
            "provider": str(draft.thing.provider),
            "type": str(draft.thing.type),
            "id": draft.thing.id,
            "notes": list(draft.notes),
            "foreign": list(draft.foreign),
        }
        for draft in made
    ]
    return {**head("import"), "done": done, "file": str(into), "resources": written, "documents": text}


def render_import(made: Sequence[Draft], style: Style = PLAIN, *, done: bool) -> str:
    """What was written, what a person has to look at, and what comes next."""
    return style.plain("\n".join(_import_lines(made, style, done=done)))


def _import_lines(made: Sequence[Draft], style: Style, *, done: bool) -> Iterator[str]:
    types = Counter(str(draft.thing.type) for draft in made)
    told = ", ".join(f"{number} {type}" for type, number in sorted(types.items()))
    yield f"{count(len(made), 'resource')}: {told}."
    for draft in made:
        yield from (f"  {style.paint('look at', 'yellow')} {draft.name}: {note}" for note in draft.notes)
        for id in draft.foreign:
            yield f"  {draft.name} names {id}, which is not managed here: --related takes it along"
    if done:
        yield "Next: opsctl plan shows that they are taken over as they are; opsctl apply does it."


class _Dumper(yaml.SafeDumper):
    """Expressions in quotes, long texts as blocks, lists indented as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: FBT001, FBT002, ARG002
        """Items of a list stand below their key, indented."""
        return super().increase_indent(flow, indentless=False)


def _string(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else '"' if "${" in value and '"' not in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _string)


def render_documents(made: Sequence[Draft], take_from: str = "") -> str:
    """A document for each thing, and one that adopts it."""
    return "---\n".join(_dumped(body) for draft in made for body in _bodies(draft, take_from))


def _bodies(draft: Draft, take_from: str) -> Iterator[Mapping[str, Any]]:
    thing = draft.thing
    body: dict[str, Any] = {"apiVersion": _API, "kind": "Resource", "type": str(thing.type)}
    body["metadata"] = {"name": draft.name}
    if "." in str(thing.provider):
        body["provider"] = str(thing.provider)
    yield {**body, "spec": dict(draft.spec)}
    adopted = {"to": draft.name, "id": thing.id}
    taken = {"takeFrom": take_from} if take_from and thing.stack == take_from else {}
    yield {"apiVersion": _API, "kind": "Import", "spec": {**adopted, **taken}}


def _dumped(body: Mapping[str, Any]) -> str:
    return yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
