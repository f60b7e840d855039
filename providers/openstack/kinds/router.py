"""OS::Neutron::Router."""

from __future__ import annotations

from typing import Any

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind
from providers.openstack.kinds.properties import ADMIN_UP, TAGS, address, name

_FIXED = spec(subnet=text("a subnet, by name or id"), ip_address=text("an address", normalize=address))
_GATEWAY = Property(
    ("object", "null"),
    "the external network that it leads to",
    properties={
        "network": text("the external network, by name or id", required=True),
        "enable_snat": flag("whether addresses are translated; administrators only"),
        "external_fixed_ips": Property("array", "its addresses there", items=_FIXED, unordered=True),
    },
    default=None,
)


def _gateway(cloud: Cloud, value: Any) -> Any:
    if not value:
        return None
    sent: dict[str, Any] = {"network_id": cloud.names.id("network", value["network"])}
    if "enable_snat" in value:
        sent["enable_snat"] = value["enable_snat"]
    if "external_fixed_ips" in value:
        sent["external_fixed_ips"] = [_fixed(cloud, entry) for entry in value["external_fixed_ips"]]
    return sent


def _fixed(cloud: Cloud, entry: dict[str, Any]) -> dict[str, Any]:
    sent = {"ip_address": entry["ip_address"]} if "ip_address" in entry else {}
    return {**sent, "subnet_id": cloud.names.id("subnet", entry["subnet"])} if "subnet" in entry else sent


def _spelled(cloud: Cloud, seen: Any, wanted: Any, _body: Body) -> Any:
    if not seen:
        return None
    asked = wanted if isinstance(wanted, dict) else {}
    shown: dict[str, Any] = {
        "network": cloud.names.spelled("network", asked.get("network"), seen["network_id"])
    }
    if "enable_snat" in seen:
        shown["enable_snat"] = seen["enable_snat"]
    names = [entry.get("subnet") for entry in asked.get("external_fixed_ips", ())]
    shown["external_fixed_ips"] = [
        {
            "subnet": next(
                (n for n in names if cloud.names.spelled("subnet", n, e["subnet_id"]) == n), e["subnet_id"]
            ),
            "ip_address": e["ip_address"],
        }
        for e in seen.get("external_fixed_ips", ())
    ]
    return shown


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "status", "external_gateway_info")


KIND = NetworkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::Router"),
        spec(
            name=name("router"),
            admin_state_up=ADMIN_UP,
            external_gateway_info=_GATEWAY,
            tags=TAGS,
        ),
        status(
            name=text("its name"),
            status=text("ACTIVE, ALLOCATING or ERROR"),
            external_gateway_info=Property(
                ("object", "null"), "the gateway, with its addresses", additional=Property()
            ),
        ),
        "Leads between networks, and outside",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        readiness=True,
        permissions=("create_router", "get_router", "update_router", "delete_router"),
    ),
    label="router",
    path="/routers",
    fields=(
        Field("name"),
        Field("admin_state_up"),
        Field("external_gateway_info", to=_gateway, back=_spelled),
    ),
    status=_status,
)
