"""What policies see of a real plan, held to the schemas that ``opsctl policy schema`` publishes."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from orchestrator import bootstrap

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas" / "policy-input"


def fits_what_is_published(file: str) -> set[str]:
    """The types of a saved input: it fits its stage's schema, and what it says of each type that type's own.

    A type's schema is about an input whose resources are all of it, so each is asked about its own.
    """
    document = json.loads(Path(file).read_text("utf-8"))
    for name in (document["stage"], "input"):
        _fits(document, json.loads((PUBLISHED / f"{name}.json").read_text("utf-8")))
    schemas = bootstrap.policy_schemas()
    names = {type: name for name, type in schemas.types.items()}
    types = {item["type"] for part in ("resource_changes", "resources") for item in document[part]}
    for type in types & set(names):
        of_type = {
            part: [i for i in document[part] if i["type"] == type]
            for part in ("resource_changes", "resources")
        }
        _fits({**document, **of_type}, schemas.named(f"types.{names[type]}"))
    return types


def _fits(document, schema) -> None:
    jsonschema.Draft202012Validator(schema).validate(document)
