"""Write docs/commands.md, docs/types/*.md, docs/openstack-simulator.md and docs/schemas/policy-input/*.json from the code: `make docs`.

Enters: the command tree and the kinds of every installed provider. Leaves: pages of Markdown. Holds: the pages are
a function of the code, so that a test can hold the committed ones to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from orchestrator import bootstrap
from orchestrator.cli.app import app
from orchestrator.kit.simulation.evidence import share
from orchestrator.model.kind import How, KindSchema, Marking
from orchestrator.model.policy_schema import stage_schemas
from orchestrator.model.schema import MISSING, Property
from providers.openstack.sandbox import evidence

HERE = Path(__file__).parent
_NOTE = "<!-- Written by docs/generate.py: change the code, then run `make docs`. -->"
_TITLES = {
    "abstract": "Abstract types",
    "aws": "Types of AWS",
    "azure": "Types of Azure",
    "local": "Types of the local provider",
    "openstack": "Types of OpenStack",
}
_ABOUT = {
    "abstract": "One spec, several clouds: `provider:` says where an instance is placed. The kind of the document is "
    "the name of the type.",
    "aws": "Types and properties are CloudFormation's: its template reference says what each property means.",
    "azure": "Types and bodies are those of Azure Resource Manager; [the page on Azure](../azure.md) says more.",
    "local": "Values, files and programs on this machine. They need no account and no network.",
    "openstack": "Types are Heat's. A name or an id can be written where another object is meant.",
}
_MARKING = {
    Marking.DETERMINISTIC: "creating it twice is creating it once; its id follows from the spec",
    Marking.TOKEN: "client token, with our tag",
    Marking.TAG: "our tag, set at creation",
    Marking.PROVISIONAL: "provisional name, then our tag",
    Marking.NATURAL: "natural key",
    Marking.NONE: "nothing marks it; opsctl names it and says how to settle it",
}
_ALL = 100_000
_WAYS = {
    How.LIST: "list (pages of {page})",
    How.CHILDREN: "list a parent (pages of {page})",
    How.BATCH: "by id, {page} a call",
    How.GET: "one a call",
}


def pages() -> Mapping[str, str]:
    """Every generated page by its path below docs/."""
    catalogue = bootstrap.catalogue()
    families: dict[str, list[KindSchema]] = {"abstract": list(bootstrap.abstract_types().values())}
    for manifest in catalogue.providers():
        kinds = (catalogue.kind(type) for type in catalogue.types(manifest.family))
        families[manifest.family] = [kind for kind in kinds if kind is not None]
    made = {"commands.md": _commands(), "types/README.md": _index(families)}
    made["openstack-simulator.md"] = _simulator()
    for family, kinds in families.items():
        made[f"types/{family}.md"] = _family(family, sorted(kinds, key=lambda kind: kind.type))
    written = {name: "\n".join(lines) + "\n" for name, lines in made.items()}
    schemas = {f"schemas/policy-input/{name}.json": schema for name, schema in stage_schemas().items()}
    return written | {name: f"{json.dumps(schema, indent=2)}\n" for name, schema in schemas.items()}


def _simulator() -> Iterator[str]:
    """What the OpenStack simulator is held to, operation by operation."""
    claims = evidence.behaviours()
    proved, known = share(claims)
    recorded = [call for walk in evidence.recordings().values() for call in walk.values()]
    answers = sum("status" in call for call in recorded)
    yield from (_NOTE, "# What the OpenStack simulator is held to", "")
    yield (
        f"{answers} answers of a real OpenStack (release 2026.1) are recorded, with {len(recorded) - answers} states in "
        "which something came to rest. The tests make the same calls to the simulator and compare status, body and "
        "state; the server tests make them to the real cloud anew, so that the recording is no older than the cloud. "
        "`python -m tests.openstack.recording` records again."
    )
    yield from ("", f"**{proved} of {known} behaviours have evidence from outside** ({proved / known:.0%}).")
    for service in sorted({operation.service for operation in evidence.operations()}):
        mine = [operation for operation in evidence.operations() if operation.service == service]
        held = sum(bool(operation.statuses) for operation in mine)
        yield from ("", f"## {service}: {held} of {len(mine)} operations", "")
        yield from ("| operation | recorded answers |", "|---|---|")
        for one in mine:
            codes = ", ".join(map(str, one.statuses)) or one.behaviour.evidence
            yield f"| `{one.method} {one.rule}` | {codes} |"
    yield from ("", "## What is no operation", "", "| behaviour | evidence |", "|---|---|")
    yield from (f"| {_cell(claim.name)} | {_cell(claim.evidence)} |" for claim in evidence.FURTHER)


def _index(families: Mapping[str, list[KindSchema]]) -> Iterator[str]:
    yield from (_NOTE, "# Types", "")
    yield "`opsctl types` lists them too, and `opsctl explain TYPE` prints one. `opsctl schema` gives editors a JSON Schema."
    for family, kinds in families.items():
        yield from ("", f"## [{_TITLES[family]}]({family}.md)", "", "| type | what it is |", "|---|---|")
        for kind in sorted(kinds, key=lambda kind: kind.type):
            yield f"| [`{kind.type}`]({family}.md#{_anchor(kind.type)}) | {_cell(kind.summary)} |"


def _anchor(title: str) -> str:
    """How a heading is linked on the usual hosts of repositories."""
    return "".join(c for c in title.lower() if c.isalnum() or c in "-_ ").replace(" ", "-")


def _family(family: str, kinds: list[KindSchema]) -> Iterator[str]:
    yield from (_NOTE, f"# {_TITLES[family]}", "", _ABOUT[family], "")
    yield "*Create-only* properties replace the resource when they change. Every type has `.status.id`."
    for kind in kinds:
        yield from ("", f"## {kind.type}", "", _sentence(kind.summary))
        if kind.documentation:
            yield from ("", kind.documentation)
        yield from ("", "| property | type | notes |", "|---|---|---|")
        yield from _rows(kind.spec, family=family)
        yield from ("", "| status | type | notes |", "|---|---|---|")
        yield from _rows(kind.status, family=family)
        if not kind.abstract:
            yield from ("", "| behaviour | |", "|---|---|", *(f"| {k} | {v} |" for k, v in _behaviour(kind)))


def _behaviour(kind: KindSchema) -> Iterator[tuple[str, str]]:
    if kind.data_only:
        yield "use", "only looked up (`kind: Data`), never made"
    yield (
        "read",
        "; ".join(
            _WAYS[way.how].format(page=way.page if way.page < _ALL else "all in") for way in kind.reads
        ),
    )
    yield "found again after a crash by", _MARKING[kind.marking]
    if kind.consistency:
        yield "shows in reads within", f"{kind.consistency:g} s"
    if kind.natural_key:
        yield "natural key", ", ".join(f"`{name}`" for name in kind.natural_key)
    yield (
        "ready",
        "when the cloud says so: a `status` gate without being asked"
        if kind.readiness
        else "when it is made",
    )
    yield (
        "replaced",
        "the new one is made first" if kind.replace_first == "create" else "the old one is deleted first",
    )
    if kind.stateful:
        yield "data", "it holds data: its deletion and its replacement cannot be undone"
    for name, type in kind.absorbs.items():
        yield f"`{name}`", f"or documents of `{type}`, never both"
    if kind.permissions:
        yield "permissions", ", ".join(f"`{name}`" for name in kind.permissions)


def _rows(schema: Property, at: str = "", *, family: str) -> Iterator[str]:
    """A property a row, with those inside it below, in dotted paths."""
    for name, prop in sorted(schema.properties.items(), key=lambda item: (not item[1].required, item[0])):
        path = f"{at}{name}"
        notes = [*_traits(prop)]
        if (
            prop.description and family != "aws"
        ):  # AWS describes its properties itself, in words that are not ours
            notes.append(prop.description)
        yield f"| `{path}` | {_cell(_type(prop))} | {_cell('; '.join(notes))} |"
        inner = prop.items if prop.items is not None else prop
        yield from _rows(inner, f"{path}{'[]' if prop.items is not None else ''}.", family=family)
    if schema.additional is not None:
        yield f"| `{at}*` | {_cell(_type(schema.additional))} | any other name |"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _type(prop: Property) -> str:
    text = " or ".join(prop.types)
    if "array" in prop.types and prop.items is not None:
        text += f" of {_type(prop.items)}"
    return f"{text}: {', '.join(map(str, prop.enum))}" if prop.enum else text


def _traits(prop: Property) -> Iterator[str]:
    flags = {
        "**required**": prop.required,
        "*create-only*": prop.create_only,
        "*replaces in one direction*": prop.one_way is not None,
        "stays where it leaves the spec": prop.kept,
        "read-only": prop.read_only,
        "never told back": prop.write_only,
        "secret": prop.secret,
        "kept by an update": prop.stable,
        "order has no meaning": prop.unordered,
    }
    yield from (word for word, holds in flags.items() if holds)
    if prop.default is not MISSING:
        yield f"default `{json.dumps(prop.default, default=str)}`"
    if prop.pattern:
        yield f"matches `{prop.pattern}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _commands() -> Iterator[str]:
    yield from (_NOTE, "# Commands", "")
    yield "The result goes to standard output, progress and errors to standard error. This is what `--help` says."
    yield from ("", "```text", *_help(), "```")
    for words in _words(typer.main.get_command(app)):
        yield from ("", f"## opsctl {' '.join(words)}", "", "```text", *_help(*words), "```")


def _words(command: Any) -> Iterator[tuple[str, ...]]:
    """The words of every command, in the order of the help; a group stands before its commands."""
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield (name,)
            yield from ((name, *words) for words in _words(inner))


def _help(*words: str) -> list[str]:
    ran = CliRunner().invoke(
        app, [*words, "--help"], prog_name="opsctl", env={"COLUMNS": "100", "TERMINAL_WIDTH": "100"}
    )
    return [line.rstrip() for line in ran.output.strip("\n").splitlines()]


def main() -> None:
    """Write every page, and remove those whose provider is gone."""
    made = pages()
    (HERE / "types").mkdir(exist_ok=True)
    for old in (HERE / "types").glob("*.md"):
        if f"types/{old.name}" not in made:
            old.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
