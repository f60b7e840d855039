"""Ports of a floating address that lead to ports of machines."""

from __future__ import annotations

from providers.openstack.sandbox.attributes import COMMON, REQUIRED, Attribute, checked
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, shown
from providers.openstack.sandbox.listing import network_links, page
from providers.openstack.sandbox.neutron_base import touched
from providers.openstack.sandbox.neutron_floating import FLOATING, router_between
from providers.openstack.sandbox.neutron_ports import PORTS
from providers.openstack.sandbox.problems import bad_request, missing

_LABEL = "port_forwarding"
_PROTOCOLS = ("tcp", "udp", "icmp", "icmp6", "sctp", "dccp")
_ATTRIBUTES = {
    "id": COMMON["id"],
    "description": Attribute(),
    "protocol": Attribute(default=REQUIRED),
    "external_port": Attribute("integer", default=REQUIRED),
    "internal_port": Attribute("integer", default=REQUIRED),
    "internal_port_id": Attribute(default=REQUIRED),
    "internal_ip_address": Attribute(default=REQUIRED),
}


def below(call: Call, floating: Body) -> list[Body]:
    """Give the forwardings of an address."""
    return [f for f in call.cloud.table("port_forwardings").values() if f["_floating"] == floating["id"]]


def _shown(forwarding: Body) -> Body:
    outer, inner = forwarding["external_port"], forwarding["internal_port"]
    ranges = {"external_port_range": f"{outer}:{outer}", "internal_port_range": f"{inner}:{inner}"}
    return {**shown(forwarding), **ranges}


def _asked(call: Call) -> Body:
    body = checked(call, _LABEL, _ATTRIBUTES, call.body(_LABEL))
    if "protocol" in body and body["protocol"] not in _PROTOCOLS:
        raise bad_request(f"Invalid input for protocol. Reason: {body['protocol']} is not in valid_values.")
    return body


def _refuse_twice(call: Call, floating: Body, wanted: Body) -> None:
    for other in below(call, floating):
        if other["id"] == wanted.get("id") or other["protocol"] != wanted["protocol"]:
            continue
        inner = ("internal_port_id", "internal_ip_address", "internal_port")
        for side, same in (
            ("internal", all(other[key] == wanted[key] for key in inner)),
            ("external", other["external_port"] == wanted["external_port"]),
        ):
            if same:
                mine, theirs = wanted[f"{side}_port"], other[f"{side}_port"]
                raise bad_request(
                    f"Bad port_forwarding request: There is a port collision with the {side}_port_range. The following "
                    f"ranges collide: {mine}:{mine} and {theirs}:{theirs}.",
                    "BadRequest",
                )


def _find(call: Call, key: str, own: str) -> tuple[Body, Body]:
    floating = FLOATING.find(call, key)
    found = call.cloud.table("port_forwardings").get(own)
    if found is None or found["_floating"] != floating["id"]:
        raise missing(f"Port Forwarding {own} could not be found.", "PortForwardingNotFound")
    return floating, found


def _create(call: Call, key: str) -> Answer:
    floating = FLOATING.find(call, key)
    body = _asked(call)
    port = PORTS.find(call, body["internal_port_id"])
    _refuse_twice(call, floating, body)
    router = router_between(call, floating["floating_network_id"], port)
    owner = {"_floating": floating["id"], "_project": floating["_project"]}
    made = call.cloud.add("port_forwardings", {**body, "id": call.cloud.new_id(), **owner})
    floating["router_id"] = router
    touched(floating)
    return Answer(201, {_LABEL: _shown(made)})


def _update(call: Call, key: str, own: str) -> Answer:
    floating, found = _find(call, key, own)
    change = _asked(call)
    _refuse_twice(call, floating, {**found, **change})
    found.update(change)
    touched(floating)
    return Answer(200, {_LABEL: _shown(found)})


def _delete(call: Call, key: str, own: str) -> Answer:
    floating, found = _find(call, key, own)
    del call.cloud.table("port_forwardings")[found["id"]]
    if not below(call, floating):
        floating["router_id"] = None
    touched(floating)
    return Answer(204)


def _list(call: Call, key: str) -> Answer:
    found = [_shown(f) for f in below(call, FLOATING.find(call, key))]
    chunk, marker = page(call, found, lost=missing("The resource could not be found."))
    return Answer(200, {f"{_LABEL}s": chunk, **network_links(call, f"{_LABEL}s", chunk, marker)})


def _show(call: Call, key: str, own: str) -> Answer:
    return Answer(200, {_LABEL: _shown(_find(call, key, own)[1])})


_ROOT = "/v2.0/floatingips/<key>/port_forwardings"
ROUTES = (
    Route("GET", _ROOT, _list),
    Route("POST", _ROOT, _create),
    Route("GET", f"{_ROOT}/<own>", _show),
    Route("PUT", f"{_ROOT}/<own>", _update),
    Route("DELETE", f"{_ROOT}/<own>", _delete),
)
