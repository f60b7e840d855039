"""One ARM type as the provider needs it: the core's schema, and how the type is spoken to.

Enters: data from the tables beside this file. Leaves: `ArmKind`. Holds no state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.kit.shapes import obj, text
from orchestrator.model.health import Level
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.schema import Property

from .shape import TAGS, identifier, status_of

PAGE = 100
CONSISTENCY = 2.0
"""Seconds for which a read through another door of Resource Manager may say 404 of what was made at this one."""

PROVISIONING: Mapping[str, Level] = {
    "Succeeded": Level.HEALTHY,
    "Creating": Level.PROGRESSING,
    "Updating": Level.PROGRESSING,
    "Accepted": Level.PROGRESSING,
    "Running": Level.PROGRESSING,
    "ResolvingDns": Level.PROGRESSING,
    "Migrating": Level.PROGRESSING,
    "Failed": Level.FAILED,
    "Canceled": Level.FAILED,
    "Deleting": Level.FAILED,
}


@dataclass(frozen=True, slots=True)
class ArmKind:
    """A type: `collection` is what its URL has between the parent and the name."""

    schema: KindSchema
    version: str
    collection: str
    parent: TypeName
    tagged: bool = True
    conditional: bool = False
    """The service honours If-Match and If-None-Match."""
    patches: bool = False
    """Updates are sent as PATCH with what changes; else as PUT of the whole body."""
    state: str = "provisioningState"
    """The property that tells how far the service is; "" where it tells nothing."""
    levels: Mapping[str, Level] = field(default_factory=lambda: PROVISIONING)
    instance_view: bool = False
    """Read through the compute client, for the power state."""
    wanted: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    """Of a spec that was read, what somebody can have wanted: without what the service chose by itself."""

    @property
    def type(self) -> TypeName:
        """The ARM type."""
        return self.schema.type

    @property
    def listed(self) -> bool:
        """Whether one list of the subscription shows all of them."""
        return not self.parent or self.parent == GROUP


GROUP = TypeName("Microsoft.Resources/resourceGroups")
SEGMENT = r"[^/]+"
_VERBS = ("read", "write", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a table says of a type; `kind` makes the rest of it."""

    type: str
    version: str
    summary: str
    parent: str = GROUP
    properties: Mapping[str, Property] = field(default_factory=dict)
    top: Mapping[str, Property] = field(default_factory=dict)
    """Beside `properties`: sku, kind, zones, identity."""
    shown: Mapping[str, Property] = field(default_factory=dict)
    """What only the service sets, below `properties`."""
    shown_top: Mapping[str, Property] = field(default_factory=dict)
    located: bool = True
    tagged: bool = True
    conditional: bool = False
    patches: bool = False
    state: str = "provisioningState"
    levels: Mapping[str, Level] = field(default_factory=lambda: PROVISIONING)
    instance_view: bool = False
    stateful: bool = False
    readiness: bool = False
    needs_properties: bool = False
    absorbs: Mapping[str, str] = field(default_factory=dict)
    name: str = r"^[A-Za-z0-9_.()-]{1,90}$"
    parent_id: str = ""
    collection: str = ""
    joins: tuple[str, ...] = ()
    """What else Azure's access control asks for: a reference to another object is an action on that."""
    same_parent: Callable[[Any], Any] | None = None
    refine: Callable[[Mapping[str, Any]], list[str]] | None = None
    wanted: Callable[[dict[str, Any]], dict[str, Any]] | None = None


def kind(facts: Facts) -> ArmKind:
    """The kind that the facts describe."""
    spec = _spec(facts)
    schema = KindSchema(
        TypeName(facts.type),
        spec,
        status_of(spec, facts.shown, facts.shown_top),
        summary=facts.summary,
        reads=_reads(facts),
        marking=Marking.DETERMINISTIC if facts.tagged else Marking.NATURAL,
        consistency=CONSISTENCY,
        natural_key=("parent", "name") if facts.parent else ("name",),
        parent="parent" if facts.parent else "",
        absorbs={path: TypeName(child) for path, child in facts.absorbs.items()},
        stateful=facts.stateful,
        unique_name="name",
        readiness=facts.readiness,
        permissions=(*(f"{_operations(facts.type)}/{verb}" for verb in _VERBS), *facts.joins),
        documentation=f"learn.microsoft.com/azure/templates/{facts.type.lower()}",
        refine=facts.refine,
    )
    return ArmKind(
        schema,
        facts.version,
        facts.collection or _collection(facts),
        TypeName(facts.parent),
        tagged=facts.tagged,
        conditional=facts.conditional,
        patches=facts.patches,
        state=facts.state,
        levels=facts.levels,
        instance_view=facts.instance_view,
        wanted=facts.wanted,
    )


def _operations(type: str) -> str:
    """How the operations of a type begin, as ``az provider operation show`` lists them."""
    return "Microsoft.Resources/subscriptions/resourceGroups" if type == GROUP else type


def _collection(facts: Facts) -> str:
    if not facts.parent:
        return "resourceGroups"
    if facts.parent == GROUP:
        return f"providers/{facts.type}"
    return facts.type.rsplit("/", 1)[-1]


def _reads(facts: Facts) -> tuple[ReadWay, ...]:
    ways = [ReadWay(How.GET)]
    if facts.parent:
        ways.insert(0, ReadWay(How.CHILDREN, PAGE))
    if facts.parent in ("", GROUP):
        ways.insert(0, ReadWay(How.LIST, PAGE))
    return tuple(ways)


def _spec(facts: Facts) -> Property:
    members: dict[str, Property] = {
        "name": text("The resource's name.", required=True, create_only=True, pattern=facts.name),
        "apiVersion": text(f"The version of the API to speak; {facts.version} where it is not said."),
    }
    if facts.parent:
        members["parent"] = identifier(
            f"The id of the {facts.parent.rsplit('/', 1)[-1]} that it belongs to.",
            required=True,
            create_only=True,
            pattern=facts.parent_id or _parent_pattern(facts.parent),
            normalize=facts.same_parent,
        )
    if facts.located:
        members["location"] = text("The region.", required=True, create_only=True, normalize=same_location)
    if facts.tagged:
        members["tags"] = TAGS
    members.update(facts.top)
    if facts.properties:
        members["properties"] = obj(facts.properties, required=facts.needs_properties)
    return obj(members)


def same_location(value: Any) -> Any:
    """ARM's short name of a region: "West Europe" and "westeurope" are one."""
    return value.replace(" ", "").lower() if isinstance(value, str) else value


def _parent_pattern(parent: str) -> str:
    group = rf"(?i)^/subscriptions/{SEGMENT}/resourceGroups/{SEGMENT}"
    if parent == GROUP:
        return f"{group}$"
    namespace, *types = parent.split("/")
    return f"{group}/providers/{namespace}" + "".join(f"/{each}/{SEGMENT}" for each in types) + "$"
