"""Octavia: load balancers and what hangs below them, of which one load balancer's are changed one at a time.

Every change makes the object and its load balancer PENDING; both are ACTIVE again after the cloud's transition time,
and until then every other change is refused with 409.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, Cloud, shown, stamp
from providers.openstack.sandbox.listing import next_url, page
from providers.openstack.sandbox.neutron_nets import SUBNETS
from providers.openstack.sandbox.neutron_ports import allocate, blank_port
from providers.openstack.sandbox.octavia_types import (
    BALANCERS,
    LISTENERS,
    MEMBERS,
    MONITORS,
    POLICIES,
    POOLS,
    REQUIRED,
    RULES,
    Type,
)
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, missing

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SESSION = ("type", "cookie_name", "persistence_timeout", "persistence_granularity")
_REDIRECTS = ("redirect_pool_id", "redirect_url", "redirect_prefix")
_OWNER = "Octavia"


def _lost(type: Type, key: str) -> Problem:
    return missing(f"{type.said} {key} not found.")


def _find(call: Call, type: Type, key: str) -> Body:
    return call.find(type.table, key, _lost(type, key))


def _below(cloud: Cloud, type: Type, attribute: str, key: str) -> list[Body]:
    """Objects of a type that hang below another, oldest first."""
    found = [body for body in cloud.table(type.table).values() if body.get(attribute) == key]
    return sorted(found, key=lambda body: body["_order"])


def _ids(bodies: list[Body]) -> list[Body]:
    return [{"id": body["id"]} for body in bodies]


def _balancer(call: Call, body: Body) -> Body:
    return call.cloud.table(BALANCERS.table)[body["_balancer"]]


# What is shown of each.
def _show_balancer(cloud: Cloud, body: Body) -> Body:
    below = {type.plural: _ids(_below(cloud, type, "_balancer", body["id"])) for type in (LISTENERS, POOLS)}
    return {**shown(body), **below}


def _show_listener(cloud: Cloud, body: Body) -> Body:
    policies = sorted(
        _below(cloud, POLICIES, "listener_id", body["id"]), key=lambda policy: policy["position"]
    )
    return {**shown(body), "l7policies": _ids(policies), "loadbalancers": [{"id": body["_balancer"]}]}


def _show_pool(cloud: Cloud, body: Body) -> Body:
    listeners = _below(cloud, LISTENERS, "default_pool_id", body["id"])
    monitors = _below(cloud, MONITORS, "_pool", body["id"])
    own = {
        "members": _ids(_below(cloud, MEMBERS, "_pool", body["id"])),
        "listeners": _ids(listeners),
        "loadbalancers": [{"id": body["_balancer"]}],
    }
    return {**shown(body), **own, **({"healthmonitor_id": monitors[0]["id"]} if monitors else {})}


def _show_monitor(_cloud: Cloud, body: Body) -> Body:
    return {**shown(body), "pools": [{"id": body["_pool"]}]}


def _show_policy(cloud: Cloud, body: Body) -> Body:
    return {**shown(body), "rules": _ids(_below(cloud, RULES, "_policy", body["id"]))}


_SHOW: Mapping[str, Callable[[Cloud, Body], Body]] = {
    "loadbalancer": _show_balancer,
    "listener": _show_listener,
    "pool": _show_pool,
    "healthmonitor": _show_monitor,
    "l7policy": _show_policy,
}


def _shown(call: Call, type: Type, body: Body) -> Body:
    show = _SHOW.get(type.label)
    return show(call.cloud, body) if show else shown(body)


# What is asked for.
def _asked(call: Call, type: Type) -> Body:
    """Check a body: its envelope, its attributes, and their values."""
    payload = call.payload if isinstance(call.payload, dict) else {}
    for name in payload:
        if name != type.label:
            raise bad_request(f"Unknown attribute for argument {type.argument}: {name}")
    body = dict(payload.get(type.label) or {})
    creating = call.method == "POST"
    for name in body:
        if name not in type.attributes or (not creating and name in type.fixed):
            raise bad_request(f"Unknown attribute for argument {type.argument}.{type.label}: {name}")
    for name, value in body.items():
        _check(type, name, value)
    if not creating:
        return body
    for name, default in type.attributes.items():
        if default is REQUIRED and body.get(name) is None:
            raise _invalid(name, None, "Mandatory field missing.")
    return {**type.attributes, **body}


def _invalid(name: str, value: Any, said: str) -> Problem:
    return bad_request(f"Invalid input for field/attribute {name}. Value: '{value}'. {said}")


def _check(type: Type, name: str, value: Any) -> None:
    if value is None:
        return
    if name in type.values and value not in type.values[name]:
        raise _invalid(name, value, f"Value should be one of: {', '.join(type.values[name])}")
    if name in {"name", "description"} and not isinstance(value, str):
        raise _invalid(name, value, "Value should be string")
    if name.endswith("_id") and name != "project_id" and not _UUID.fullmatch(str(value)):
        raise _invalid(name, value, "Value should be UUID format")


# How a change goes.
def _work(call: Call, type: Type, body: Body, state: str) -> None:
    """Make an object and its load balancer pending, and let both be active after a while."""
    cloud = call.cloud
    balancer = body if type is BALANCERS else _balancer(call, body)
    body["provisioning_status"] = state
    if body is not balancer:
        balancer["provisioning_status"] = "PENDING_UPDATE"

    def done() -> None:
        if state == "PENDING_DELETE":
            _drop(cloud, type, body)
        else:
            body.update(provisioning_status="ACTIVE", operating_status=type.operating[1], updated_at=_now())
        if body is not balancer and balancer["provisioning_status"] == "PENDING_UPDATE":
            balancer.update(provisioning_status="ACTIVE", updated_at=_now())

    cloud.later(cloud.transition, done)


def _now() -> str:
    return stamp().removesuffix("Z")


def _refuse_busy(call: Call, type: Type, body: Body) -> None:
    if type is BALANCERS:
        if body["provisioning_status"].startswith("PENDING"):
            message = f"Invalid state {body['provisioning_status']} of loadbalancer resource {body['id']}"
            raise conflict(message)
        return
    _refuse_immutable(_balancer(call, body))


def _refuse_immutable(balancer: Body) -> None:
    if balancer["provisioning_status"] != "ACTIVE":
        raise conflict(f"Load Balancer {balancer['id']} is immutable and cannot be updated.")


def _drop(cloud: Cloud, type: Type, body: Body) -> None:
    """Take an object away with what is its own: Octavia's deletions take these along."""
    cloud.table(type.table).pop(body["id"], None)
    if type is BALANCERS:
        for below in (LISTENERS, POOLS):
            for child in _below(cloud, below, "_balancer", body["id"]):
                _drop(cloud, below, child)
        if body["_own_port"]:
            cloud.table("ports").pop(body["vip_port_id"], None)
    elif type is LISTENERS:
        for policy in _below(cloud, POLICIES, "listener_id", body["id"]):
            _drop(cloud, POLICIES, policy)
    elif type is POOLS:
        for below in (MEMBERS, MONITORS):
            for child in _below(cloud, below, "_pool", body["id"]):
                _drop(cloud, below, child)
        for listener in _below(cloud, LISTENERS, "default_pool_id", body["id"]):
            listener["default_pool_id"] = None
    elif type is POLICIES:
        for rule in _below(cloud, RULES, "_policy", body["id"]):
            _drop(cloud, RULES, rule)


