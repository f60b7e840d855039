"""Neutron's security groups and their rules, with the normalisation that the real service does."""

from __future__ import annotations

import ipaddress

from providers.openstack.sandbox.attributes import COMMON, READ_ONLY, REQUIRED, Attribute
from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body, Cloud, shown
from providers.openstack.sandbox.group_store import add_rule, ensure_default, new_group
from providers.openstack.sandbox.neutron_base import Collection
from providers.openstack.sandbox.problems import bad_request, conflict

_PROTOCOLS = (
    "ah",
    "dccp",
    "egp",
    "esp",
    "gre",
    "hopopt",
    "icmp",
    "igmp",
    "ip",
    "ipip",
    "ipv6-encap",
    "ipv6-frag",
    "ipv6-icmp",
    "icmpv6",
    "ipv6-nonxt",
    "ipv6-opts",
    "ipv6-route",
    "ospf",
    "pgm",
    "rsvp",
    "sctp",
    "tcp",
    "udp",
    "udplite",
    "vrrp",
)
_WITH_PORTS = ("tcp", "udp", "sctp", "dccp", "udplite", "6", "17")
_RULE_KEY = (
    "security_group_id",
    "direction",
    "ethertype",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
    "remote_address_group_id",
    "_owner",
)


def _create_group(call: Call, body: Body) -> Body:
    _refuse_default_name(body)
    ensure_default(call.cloud, call.project)
    return new_group(call.cloud, call.project, {**body, "id": call.cloud.new_id()})


def _refuse_default_name(body: Body) -> None:
    if body.get("name") == "default":
        raise conflict("Default security group already exists.", "SecurityGroupDefaultAlreadyExists")


def _update_group(_call: Call, body: Body, change: Body) -> None:
    _refuse_default_name(change)
    body.update(change)


def _show_group(call: Call, body: Body) -> Body:
    rules = [
        r for r in call.cloud.table("security_group_rules").values() if r["security_group_id"] == body["id"]
    ]
    return {**shown(body), "security_group_rules": [{**shown(r), "tags": []} for r in rules]}


def _delete_group(call: Call, body: Body) -> None:
    used = any(body["id"] in port["security_groups"] for port in call.cloud.table("ports").values())
    if used or body["name"] == "default":
        raise conflict(f"Security Group {body['id']} in use.", "SecurityGroupInUse")
    rules = call.cloud.table("security_group_rules")
    for key in [r["id"] for r in rules.values() if r["security_group_id"] == body["id"]]:
        del rules[key]


def _create_rule(call: Call, body: Body) -> Body:
    GROUPS.find(call, body["security_group_id"])
    if body["direction"] not in {"ingress", "egress"}:
        raise bad_request(f"Invalid input for direction. Reason: {body['direction']} is not in valid_values.")
    body["ethertype"] = _ethertype(body["ethertype"])
    body["protocol"] = _protocol(body["protocol"], body["ethertype"])
    body["remote_ip_prefix"] = _prefix(body["remote_ip_prefix"], body["ethertype"])
    _check_range(body)
    _refuse_twice(call.cloud, body)
    for key in ("tags", "tenant_id", "project_id"):
        body.pop(key, None)
    return add_rule(call.cloud, call.project, body)


def _ethertype(value: str) -> str:
    for known in ("IPv4", "IPv6"):
        if value.lower() == known.lower():
            return known
    message = (
        f"Security group rule for ethertype '{value}' not supported. Allowed values are ['IPv4', 'IPv6']."
    )
    raise bad_request(message, "SecurityGroupRuleInvalidEtherType")


def _protocol(value: str | None, ethertype: str) -> str | None:
    name = None if value is None else str(value).lower()
    if name in {None, "any", "0"}:
        return None
    if name in {"icmp", "icmpv6", "ipv6-icmp"} and ethertype == "IPv6":
        return "ipv6-icmp"
    if name in _PROTOCOLS or (name is not None and name.isdigit() and int(name) < 256):
        return name
    listed = ", ".join(repr(known) for known in (None, "any", *_PROTOCOLS))
    message = (
        f"Security group rule protocol {value} not supported. Only protocol values ({listed}) and integer "
        "representations [0 to 255] are supported."
    )
    raise bad_request(message, "SecurityGroupRuleInvalidProtocol")


def _prefix(value: str | None, ethertype: str) -> str | None:
    if value is None:
        return None
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        message = f"Invalid input for remote_ip_prefix. Reason: '{value}' is not a valid IP subnet."
        raise bad_request(message) from error
    if (network.version == 6) != (ethertype == "IPv6"):
        message = f"Conflicting value ethertype {ethertype} for CIDR {value}"
        raise bad_request(message, "SecurityGroupRuleParameterConflict")
    return value if "/" in value else str(network)


def _check_range(body: Body) -> None:
    low, high = body["port_range_min"], body["port_range_max"]
    if low is None and high is None:
        return
    if body["protocol"] is None:
        message = "Must also specify protocol if port range is given."
        raise bad_request(message, "SecurityGroupProtocolRequiredWithPorts")
    if body["protocol"] in _WITH_PORTS and (low is None or high is None or low > high):
        message = "For TCP/UDP protocols, port_range_min must be <= port_range_max"
        raise bad_request(message, "SecurityGroupInvalidPortRange")


def _refuse_twice(cloud: Cloud, body: Body) -> None:
    for known in cloud.table("security_group_rules").values():
        if all(known.get(key) == body.get(key) for key in _RULE_KEY):
            message = f"Security group rule already exists. Rule id is {known['id']}."
            raise conflict(message, "SecurityGroupRuleExists")


def _update_rule(_call: Call, body: Body, change: Body) -> None:
    body.update(change)


def _delete_rule(call: Call, body: Body) -> None:
    call.cloud.table("security_group_rules").pop(body["id"], None)


GROUPS = Collection(
    label="security_group",
    plural="security_groups",
    path="security-groups",
    attributes={
        **COMMON,
        "stateful": Attribute("boolean", default=True),
        "security_group_rules": READ_ONLY,
        "shared": READ_ONLY,
    },
    lost_type="SecurityGroupNotFound",
    lost_message="Security group {} does not exist",
    create=_create_group,
    update=_update_group,
    delete=_delete_group,
    show=_show_group,
)
_FIXED = Attribute(default=None, put=False, nullable=True)
_PORT = Attribute("integer", default=None, put=False, nullable=True)
RULES = Collection(
    label="security_group_rule",
    plural="security_group_rules",
    path="security-group-rules",
    attributes={
        **{name: row for name, row in COMMON.items() if name != "name"},
        "security_group_id": Attribute(default=REQUIRED, put=False),
        "direction": Attribute(default=REQUIRED, put=False),
        "ethertype": Attribute(default="IPv4", put=False),
        "protocol": _FIXED,
        "port_range_min": _PORT,
        "port_range_max": _PORT,
        "remote_ip_prefix": _FIXED,
        "remote_group_id": _FIXED,
        "remote_address_group_id": _FIXED,
    },
    lost_type="SecurityGroupRuleNotFound",
    lost_message="Security group rule {} does not exist",
    create=_create_rule,
    update=_update_rule,
    delete=_delete_rule,
    taggable=False,
)
