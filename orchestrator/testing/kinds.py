"""The kinds of the fake cloud: one of every marking class, and one of each other trait that the core knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.schema import Property

PAGE: Final = 10
CONSISTENCY: Final = 5.0
SPEC: Final = Property(
    "object",
    properties={
        "name": Property("string", "its name", required=True),
        "size": Property("integer", "grows and shrinks in place", minimum=1, default=1),
        "zone": Property("string", "where it lies: another zone is another object", create_only=True),
        "parent": Property("string", "the id of another object", create_only=True),
        "tags": Property("object", "free keys", additional=Property("string")),
        "password": Property("string", "never told back", write_only=True, secret=True),
    },
)
STATUS: Final = Property(
    "object",
    properties={
        "id": Property("string", stable=True),
        "state": Property("string"),
        "address": Property("string", "given by the cloud", stable=True),
        "version": Property("integer", "changes with every write"),
    },
)
TOLD: Final = {"key": Property("string", "told in the answer to the create alone", secret=True, once=True)}


def _kind(name: str, marking: Marking) -> KindSchema:
    return KindSchema(
        type=TypeName(f"Fake::{name}"),
        spec=SPEC,
        status=STATUS,
        summary=f"an object that is found again by {marking.value}",
        reads=(ReadWay(How.LIST, PAGE), ReadWay(How.GET)),
        marking=marking,
        consistency=CONSISTENCY if marking.carried else 0.0,
    )


TAG: Final = _kind("Tag", Marking.TAG)
_KINDS: Final = (
    TAG,
    replace(_kind("Put", Marking.DETERMINISTIC), unique_name="name", natural_key=("name",)),
    _kind("Token", Marking.TOKEN),
    _kind("Provisional", Marking.PROVISIONAL),
    replace(_kind("Natural", Marking.NATURAL), natural_key=("parent", "name")),
    _kind("None", Marking.NONE),
    replace(
        TAG,
        type=TypeName("Fake::Slow"),
        readiness=True,
        unique_name="name",
        summary="takes a while to come, and to go",
    ),
    replace(TAG, type=TypeName("Fake::Store"), stateful=True, summary="holds data"),
    replace(TAG, type=TypeName("Fake::Twin"), replace_first="create", summary="its new one comes first"),
    replace(
        TAG,
        type=TypeName("Fake::Key"),
        status=replace(STATUS, properties={**STATUS.properties, **TOLD}),
        summary="tells its key once",
    ),
    replace(TAG, type=TypeName("Fake::Image"), data_only=True, summary="is only looked up"),
)
KINDS: Final[Mapping[TypeName, KindSchema]] = MappingProxyType({kind.type: kind for kind in _KINDS})
"""Every kind of the fake cloud. All have the same properties."""
