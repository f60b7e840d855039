"""What all of Octavia's types share: what is shown, what is asked for, and how work goes.

Every change makes the object and its load balancer PENDING; both are ACTIVE again after the cloud's transition time,
and until then every other change is refused with 409.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from providers.openstack.sandbox.calls import Answer, Call
from providers.openstack.sandbox.cloud import Body, Cloud, shown, stamp
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
from providers.openstack.sandbox.quotas import check_balancing

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def lost(type: Type, key: str) -> Problem:
    """Say that there is no such object."""
    return missing(f"{type.said} {key} not found.")


def find(call: Call, type: Type, key: str) -> Body:
    """Give one object that the caller may see."""
    return call.find(type.table, key, lost(type, key))


def below(cloud: Cloud, type: Type, attribute: str, key: str) -> list[Body]:
    """Objects of a type that hang below another, oldest first."""
    found = [body for body in cloud.table(type.table).values() if body.get(attribute) == key]
    return sorted(found, key=lambda body: body["_order"])


def _ids(bodies: list[Body]) -> list[Body]:
    return [{"id": body["id"]} for body in bodies]


def balancer_of(call: Call, body: Body) -> Body:
    """Give the load balancer that an object is of."""
    return call.cloud.table(BALANCERS.table)[body["_balancer"]]


# What is shown of each.
def _show_balancer(cloud: Cloud, body: Body) -> Body:
    children = {type.plural: _ids(below(cloud, type, "_balancer", body["id"])) for type in (LISTENERS, POOLS)}
    return {**shown(body), **children}


def _show_listener(cloud: Cloud, body: Body) -> Body:
    policies = sorted(
        below(cloud, POLICIES, "listener_id", body["id"]), key=lambda policy: policy["position"]
    )
    return {**shown(body), "l7policies": _ids(policies), "loadbalancers": [{"id": body["_balancer"]}]}


def _show_pool(cloud: Cloud, body: Body) -> Body:
    listeners = below(cloud, LISTENERS, "default_pool_id", body["id"])
    monitors = below(cloud, MONITORS, "_pool", body["id"])
    own = {
        "members": _ids(below(cloud, MEMBERS, "_pool", body["id"])),
        "listeners": _ids(listeners),
        "loadbalancers": [{"id": body["_balancer"]}],
    }
    return {**shown(body), **own, **({"healthmonitor_id": monitors[0]["id"]} if monitors else {})}


def _show_monitor(_cloud: Cloud, body: Body) -> Body:
    return {**shown(body), "pools": [{"id": body["_pool"]}]}


def _show_policy(cloud: Cloud, body: Body) -> Body:
    return {**shown(body), "rules": _ids(below(cloud, RULES, "_policy", body["id"]))}


_SHOW: Mapping[str, Callable[[Cloud, Body], Body]] = {
    "loadbalancer": _show_balancer,
    "listener": _show_listener,
    "pool": _show_pool,
    "healthmonitor": _show_monitor,
    "l7policy": _show_policy,
}


def told(call: Call, type: Type, body: Body) -> Body:
    """Show an object as Octavia does."""
    show = _SHOW.get(type.label)
    return show(call.cloud, body) if show else shown(body)


# What is asked for.
def asked(call: Call, type: Type) -> Body:
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
    check_balancing(call, type.label, type.table, type.said)
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
def work(call: Call, type: Type, body: Body, state: str) -> None:
    """Make an object and its load balancer pending, and let both be active after a while."""
    cloud = call.cloud
    balancer = body if type is BALANCERS else balancer_of(call, body)
    body["provisioning_status"] = state
    if body is not balancer:
        balancer["provisioning_status"] = "PENDING_UPDATE"

    def done() -> None:
        if state == "PENDING_DELETE":
            drop(cloud, type, body)
        else:
            body.update(provisioning_status="ACTIVE", operating_status=type.operating[1], updated_at=now())
        if body is not balancer and balancer["provisioning_status"] == "PENDING_UPDATE":
            balancer.update(provisioning_status="ACTIVE", updated_at=now())

    cloud.later(cloud.transition, done)


def now() -> str:
    """Give the time as Octavia writes it."""
    return stamp().removesuffix("Z")


def refuse_busy(call: Call, type: Type, body: Body) -> None:
    """Refuse while it, or its load balancer, is being worked on."""
    if type is BALANCERS:
        if body["provisioning_status"].startswith("PENDING"):
            message = f"Invalid state {body['provisioning_status']} of loadbalancer resource {body['id']}"
            raise conflict(message)
        return
    for link, above, what in (("_pool", POOLS, "Pool"), ("_policy", POLICIES, "L7Policy")):
        if link in body:
            refuse_immutable(find(call, above, body[link]), what)
    refuse_immutable(balancer_of(call, body))


def refuse_immutable(body: Body, what: str = "Load Balancer") -> None:
    """Refuse while a load balancer, or what a child is below, is not at rest."""
    if body["provisioning_status"] != "ACTIVE":
        raise conflict(f"{what} {body['id']} is immutable and cannot be updated.")


def drop(cloud: Cloud, type: Type, body: Body) -> None:
    """Take an object away with what is its own: Octavia's deletions take these along."""
    cloud.table(type.table).pop(body["id"], None)
    if type is BALANCERS:
        for child_type in (LISTENERS, POOLS):
            for child in below(cloud, child_type, "_balancer", body["id"]):
                drop(cloud, child_type, child)
        if body["_own_port"]:
            cloud.table("ports").pop(body["vip_port_id"], None)
    elif type is LISTENERS:
        for policy in below(cloud, POLICIES, "listener_id", body["id"]):
            drop(cloud, POLICIES, policy)
    elif type is POOLS:
        for child_type in (MEMBERS, MONITORS):
            for child in below(cloud, child_type, "_pool", body["id"]):
                drop(cloud, child_type, child)
        for listener in below(cloud, LISTENERS, "default_pool_id", body["id"]):
            listener["default_pool_id"] = None
    elif type is POLICIES:
        for rule in below(cloud, RULES, "_policy", body["id"]):
            drop(cloud, RULES, rule)


def made(call: Call, type: Type, body: Body, **above: Any) -> Answer:
    """Keep a new object, and start the work on it."""
    kept = {name: value for name, value in body.items() if name not in type.sent_only}
    whose = {"project_id": call.project.id, "tenant_id": call.project.id, "_project": call.project.id}
    times = {"created_at": now(), "updated_at": None, "operating_status": type.operating[0]}
    fresh = {"id": call.cloud.new_id(), **kept, **type.shown, **times, **whose, **above}
    call.cloud.add(type.table, fresh)
    work(call, type, fresh, "PENDING_CREATE")
    return Answer(201, {type.label: told(call, type, fresh)})
