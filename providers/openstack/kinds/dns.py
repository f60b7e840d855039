"""Designate's zones and record sets, by its API reference v2. Not proved against a real service yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.collection import CollectionKind, Progress
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import Listing
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import empty_is_none

UNPROVED: Final = "By its API reference; not proved against a real Designate yet."
_OR_NOTHING: Final = ("string", "null")
_DOING: Final = Progress(("ACTIVE",), ("ERROR",), lingers=True)
_TYPES: Final = (
    "A",
    "AAAA",
    "CAA",
    "CERT",
    "CNAME",
    "MX",
    "NAPTR",
    "NS",
    "PTR",
    "SPF",
    "SRV",
    "SSHFP",
    "TXT",
)


def _dotted(value: Any) -> Any:
    """Names end with a dot, in small letters."""
    return value.lower().rstrip(".") + "." if isinstance(value, str) else value


def _refine_zone(wanted: Mapping[str, Any]) -> list[str]:
    secondary = wanted.get("type") == "SECONDARY"
    if secondary and not wanted.get("primaries"):
        return ["a secondary zone needs the primaries that it is copied from"]
    if not secondary and "email" not in wanted:
        return ["a primary zone needs the email of whoever keeps it"]
    return []


ZONE: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Designate::Zone"),
        spec(
            name=text("its name, as example.org.", required=True, create_only=True, normalize=_dotted),
            email=Property(_OR_NOTHING, "who keeps it", default=None),
            ttl=number("seconds for which its records may be kept", minimum=1, maximum=2147483647),
            description=Property(_OR_NOTHING, "what it is for", default=None, normalize=empty_is_none),
            type=text(
                "primary, or copied", enum=("PRIMARY", "SECONDARY"), default="PRIMARY", create_only=True
            ),
            primaries=Property(
                "array",
                "servers that a copied one comes from",
                items=text("a server"),
                unordered=True,
                default=[],
            ),
        ),
        status(
            name=text("its name", stable=True),
            status=text("ACTIVE once the servers have it"),
            serial=number("its serial number"),
            pool_id=text("the servers that have it", stable=True),
        ),
        "A zone of the domain name system",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name",),
        unique_name="name",
        stateful=True,
        readiness=True,
        permissions=("create_zone", "get_zone", "get_zones", "update_zone", "delete_zone"),
        documentation=UNPROVED,
        refine=_refine_zone,
    ),
    Listing("dns", "/zones", "", "zones", alive=lambda body: body.get("action") != "DELETE"),
    (
        Field("name", to=lambda _c, value: _dotted(value)),
        Field("email"),
        Field("ttl"),
        Field("description"),
        Field("type"),
        Field("primaries", "masters"),
    ),
    lambda body: picked(body, "name", "status", "serial", "pool_id"),
    progress=_DOING,
    verb="PATCH",
)


def _placed(body: Body) -> Body:
    """A record set is known by its zone and its own id."""
    own = str(body["id"])
    return body if "/" in own else {**body, "id": f"{body['zone_id']}/{own}"}


def _without_zone(_cloud: Cloud, body: dict[str, Any], _wanted: Spec) -> dict[str, Any]:
    """The path names the zone."""
    return {key: value for key, value in body.items() if key != "zone_id"}


RECORD_SET: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Designate::RecordSet"),
        spec(
            zone=text("the zone, by name (as example.org.) or id", required=True, create_only=True),
            name=text("its name, as www.example.org.", required=True, create_only=True, normalize=_dotted),
            type=text("what it tells", enum=_TYPES, required=True, create_only=True),
            records=Property("array", "what is told", items=text("a record"), unordered=True, required=True),
            ttl=Property(
                ("integer", "null"), "seconds for which it may be kept; none: the zone's", default=None
            ),
            description=Property(_OR_NOTHING, "what it is for", default=None, normalize=empty_is_none),
        ),
        status(name=text("its name", stable=True), status=text("ACTIVE once the servers have it")),
        "Records of one name and type in a zone",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name", "zone", "type"),
        parent="zone",
        readiness=True,
        permissions=("create_recordset", "get_recordset", "update_recordset", "delete_recordset"),
        documentation=UNPROVED,
    ),
    Listing(
        "dns",
        "/recordsets",
        "",
        "recordsets",
        alive=lambda body: body.get("action") != "DELETE",
        shaped=_placed,
        below="/zones/{}/recordsets",
    ),
    (
        reference("zone", "zone_id", "zone"),
        Field("name", to=lambda _c, value: _dotted(value)),
        Field("type"),
        Field("records"),
        Field("ttl"),
        Field("description"),
    ),
    lambda body: picked(body, "name", "status"),
    progress=_DOING,
    creating=_without_zone,
    made_at=lambda cloud, wanted: f"/zones/{cloud.names.id('zone', wanted['zone'])}/recordsets",
)