def _made(call: Call, type: Type, body: Body, **above: Any) -> Answer:
    """Keep a new object, and start the work on it."""
    kept = {name: value for name, value in body.items() if name not in type.sent_only}
    whose = {"project_id": call.project.id, "tenant_id": call.project.id, "_project": call.project.id}
    times = {"created_at": _now(), "updated_at": None, "operating_status": type.operating[0]}
    made = {"id": call.cloud.new_id(), **kept, **type.shown, **times, **whose, **above}
    call.cloud.add(type.table, made)
    _work(call, type, made, "PENDING_CREATE")
    return Answer(201, {type.label: _shown(call, type, made)})


# Creations.
def _create_balancer(call: Call) -> Answer:
    body = _asked(call, BALANCERS)
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
    return _made(call, BALANCERS, {**body, **place}, _own_port=True)


def _create_listener(call: Call) -> Answer:
    body = _asked(call, LISTENERS)
    balancer = _find(call, BALANCERS, str(body["loadbalancer_id"]))
    _refuse_immutable(balancer)
    for other in _below(call.cloud, LISTENERS, "_balancer", balancer["id"]):
        if (other["protocol_port"], other["protocol"] == "UDP") == (
            body["protocol_port"],
            body["protocol"] == "UDP",
        ):
            said = f"protocol {body['protocol']} and protocol_port {body['protocol_port']}"
            raise conflict(f"Another Listener on this Load Balancer is already using {said}")
    if body["default_pool_id"]:
        _find(call, POOLS, body["default_pool_id"])
    return _made(call, LISTENERS, body, _balancer=balancer["id"])


