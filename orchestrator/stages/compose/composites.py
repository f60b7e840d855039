"""Abstract types: a schema, and for each cloud the resources that it expands to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.kit.findings import Findings
from orchestrator.model.document import Document
from orchestrator.model.schema import Property
from orchestrator.model.schema_text import property_of


@dataclass(frozen=True, slots=True)
class CloudSide:
    """One cloud's side of an abstract type, and the document that it was written in."""

    document: Document
    cloud: str
    resources: Sequence[Mapping[str, Any]]
    status: Mapping[str, Any]
    require: Sequence[Mapping[str, Any]] = ()
    gate_on: str = ""
    """The child that is made last: the composite's own gates are watched there."""


@dataclass(frozen=True, slots=True)
class CompositeType:
    """A name, its schema, and its clouds."""

    name: str
    schema: Property = field(default_factory=lambda: Property("object"))
    status: Property = field(default_factory=lambda: Property("object", additional=Property()))
    clouds: Mapping[str, CloudSide] = field(default_factory=dict)


def gather(documents: Sequence[Document], found: Findings) -> dict[str, CompositeType]:
    """The abstract types of all documents; the sides of one type may stand in several of them."""
    parts: dict[str, list[Document]] = {}
    for document in documents:
        if document.kind == "CompositeType":
            parts.setdefault(document.name, []).append(document)
    return {name: _merge(name, group, found) for name, group in sorted(parts.items())}


def _merge(name: str, group: Sequence[Document], found: Findings) -> CompositeType:
    schemas = [d for d in group if "schema" in d.body]
    if len(schemas) != 1:
        message = f"composite type {name} has no schema" if not schemas else f"two schemas for {name}"
        found.error(message, group[-1].position("metadata", "name"), "exactly one document gives the schema")
    clouds: dict[str, CloudSide] = {}
    for document in group:
        for cloud, side in document.body.get("clouds", {}).items():
            if cloud in clouds:
                other = clouds[cloud].document.position("clouds", cloud)
                found.error(
                    f"{name} has two sides for {cloud}; the other is at {other}",
                    document.position("clouds", cloud),
                )
            clouds[cloud] = CloudSide(
                document,
                cloud,
                side.get("resources", ()),
                side.get("status", {}),
                side.get("require", ()),
                str(side.get("gateOn", "")),
            )
    if not schemas:
        return CompositeType(name, clouds=clouds)
    body = schemas[0].body
    status = (
        property_of({"type": "object", **body["status"]})
        if "status" in body
        else Property("object", additional=Property())
    )
    return CompositeType(name, property_of({"type": "object", **body["schema"]}), status, clouds)
