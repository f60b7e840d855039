"""The JSON Schema of what policies see (``policy_input``): for all stages, for one, and for the resources of one type.

Published by ``opsctl policy schema``, for ``# METADATA schemas`` of Rego: ``schema.plan``, or
``schema.types.os_nova_server`` for a policy about one type. Holds: every input that a stage produces fits the schemas
of it, and a path that they do not have is in no input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.model.change import Action
from orchestrator.model.json_schema import DIALECT, seen
from orchestrator.model.policy_input import FORMAT_VERSION
from orchestrator.model.schema import Property
from orchestrator.model.verdict import Stage

ALL: Final = "input"
"""The name of the schema that fits every stage: ``schema.input``."""
_TEXT: Final = {"type": "string"}
_ANYTHING: Final[Mapping[str, Any]] = {}
_WORDS: Final = ("create", "delete", "update", "read", "forget", "no-op")


def stage_schemas() -> dict[str, dict[str, Any]]:
    """Every schema that is about no type, by its name below ``schema``."""
    return {ALL: input_schema(), **{str(stage): input_schema(stage) for stage in Stage}}


def type_name(type: str) -> str:
    """How a type is named below ``schema.types``: ``os_nova_server``."""
    return re.sub(r"\W+", "_", type).strip("_").lower()


def input_schema(stage: Stage | None = None, type: str = "", spec: Property | None = None) -> dict[str, Any]:
    """The whole document at a stage (None: at any); with a type, one whose resources are all of that type."""
    words: Mapping[str, Any] = _ANYTHING if spec is None else {"$ref": "#/$defs/spec"}
    typed = {"enum": [type], **_TEXT} if type else _TEXT
    about = f"at the stage {stage}" if stage else "at every stage"
    changes = _list("what the plan does, one item a resource", "change")
    if stage is Stage.SPEC:
        changes = {**changes, "maxItems": 0, "description": "nothing is read yet, so there are no changes"}
    return {
        "$schema": DIALECT,
        "title": f"What policies see {about}" + (f", of {type}" if type else ""),
        **_object(
            {
                "format_version": {"enum": [FORMAT_VERSION], **_TEXT},
                "stage": _choice([stage] if stage else list(Stage)),
                "now": {**_TEXT, "format": "date-time", "description": "when it is asked, in UTC"},
                "operation": _choice(["apply", "destroy"]),
                "stack": _STACK,
                "params": {"type": "object", "description": "the stack's parameters, secrets masked"},
                "summary": _object({str(action): _COUNT for action in Action}),
                "resource_changes": changes,
                "resources": _list("the desired resources", "resource"),
            }
        ),
        "$defs": {
            "change": _change(typed, words),
            "resource": _resource(typed, words),
            **({"spec": _nullable(seen(spec))} if spec is not None else {}),
        },
    }


def _object(properties: Mapping[str, Any], optional: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _list(description: str, definition: str) -> dict[str, Any]:
    return {"type": "array", "description": description, "items": {"$ref": f"#/$defs/{definition}"}}


def _choice(values: Sequence[str]) -> dict[str, Any]:
    return {**_TEXT, "enum": [str(v) for v in values]}


def _nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A spec, or null where there is none; never the text of a secret as a whole."""
    return {**schema, "type": ["object", "null"]}


_COUNT: Final = {"type": "integer", "minimum": 0}
_LABELS: Final = {"type": "object", "additionalProperties": _TEXT}
_PLACE: Final = {**_object({"region": {"type": ["string", "null"]}})}
_STACK: Final = _object(
    {
        "name": _TEXT,
        "id": _TEXT,
        "environment": {**_TEXT, "description": "empty where there is none"},
        "providers": {"type": "object", "additionalProperties": _PLACE},
    }
)
_MAP: Final = {"description": "true where it holds, in the shape of the value; {} where it holds nowhere"}
_PATHS: Final = {"type": "array", "items": {"type": "array", "items": {"type": ["string", "integer"]}}}


def _change(type: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    actions = {"type": "array", "items": _choice(_WORDS), "description": "in Terraform's words, in order"}
    before = {**spec} if spec else {"type": ["object", "null"]}
    inner = {
        "actions": actions,
        "before": {**before, "description": "the spec as it is; null where there is none"},
        "after": {**before, "description": "the spec as it will be; null where it goes"},
        "after_unknown": _MAP,
        "before_sensitive": _MAP,
        "after_sensitive": _MAP,
        "replace_paths": {**_PATHS, "description": "the properties that make it a replacement"},
    }
    return _object(
        {
            "address": _TEXT,
            "mode": _choice(["managed", "data"]),
            "type": type,
            "provider_name": {**_TEXT, "description": "the provider instance, such as aws.eu"},
            "action": {**_choice(list(Action)), "description": "in our words"},
            "change": _object(inner),
            "reason": _TEXT,
            "labels": _LABELS,
            "reversible": {"type": "boolean", "description": "whether a failed gate takes it back"},
            "file": _TEXT,
            "line": _COUNT,
            "deposed": {**_TEXT, "description": "of what a replacement left behind"},
            "previous_address": {**_TEXT, "description": "where it comes from"},
        },
        ("deposed", "previous_address"),
    )


def _resource(type: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    return _object(
        {
            "address": _TEXT,
            "mode": _choice(["managed", "data", "composite"]),
            "type": type,
            "provider_name": _TEXT,
            "spec": {**spec} if spec else {"type": "object"},
            "unknown": _MAP,
            "sensitive": _MAP,
            "labels": _LABELS,
            "file": _TEXT,
            "line": _COUNT,
        }
    )


def steps_into(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The names that a value of this schema has, each with its schema; none where any name may be there."""
    whole = resolved(schema, root)
    for name, inner in (whole.get("properties") or {}).items():
        yield name, resolved(inner, root)


def resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with what its ``$ref`` into the root's ``$defs`` says."""
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return {**found, **{k: v for k, v in schema.items() if k != "$ref"}}