def _session(value: Any) -> Body | None:
    return {name: value.get(name) for name in _SESSION} if value else None


def _create_pool(call: Call) -> Answer:
    body = _asked(call, POOLS)
    listener = _find(call, LISTENERS, body["listener_id"]) if body["listener_id"] else None
    if listener is None and not body["loadbalancer_id"]:
        raise bad_request("Validation failure: Must provide at least one of: loadbalancer_id, listener_id")
    balancer = _find(call, BALANCERS, listener["_balancer"] if listener else body["loadbalancer_id"])
    if listener is not None and listener["default_pool_id"]:
        raise conflict("This listener already has a default pool")
    _refuse_immutable(balancer)
    body["session_persistence"] = _session(body["session_persistence"])
    answer = _made(call, POOLS, body, _balancer=balancer["id"])
    if listener is not None:
        listener["default_pool_id"] = answer.body["pool"]["id"]
        answer.body["pool"]["listeners"] = [{"id": listener["id"]}]
    return answer


def _parent(call: Call, type: Type, key: str, said: str) -> Body:
    """Give the parent in the path; its absence has a shape of its own."""
    found = call.cloud.table(type.table).get(key)
    if found is None or not call.sees(found):
        raise Problem(404, f"{said} {key} not found.", type="path")
    return found


def _create_member(call: Call, key: str) -> Answer:
    pool = _parent(call, POOLS, key, "Pool")
    body = _asked(call, MEMBERS)
    for other in _below(call.cloud, MEMBERS, "_pool", pool["id"]):
        if (other["address"], other["protocol_port"]) == (body["address"], body["protocol_port"]):
            said = f"ip {body['address']} on protocol_port {body['protocol_port']}"
            raise conflict(f"Another member on this pool is already using {said}")
    _refuse_immutable(_balancer(call, pool))
    return _made(call, MEMBERS, body, _pool=pool["id"], _balancer=pool["_balancer"])


def _create_monitor(call: Call) -> Answer:
    body = _asked(call, MONITORS)
    pool = _find(call, POOLS, body["pool_id"])
    if _below(call.cloud, MONITORS, "_pool", pool["id"]):
        raise conflict("This pool already has a health monitor")
    _refuse_immutable(_balancer(call, pool))
    if body["type"] in {"HTTP", "HTTPS"}:
        usual = {"http_method": "GET", "url_path": "/", "expected_codes": "200"}
        body |= {name: body[name] or value for name, value in usual.items()}
    return _made(call, MONITORS, body, _pool=pool["id"], _balancer=pool["_balancer"])


