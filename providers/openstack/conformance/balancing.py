"""Samples of Octavia's kinds."""

from __future__ import annotations

import time
from typing import Any, Final

from orchestrator.kit.sample import Behind, Hand, Of, Parent, Sample, Unique
from orchestrator.model.marker import is_marker
from providers.openstack.conformance.hands import NOWHERE
from providers.openstack.conformance.network import NET, SUBNET

_GONE: Final = "there is no such object"
_NO_BARBICAN: Final = "its certificate is in Barbican, which not every cloud has"
_MADE_UP: Final = "without one it is made up at the create"
_CHOSEN: Final = "without a word the cloud's choice counts"
_BALANCER: Final = Parent("OS::Octavia::LoadBalancer", {"name": Unique(), "vip_subnet": Of("subnet")})
_INSIDE: Final = {"net": NET, "subnet": SUBNET, "balancer": _BALANCER}
_LISTENER: Final = Parent(
    "OS::Octavia::Listener",
    {"name": Unique(), "loadbalancer": Of("balancer"), "protocol": "HTTP", "protocol_port": 80},
)
_POOL_OF: Final = Parent(
    "OS::Octavia::Pool",
    {"name": Unique(), "loadbalancer": Of("balancer"), "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"},
)


def _put(hand: Hand, path: str, label: str, body: dict[str, Any]) -> None:
    """Change it as soon as its load balancer may be changed."""
    parent, _, own = hand.id.rpartition("/")
    one = f"/lbaas/{path.format(parent)}/{own}"
    for _ in range(100):
        answer = hand.raw.load_balancer.request(one, "PUT", json={label: body}, raise_exc=False)
        if answer.status_code != 409:
            break
        time.sleep(0.2)
    answer.raise_for_status()


def _write(path: str, label: str, **attributes: str) -> Behind:
    def change(hand: Hand) -> None:
        _put(hand, path, label, {attributes.get(hand.path, hand.path): hand.value})

    return change


def _setting(path: str, label: str, **values: Any) -> Behind:
    return lambda hand: _put(hand, path, label, values)


def _tagged(path: str, label: str) -> Behind:
    def change(hand: Hand) -> None:
        parent, _, own = hand.id.rpartition("/")
        there = hand.raw.load_balancer.get(f"/lbaas/{path.format(parent)}/{own}").json()[label]["tags"]
        _put(hand, path, label, {"tags": [*(tag for tag in there if is_marker(tag)), "foreign"]})

    return change


