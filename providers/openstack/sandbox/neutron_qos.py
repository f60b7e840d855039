"""Neutron's quality of service: policies, which only an administrator makes, and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.openstack.sandbox.attributes import COMMON, READ_ONLY, REQUIRED, Attribute, Table, checked
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, shown
from providers.openstack.sandbox.listing import network_links, page
from providers.openstack.sandbox.neutron_base import Collection, touched, updated
from providers.openstack.sandbox.problems import bad_request, conflict, forbidden, missing

_DSCP = (0, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40, 46, 48, 56)
_WAYS = ("egress", "ingress")


def _create_policy(call: Call, body: Body) -> Body:
    _administrators(call, "create_policy")
    return {
        "shared": False,
        "is_default": False,
        **body,
        "revision_number": 0,
        "_public": bool(body.get("shared")),
    }


def _update_policy(call: Call, body: Body, change: Body) -> None:
    _administrators(call, "update_policy")
    body.update(change)
    body["_public"] = body["shared"]


def _administrators(call: Call, rule: str) -> None:
    if not call.project.is_admin:
        raise forbidden(f"rule:{rule} is disallowed by policy")


def _rules(call: Call, policy: Body) -> list[Body]:
    found = [rule for rule in call.cloud.table("qos_rules").values() if rule["_policy"] == policy["id"]]
    order = [kind.type for kind in KINDS]
    return sorted(found, key=lambda rule: order.index(rule["_type"]))


def _show_policy(call: Call, body: Body) -> Body:
    rules = [{**shown(r), "qos_policy_id": body["id"], "type": r["_type"]} for r in _rules(call, body)]
    return {**shown(body), "rules": rules}


def _delete_policy(call: Call, body: Body) -> None:
    _administrators(call, "delete_policy")
    for table, what in (("networks", "network"), ("ports", "port")):
        for user in call.cloud.table(table).values():
            if user.get("qos_policy_id") == body["id"]:
                message = f"QoS Policy {body['id']} is used by {what} {user['id']}."
                raise conflict(message, "QosPolicyInUse")
    for rule in _rules(call, body):
        del call.cloud.table("qos_rules")[rule["id"]]


POLICIES = Collection(
    label="policy",
    plural="policies",
    path="qos/policies",
    tags_path="policies",
    attributes={
        **COMMON,
        "shared": Attribute("boolean", default=False),
        "is_default": Attribute("boolean", default=False),
        "rules": READ_ONLY,
    },
    lost_type="QosPolicyNotFound",
    lost_message="QoS policy {} could not be found.",
    create=_create_policy,
    update=_update_policy,
    delete=_delete_policy,
    show=_show_policy,
)


def known(call: Call, key: str | None) -> None:
    """Refuse a policy that is not there."""
    if key:
        POLICIES.find(call, key)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rule: its attributes, and which values they may have."""

    type: str
    attributes: Table
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The name in the envelope."""
        return f"{self.type}_rule"


def _amount(default: Any = REQUIRED) -> Attribute:
    return Attribute("integer", default=default)


def _turned(type: str, *more: str, **attributes: Attribute) -> Kind:
    table = {**attributes, "direction": Attribute(default="egress")}
    return Kind(type, table, {"direction": (*_WAYS, *more)})


KINDS = (
    _turned("bandwidth_limit", max_kbps=_amount(), max_burst_kbps=_amount(0)),
    Kind("dscp_marking", {"dscp_mark": _amount()}, {"dscp_mark": _DSCP}),
    _turned("minimum_bandwidth", min_kbps=_amount()),
    _turned("minimum_packet_rate", "any", min_kpps=_amount()),
)


def _asked(call: Call, kind: Kind) -> Body:
    body = checked(call, kind.label, kind.attributes, call.body(kind.label))
    for name, values in kind.values.items():
        if name in body and body[name] not in values:
            raise bad_request(f"Invalid input for {name}. Reason: {body[name]} is not in valid_values.")
    return body


def _refuse_twice(call: Call, kind: Kind, policy: Body, rule: Body) -> None:
    for other in _rules(call, policy):
        same = other["_type"] == kind.type and other.get("direction") == rule.get("direction")
        if same and other["id"] != rule.get("id"):
            message = f"Rule {kind.type} conflicts with rule {other['id']} which already exists in QoS Policy {policy['id']}."
            raise conflict(message, "QoSRulesConflict")
        _refuse_more_than_the_limit(kind, policy, rule, other)


def _refuse_more_than_the_limit(kind: Kind, policy: Body, rule: Body, other: Body) -> None:
    limits = kind.type == "minimum_bandwidth" and other["_type"] == "bandwidth_limit"
    if limits and other["direction"] == rule["direction"] and rule["min_kbps"] > other["max_kbps"]:
        raise conflict(
            f"Unable to add the rule with value {rule['min_kbps']} to the policy {policy['id']} as the existing rule of "
            f"type {other['_type']} has value {other['max_kbps']}.",
            "QoSRuleParameterConflict",
        )


def _find(call: Call, kind: Kind, key: str, rule: str) -> tuple[Body, Body]:
    policy = POLICIES.find(call, key)
    found = call.cloud.table("qos_rules").get(rule)
    if found is None or found["_policy"] != policy["id"] or found["_type"] != kind.type:
        raise missing(f"QoS rule {rule} for policy {key} could not be found.", "QosRuleNotFound")
    return policy, found


def _create(call: Call, kind: Kind, key: str) -> Answer:
    policy = POLICIES.find(call, key)
    _administrators(call, f"create_policy_{kind.label}")
    body = _asked(call, kind)
    _refuse_twice(call, kind, policy, body)
    owner = {"_policy": policy["id"], "_type": kind.type, "_project": policy["_project"]}
    rule = call.cloud.add("qos_rules", {**body, "id": call.cloud.new_id(), **owner})
    touched(policy)
    return Answer(201, {kind.label: shown(rule)})


def _update(call: Call, kind: Kind, key: str, rule: str) -> Answer:
    policy, found = _find(call, kind, key, rule)
    change = _asked(call, kind)
    _refuse_twice(call, kind, policy, {**found, **change})
    updated(call, found, change)
    touched(policy)
    return Answer(200, {kind.label: shown(found)})


def _delete(call: Call, kind: Kind, key: str, rule: str) -> Answer:
    policy, found = _find(call, kind, key, rule)
    del call.cloud.table("qos_rules")[found["id"]]
    touched(policy)
    return Answer(204)


def _list(call: Call, kind: Kind, key: str) -> Answer:
    rules = [shown(rule) for rule in _rules(call, POLICIES.find(call, key)) if rule["_type"] == kind.type]
    lost = missing("The resource could not be found.", "HTTPNotFound")
    chunk, marker = page(call, rules, lost=lost)
    plural = f"{kind.label}s"
    return Answer(200, {plural: chunk, **network_links(call, plural, chunk, marker)})


def _routes(kind: Kind) -> tuple[Route, ...]:
    root = f"/v2.0/qos/policies/<key>/{kind.label}s"
    one = f"{root}/<rule>"
    return (
        Route("GET", root, lambda call, key: _list(call, kind, key)),
        Route("POST", root, lambda call, key: _create(call, kind, key)),
        Route(
            "GET",
            one,
            lambda call, key, rule: Answer(200, {kind.label: shown(_find(call, kind, key, rule)[1])}),
        ),
        Route("PUT", one, lambda call, key, rule: _update(call, kind, key, rule)),
        Route("DELETE", one, lambda call, key, rule: _delete(call, kind, key, rule)),
    )


ROUTES = tuple(route for kind in KINDS for route in _routes(kind))