def _create_policy(call: Call) -> Answer:
    body = _asked(call, POLICIES)
    listener = _find(call, LISTENERS, body["listener_id"])
    _refuse_immutable(_balancer(call, listener))
    if body["redirect_pool_id"]:
        _find(call, POOLS, body["redirect_pool_id"])
    others = _below(call.cloud, POLICIES, "listener_id", listener["id"])
    asked = body["position"] or len(others) + 1
    body["position"] = min(asked, len(others) + 1)
    for other in others:
        if other["position"] >= body["position"]:
            other["position"] += 1
    if body["action"] in {"REDIRECT_TO_URL", "REDIRECT_PREFIX"}:
        body["redirect_http_code"] = body["redirect_http_code"] or 302
    return _made(call, POLICIES, body, _balancer=listener["_balancer"])


def _check_key(body: Body) -> None:
    if body["type"] in {"HEADER", "COOKIE", "SSL_DN_FIELD"} and not body["key"]:
        raise bad_request("Error parsing L7Rule: Invalid L7 Rule: L7 rule type requires a key")


def _create_rule(call: Call, key: str) -> Answer:
    policy = _parent(call, POLICIES, key, "L7Policy")
    body = _asked(call, RULES)
    _check_key(body)
    _refuse_immutable(_balancer(call, policy))
    return _made(call, RULES, body, _policy=policy["id"], _balancer=policy["_balancer"])


# Changes and deletions.
def _update(call: Call, type: Type, body: Body) -> Answer:
    change = _asked(call, type)
    _refuse_busy(call, type, body)
    if type is POOLS and "session_persistence" in change:
        change["session_persistence"] = _session(change["session_persistence"])
    if type is LISTENERS and "allowed_cidrs" in change:
        change["allowed_cidrs"] = change["allowed_cidrs"] or None
    if type is POLICIES:
        _redirect(body, change)
        _move(call.cloud, body, change)
    if type is RULES:
        _check_key({**body, **change})
    defaults = {name: type.attributes[name] for name, value in change.items() if value is None}
    body.update({**change, **defaults})
    _work(call, type, body, "PENDING_UPDATE")
    return Answer(200, {type.label: _shown(call, type, body)})


def _redirect(body: Body, change: Body) -> None:
    """A redirect of one sort clears those of the others."""
    action = change.get("action", body["action"])
    kept: dict[str, str] = {"REDIRECT_TO_POOL": "redirect_pool_id", "REDIRECT_TO_URL": "redirect_url"}
    for name in _REDIRECTS:
        if name != kept.get(str(action), "redirect_prefix" if action == "REDIRECT_PREFIX" else ""):
            change[name] = None
    if action in {"REDIRECT_TO_URL", "REDIRECT_PREFIX"}:
        change["redirect_http_code"] = change.get("redirect_http_code") or body["redirect_http_code"] or 302
    else:
        change["redirect_http_code"] = None


def _move(cloud: Cloud, body: Body, change: Body) -> None:
    """Give a policy another place among those of its listener."""
    if change.get("position") is None:
        change.pop("position", None)
        return
    others = [p for p in _below(cloud, POLICIES, "listener_id", body["listener_id"]) if p is not body]
    others.sort(key=lambda policy: policy["position"])
    change["position"] = min(change["position"], len(others) + 1)
    others.insert(change["position"] - 1, body)
    for number, policy in enumerate(others, start=1):
        policy["position"] = number


def _delete(call: Call, type: Type, body: Body) -> Answer:
    _refuse_busy(call, type, body)
    cascades = call.query.get("cascade", "").lower() == "true"
    if type is BALANCERS and not cascades and _has_children(call.cloud, body):
        raise bad_request(f"Validation failure: Cannot delete Load Balancer {body['id']} - it has children")
    if type is POOLS:
        for policy in _below(call.cloud, POLICIES, "redirect_pool_id", body["id"]):
            raise conflict(f"Pool {body['id']} is in use by L7 policy {policy['id']}")
    _work(call, type, body, "PENDING_DELETE")
    return Answer(204)


def _has_children(cloud: Cloud, balancer: Body) -> bool:
    return any(_below(cloud, type, "_balancer", balancer["id"]) for type in (LISTENERS, POOLS))