_BALANCERS = Sample(
    type="OS::Octavia::LoadBalancer",
    minimal={"name": Unique(), "vip_subnet": Of("subnet")},
    more={"description": "for shops", "admin_state_up": True, "tags": ["b", "a"]},
    parents={"net": NET, "subnet": SUBNET},
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "admin_state_up": False,
        "tags": ["c"],
    },
    replaces={
        "vip_subnet": NOWHERE,
        "vip_address": "10.77.0.200",
        "provider": "other",
        "flavor": NOWHERE,
        "availability_zone": "elsewhere",
    },
    planned={
        "vip_subnet": _GONE,
        "vip_address": "a driver of tests may give none of the subnet",
        "provider": _GONE,
        "flavor": _GONE,
        "availability_zone": _GONE,
    },
    write=_write("loadbalancers", "loadbalancer"),
    behind={"tags": _tagged("loadbalancers", "loadbalancer")},
)
_TIMES: Final = {
    "timeout_client_data": 50000,
    "timeout_member_connect": 5000,
    "timeout_member_data": 50000,
    "timeout_tcp_inspect": 0,
}
_LISTENERS = Sample(
    type="OS::Octavia::Listener",
    minimal={"name": Unique(), "loadbalancer": Of("balancer"), "protocol": "HTTP", "protocol_port": 8080},
    more={
        "description": "for shops",
        "default_pool": Of("pool"),
        "connection_limit": 1000,
        "allowed_cidrs": ["10.0.0.0/8"],
        "insert_headers": {"X-Forwarded-For": "true"},
        **_TIMES,
        "admin_state_up": True,
        "tags": ["b", "a"],
    },
    parents={**_INSIDE, "pool": _POOL_OF, "other": _POOL_OF},
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "default_pool": Of("other"),
        "connection_limit": 100,
        "allowed_cidrs": ["192.0.2.0/24", "10.0.0.0/8"],
        "insert_headers": {"X-Forwarded-Port": "true"},
        **{key: value + 1000 for key, value in _TIMES.items()},
        "admin_state_up": False,
        "tags": ["c"],
    },
    replaces={"loadbalancer": NOWHERE, "protocol": "TCP", "protocol_port": 8081},
    planned={"loadbalancer": _GONE, "protocol": "headers are of HTTP alone"},
    write=_write("listeners", "listener", default_pool="default_pool_id"),
    behind={"tags": _tagged("listeners", "listener")},
    untried={"default_tls_container_ref": _NO_BARBICAN, "sni_container_refs": _NO_BARBICAN},
    kept={"default_pool": _CHOSEN},
)
_POOLS = Sample(
    type="OS::Octavia::Pool",
    minimal={
        "name": Unique(),
        "loadbalancer": Of("balancer"),
        "protocol": "HTTP",
        "lb_algorithm": "ROUND_ROBIN",
    },
    more={
        "description": "for shops",
        "session_persistence": {"type": "HTTP_COOKIE"},
        "tls_enabled": False,
        "admin_state_up": True,
        "tags": ["b", "a"],
    },
    parents=_INSIDE,
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "lb_algorithm": "SOURCE_IP",
        "session_persistence": {"type": "APP_COOKIE", "cookie_name": "id"},
        "tls_enabled": True,
        "admin_state_up": False,
        "tags": ["c"],
    },
    replaces={"loadbalancer": NOWHERE, "protocol": "PROXY"},
    planned={"loadbalancer": _GONE, "protocol": "sessions go with HTTP"},
    write=_write("pools", "pool"),
    behind={"tags": _tagged("pools", "pool")},
    untried={"listener": "in place of a load balancer"},
)
_MEMBERS = Sample(
    type="OS::Octavia::PoolMember",
    minimal={"name": Unique(), "pool": Of("pool"), "address": "10.78.0.9", "protocol_port": 80},
    more={
        # Another subnet than the VIP's. Octavia's no-op network driver gives one subnet a second network where a member
        # names it, so the VIP's is unplugged, and the member's delete ends in a KeyError: ERROR, where no network is at
        # all (CalculateAmphoraDelta, `vnic_type=net_vnic_type_map[add_net_id]`, network_tasks.py of release 2026.1).
        "subnet": Of("rear"),
        "weight": 2,
        "backup": False,
        "monitor_address": "10.78.0.10",
        "monitor_port": 81,
        "admin_state_up": True,
        "tags": ["b", "a"],
    },
    parents={
        **_INSIDE,
        "pool": _POOL_OF,
        "behind": NET,
        "rear": Parent(
            "OS::Neutron::Subnet", {"name": Unique(), "network": Of("behind"), "cidr": "10.78.0.0/24"}
        ),
    },
    updates={
        "name": Unique("{}-other"),
        "weight": 5,
        "backup": True,
        "monitor_address": "10.78.0.11",
        "monitor_port": 82,
        "admin_state_up": False,
        "tags": ["c"],
    },
    replaces={"pool": NOWHERE, "address": "10.78.0.12", "protocol_port": 83, "subnet": NOWHERE},
    planned={"pool": _GONE, "subnet": _GONE},
    write=_write("pools/{}/members", "member"),
    behind={"tags": _tagged("pools/{}/members", "member")},
)
_MONITORS = Sample(
    type="OS::Octavia::HealthMonitor",
    minimal={
        "name": Unique(),
        "pool": Of("pool"),
        "type": "HTTP",
        "delay": 10,
        "timeout": 5,
        "max_retries": 3,
        "http_version": 1.1,
    },
    more={
        "max_retries_down": 4,
        "http_method": "GET",
        "url_path": "/health",
        "expected_codes": "200",
        "domain_name": "example.org",
        "admin_state_up": True,
        "tags": ["b", "a"],
    },
    parents={**_INSIDE, "pool": _POOL_OF},
    updates={
        "name": Unique("{}-other"),
        "delay": 20,
        "timeout": 6,
        "max_retries": 4,
        "max_retries_down": 2,
        "http_method": "HEAD",
        "url_path": "/ready",
        "expected_codes": "200-204",
        "domain_name": "example.net",
        "admin_state_up": False,
        "tags": ["c"],
    },
    replaces={"pool": NOWHERE, "type": "TCP"},
    planned={"pool": _GONE, "type": "paths are of HTTP alone"},
    write=_write("healthmonitors", "healthmonitor"),
    behind={"tags": _tagged("healthmonitors", "healthmonitor")},
    untried={"http_version": "a domain name needs 1.1, so that both change together"},
    kept={"http_method": _CHOSEN, "url_path": _CHOSEN, "expected_codes": _CHOSEN},
)
_POLICIES = Sample(
    type="OS::Octavia::L7Policy",
    minimal={
        "name": Unique(),
        "listener": Of("listener"),
        "action": "REDIRECT_TO_URL",
        "redirect_url": "http://example.org/",
    },
    more={"description": "for shops", "redirect_http_code": 302, "admin_state_up": True, "tags": ["b", "a"]},
    parents={**_INSIDE, "listener": _LISTENER, "pool": _POOL_OF},
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "redirect_url": "http://example.net/",
        "redirect_http_code": 301,
        "admin_state_up": False,
        "tags": ["c"],
    },
    replaces={"listener": NOWHERE},
    planned={"listener": _GONE},
    write=_write("l7policies", "l7policy"),
    behind={"tags": _tagged("l7policies", "l7policy")},
    untried={
        "action": "each has a redirect of its own, so that both change together",
        "redirect_pool": "of another action",
        "redirect_prefix": "of another action",
        "position": "among several of one listener",
    },
    kept={"redirect_http_code": _CHOSEN},
)
_RULES = Sample(
    type="OS::Octavia::L7Rule",
    minimal={
        "l7policy": Of("policy"),
        "type": "HEADER",
        "key": "X-Test",
        "compare_type": "EQUAL_TO",
        "value": "a",
    },
    more={"invert": False, "admin_state_up": True, "tags": ["b", "a"]},
    parents={
        **_INSIDE,
        "listener": _LISTENER,
        "policy": Parent(
            "OS::Octavia::L7Policy", {"name": Unique(), "listener": Of("listener"), "action": "REJECT"}
        ),
    },
    updates={
        "type": "COOKIE",
        "key": "X-Other",
        "compare_type": "STARTS_WITH",
        "value": "b",
        "invert": True,
        "admin_state_up": False,
        "tags": ["c"],
    },
    replaces={"l7policy": NOWHERE},
    planned={"l7policy": _GONE},
    write=_write("l7policies/{}/rules", "rule"),
    behind={"tags": _tagged("l7policies/{}/rules", "rule")},
)
SAMPLES: Final = (_BALANCERS, _LISTENERS, _POOLS, _MEMBERS, _MONITORS, _POLICIES, _RULES)
