"""How each of Octavia's types is made."""

from __future__ import annotations

from typing import Any

from providers.openstack.sandbox.calls import Answer, Call
from providers.openstack.sandbox.cloud import Body, stamp
from providers.openstack.sandbox.neutron_nets import SUBNETS
from providers.openstack.sandbox.neutron_ports import allocate, blank_port
from providers.openstack.sandbox.octavia_core import (
    asked,
    balancer_of,
    below,
    find,
    made,
    refuse_immutable,
)
from providers.openstack.sandbox.octavia_types import (
    BALANCERS,
    LISTENERS,
    MEMBERS,
    MONITORS,
    POLICIES,
    POOLS,
    RULES,
    Type,
)
from providers.openstack.sandbox.problems import Problem, bad_request, conflict

# Creations.

_SESSION = ("type", "cookie_name", "persistence_timeout", "persistence_granularity")
_OWNER = "Octavia"


def create_balancer(call: Call) -> Answer:
    """Make a balancer."""
    body = asked(call, BALANCERS)
    if not any(body[name] for name in ("vip_port_id", "vip_network_id", "vip_subnet_id")):
        raise bad_request(
            "Validation failure: VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id."
        )
    subnet = SUBNETS.find(call, str(body["vip_subnet_id"]))
    network = subnet["network_id"]
    mac = call.cloud.mac()
    wanted = {
        "subnet_id": subnet["id"],
        **({"ip_address": body["vip_address"]} if body["vip_address"] else {}),
    }
    fixed = allocate(call.cloud, network, [wanted], mac=mac)
    port = {
        **blank_port(network, mac),
        "id": call.cloud.new_id(),
        "name": "octavia-lb",
        "fixed_ips": fixed[:1],
        "device_owner": _OWNER,
        "device_id": "lb",
        "tags": [],
        "revision_number": 1,
        "created_at": stamp(),
        "updated_at": stamp(),
        "project_id": call.project.id,
        "tenant_id": call.project.id,
        "_project": call.project.id,
    }
    call.cloud.add("ports", port)
    place = {"vip_address": fixed[0]["ip_address"], "vip_network_id": network, "vip_port_id": port["id"]}
    return made(call, BALANCERS, {**body, **place}, _own_port=True)


def create_listener(call: Call) -> Answer:
    """Make a listener."""
    body = asked(call, LISTENERS)
    balancer = find(call, BALANCERS, str(body["loadbalancer_id"]))
    refuse_immutable(balancer)
    for other in below(call.cloud, LISTENERS, "_balancer", balancer["id"]):
        if (other["protocol_port"], other["protocol"] == "UDP") == (
            body["protocol_port"],
            body["protocol"] == "UDP",
        ):
            said = f"protocol {body['protocol']} and protocol_port {body['protocol_port']}"
            raise conflict(f"Another Listener on this Load Balancer is already using {said}")
    if body["default_pool_id"]:
        find(call, POOLS, body["default_pool_id"])
    return made(call, LISTENERS, body, _balancer=balancer["id"])


def session(value: Any) -> Body | None:
    """Write how sessions stick, as it is kept."""
    return {name: value.get(name) for name in _SESSION} if value else None


def create_pool(call: Call) -> Answer:
    """Make a pool."""
    body = asked(call, POOLS)
    listener = find(call, LISTENERS, body["listener_id"]) if body["listener_id"] else None
    if listener is None and not body["loadbalancer_id"]:
        raise bad_request("Validation failure: Must provide at least one of: loadbalancer_id, listener_id")
    balancer = find(call, BALANCERS, listener["_balancer"] if listener else body["loadbalancer_id"])
    if listener is not None and listener["default_pool_id"]:
        raise conflict("This listener already has a default pool")
    refuse_immutable(balancer)
    body["session_persistence"] = session(body["session_persistence"])
    answer = made(call, POOLS, body, _balancer=balancer["id"])
    if listener is not None:
        listener["default_pool_id"] = answer.body["pool"]["id"]
        answer.body["pool"]["listeners"] = [{"id": listener["id"]}]
    return answer


def parent_of(call: Call, type: Type, key: str, said: str) -> Body:
    """Give the parent in the path; its absence has a shape of its own."""
    found = call.cloud.table(type.table).get(key)
    if found is None or not call.sees(found):
        raise Problem(404, f"{said} {key} not found.", type="path")
    return found


def create_member(call: Call, key: str) -> Answer:
    """Make a member."""
    pool = parent_of(call, POOLS, key, "Pool")
    body = asked(call, MEMBERS)
    for other in below(call.cloud, MEMBERS, "_pool", pool["id"]):
        if (other["address"], other["protocol_port"]) == (body["address"], body["protocol_port"]):
            said = f"ip {body['address']} on protocol_port {body['protocol_port']}"
            raise conflict(f"Another member on this pool is already using {said}")
    refuse_immutable(pool, "Pool")
    refuse_immutable(balancer_of(call, pool))
    return made(call, MEMBERS, body, _pool=pool["id"], _balancer=pool["_balancer"])


def create_monitor(call: Call) -> Answer:
    """Make a monitor."""
    body = asked(call, MONITORS)
    pool = find(call, POOLS, body["pool_id"])
    if below(call.cloud, MONITORS, "_pool", pool["id"]):
        raise conflict("This pool already has a health monitor")
    refuse_immutable(balancer_of(call, pool))
    if body["type"] in {"HTTP", "HTTPS"}:
        usual = {"http_method": "GET", "url_path": "/", "expected_codes": "200"}
        body |= {name: body[name] or value for name, value in usual.items()}
    return made(call, MONITORS, body, _pool=pool["id"], _balancer=pool["_balancer"])


def create_policy(call: Call) -> Answer:
    """Make a policy."""
    body = asked(call, POLICIES)
    listener = find(call, LISTENERS, body["listener_id"])
    refuse_immutable(balancer_of(call, listener))
    if body["redirect_pool_id"]:
        find(call, POOLS, body["redirect_pool_id"])
    others = below(call.cloud, POLICIES, "listener_id", listener["id"])
    place = body["position"] or len(others) + 1
    body["position"] = min(place, len(others) + 1)
    for other in others:
        if other["position"] >= body["position"]:
            other["position"] += 1
    if body["action"] in {"REDIRECT_TO_URL", "REDIRECT_PREFIX"}:
        body["redirect_http_code"] = body["redirect_http_code"] or 302
    return made(call, POLICIES, body, _balancer=listener["_balancer"])


def check_key(body: Body) -> None:
    """Refuse a rule that names nothing to look at."""
    if body["type"] in {"HEADER", "COOKIE", "SSL_DN_FIELD"} and not body["key"]:
        raise bad_request("Error parsing L7Rule: Invalid L7 Rule: L7 rule type requires a key")


def create_rule(call: Call, key: str) -> Answer:
    """Make a rule."""
    policy = parent_of(call, POLICIES, key, "L7Policy")
    body = asked(call, RULES)
    check_key(body)
    refuse_immutable(policy, "L7Policy")
    refuse_immutable(balancer_of(call, policy))
    return made(call, RULES, body, _policy=policy["id"], _balancer=policy["_balancer"])