# Lists.
def _list(call: Call, type: Type, bodies: list[Body]) -> Answer:
    items = [_shown(call, type, body) for body in bodies]
    kept = [item for item in items if _fits(call, type, item)]
    lost = bad_request(f"Supplied pagination marker '{call.query.get('marker')}' is not valid.")
    chunk, marker = page(call, kept, lost=lost)
    links = [{"href": next_url(call, marker), "rel": "next"}] if marker else []
    return Answer(200, {type.plural: chunk, f"{type.plural}_links": links})


def _fits(call: Call, type: Type, item: Body) -> bool:
    for name in call.query:
        if name in {"limit", "marker", "fields", "sort"}:
            continue
        if name == "tags":
            if not set(call.query["tags"].split(",")) <= set(item["tags"]):
                return False
        elif name not in item and name not in type.attributes:
            raise bad_request("One or more arguments are either duplicate or invalid")
        elif str(item.get(name)) != call.query[name]:
            return False
    return True


def versions(call: Call) -> Answer:
    """Answer the unversioned root."""
    links = [{"href": f"{call.base}/v2", "rel": "self"}]
    known = [{"id": f"v2.{minor}", "status": "SUPPORTED", "links": links} for minor in range(27)]
    known.append({"id": "v2.27", "status": "CURRENT", "links": links})
    return Answer(200, {"versions": known})


def _routes(type: Type, create: Callable[[Call], Answer]) -> tuple[Route, ...]:
    root = f"/v2/lbaas/{type.plural}"
    one = f"{root}/<key>"
    return (
        Route("GET", root, lambda call: _list(call, type, call.visible(type.table))),
        Route("POST", root, create),
        Route(
            "GET",
            one,
            lambda call, key: Answer(200, {type.label: _shown(call, type, _find(call, type, key))}),
        ),
        Route("PUT", one, lambda call, key: _update(call, type, _find(call, type, key))),
        Route("DELETE", one, lambda call, key: _delete(call, type, _find(call, type, key))),
    )


def _child_routes(
    above: Type, type: Type, said: str, create: Callable[[Call, str], Answer]
) -> tuple[Route, ...]:
    root = f"/v2/lbaas/{above.plural}/<key>/{type.plural}"
    one = f"{root}/<own>"
    link = "_pool" if above is POOLS else "_policy"

    def listed(call: Call, key: str) -> Answer:
        parent = _parent(call, above, key, said)
        return _list(call, type, [b for b in _below(call.cloud, type, link, parent["id"]) if call.sees(b)])

    def find(call: Call, key: str, own: str) -> Body:
        parent = _parent(call, above, key, said)
        found = _find(call, type, own)
        if found[link] != parent["id"]:
            raise _lost(type, own)
        return found

    return (
        Route("GET", root, listed),
        Route("POST", root, create),
        Route(
            "GET",
            one,
            lambda call, key, own: Answer(200, {type.label: _shown(call, type, find(call, key, own))}),
        ),
        Route("PUT", one, lambda call, key, own: _update(call, type, find(call, key, own))),
        Route("DELETE", one, lambda call, key, own: _delete(call, type, find(call, key, own))),
    )


OPEN = (Route("GET", "/", versions),)
_ROUTES = (
    *_routes(BALANCERS, _create_balancer),
    *_routes(LISTENERS, _create_listener),
    *_routes(POOLS, _create_pool),
    *_child_routes(POOLS, MEMBERS, "Pool", _create_member),
    *_routes(MONITORS, _create_monitor),
    *_routes(POLICIES, _create_policy),
    *_child_routes(POLICIES, RULES, "L7Policy", _create_rule),
)
# It answers at both, since clients ask at either.
ROUTES = tuple(
    Route(route.method, route.rule.replace("/v2/", root, 1), route.handler)
    for route in _ROUTES
    for root in ("/v2/", "/v2.0/")
)
