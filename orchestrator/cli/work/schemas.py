"""schema: the JSON Schema of the documents, made of the same schemas that check them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator import bootstrap
from orchestrator.cli.console import Console
from orchestrator.cli.render.json import dump
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.envelope import ENVELOPES
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import TypeName
from orchestrator.model.json_schema import DIALECT, EXPRESSION, written_plain
from orchestrator.model.schema import Property

_DURATION: Final = {"type": ["string", "number"], "description": "30s, 5m, 1h30m, or seconds"}


def schema(console: Console, type: str | None) -> int:
    """Print the schema of one type's spec, or of every document."""
    catalogue = bootstrap.catalogue()
    if type is None:
        kinds = {t: catalogue.kind(t) for t in catalogue.types()}
        specs = {str(t): k.spec for t, k in kinds.items() if k is not None}
        console.result(dump(documents(specs)))
        return 0
    kind = catalogue.kind(TypeName(type))
    if kind is None:
        near = catalogue.nearest_type(type)
        hint = f"did you mean {near!r}?" if near else "opsctl types lists what is known"
        raise OpsctlError(f"unknown type {type!r}\nhint: {hint}")
    console.result(dump({"$schema": DIALECT, "title": type, **written_plain(kind.spec)}))
    return 0


def result_schema(console: Console, kind: str) -> int:
    """Print the schema of one kind of JSON result, by the ``kind`` that stands in it."""
    suffix = ".schema.json"
    known = {path.name.removesuffix(suffix): path for path in bootstrap.schemas().glob(f"*{suffix}")}
    if kind not in known:
        hint = did_you_mean(kind, known) or f"known: {', '.join(sorted(known))}"
        raise OpsctlError(f"no result has the kind {kind!r}\nhint: {hint}")
    console.result(known[kind].read_text("utf-8"))
    return 0


def documents(specs: Mapping[str, Property]) -> dict[str, Any]:
    """Every document: a resource of a known type, or one of the other kinds."""
    rules = [
        {
            "if": {"required": ["type"], "properties": {"type": {"const": name}}},
            "then": {"properties": {"spec": {"$ref": f"#/$defs/{_name(name)}"}}},
        }
        for name in specs
    ]
    resource = {
        "if": {"properties": {"kind": {"enum": ["Resource", "Data"]}}},
        "then": {
            "required": ["type", "spec", "metadata"],
            "properties": {**_RESOURCE, "type": {"enum": sorted(specs)}},
            "allOf": rules,
        },
    }
    others = [
        {"if": {"properties": {"kind": {"const": name}}}, "then": {"$ref": f"#/$defs/{name}"}}
        for name in _others()
    ]
    return {
        "$schema": DIALECT,
        "title": "opsctl documents",
        "type": "object",
        "required": ["apiVersion", "kind"],
        "properties": {
            "apiVersion": {"const": "opsctl.dev/v1"},
            "kind": {"type": "string", "examples": list(_KINDS)},
            "metadata": _METADATA,
        },
        "allOf": [resource, *others],
        "$defs": {
            **{_name(name): written_plain(spec) for name, spec in specs.items()},
            **{name: written_plain(envelope) for name, envelope in _others().items()},
        },
    }


def _others() -> dict[str, Property]:
    """The documents that are no resources, as what reads them checks them."""
    return {name: envelope for name, envelope in ENVELOPES.items() if name not in ("Resource", "Data")}


def _name(type: str) -> str:
    return type.replace("/", ".").replace("::", ".")


_KINDS: Final = tuple(ENVELOPES)
_METADATA: Final = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "description": "unique in the stack; how others refer to it"},
        "id": {"type": "string", "description": "of a Stack: its identity"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_GATE: Final = {
    "type": "object",
    "properties": {
        "status": {"type": ["object", "null"]},
        "http": {"type": "object", "required": ["url"]},
        "tcp": {"type": "object"},
        "within": _DURATION,
        "interval": _DURATION,
        "successes": {"type": "integer", "minimum": 1},
        "onFailure": {"enum": ["undo", "halt", "continue"]},
    },
}
_RESOURCE: Final = {
    "provider": {"type": "string", "description": "which configured provider instance, such as aws.eu"},
    "forEach": {
        "description": "a map, or a list of unique strings",
        "anyOf": [
            {"type": "object"},
            {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            EXPRESSION,
        ],
    },
    "dependsOn": {"type": "array", "items": {"type": "string"}},
    "lifecycle": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "preventDestroy": {"type": "boolean"},
            "replace": {"enum": ["createFirst", "deleteFirst"]},
            "ignore": {"type": "array", "items": {"type": "string"}},
            "deletion": {"enum": ["delete", "retain"]},
        },
    },
    "health": {"type": "array", "items": _GATE},
    "spec": {"type": "object"},
}
