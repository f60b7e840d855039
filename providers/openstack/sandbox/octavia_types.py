"""What Octavia accepts: one table a type, as the API of release 2026.1 has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.openstack.sandbox.cloud import Body

REQUIRED = object()
_SECOND = 1000
_LISTENERS = ("PROMETHEUS", "TERMINATED_HTTPS", "TCP", "HTTP", "SCTP", "HTTPS", "UDP")
_POOLS = ("PROXY", "TCP", "HTTP", "SCTP", "HTTPS", "PROXYV2", "UDP")
_ALGORITHMS = ("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP", "SOURCE_IP_PORT")
_CHECKS = ("HTTP", "HTTPS", "PING", "TCP", "TLS-HELLO", "UDP-CONNECT", "SCTP")
_ACTIONS = ("REDIRECT_TO_POOL", "REDIRECT_TO_URL", "REDIRECT_PREFIX", "REJECT")
_PARTS = (
    "COOKIE", "FILE_TYPE", "HEADER", "HOST_NAME", "PATH", "SSL_CONN_HAS_CERT", "SSL_VERIFY_RESULT", "SSL_DN_FIELD",
)  # fmt: skip
_COMPARES = ("CONTAINS", "ENDS_WITH", "EQUAL_TO", "REGEX", "STARTS_WITH")


@dataclass(frozen=True, slots=True)
class Type:
    """One type. Attributes with their defaults in POST; those in `fixed` are refused in PUT."""

    label: str
    plural: str
    said: str
    """How a refusal calls it."""
    argument: str
    """How a refusal calls the argument of the handler."""
    attributes: Mapping[str, Any]
    fixed: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sent_only: tuple[str, ...] = ()
    """Attributes that are shown in another form."""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """What is shown besides, as it is at first."""
    operating: tuple[str, str] = ("OFFLINE", "OFFLINE")
    """The operating status at first, and once it is made."""

    @property
    def table(self) -> str:
        """Where the cloud keeps them."""
        return f"octavia_{self.plural}"


_COMMON: Body = {"name": "", "admin_state_up": True, "tags": [], "project_id": None, "tenant_id": None}
_DESCRIBED: Body = {**_COMMON, "description": ""}
BALANCERS = Type(
    "loadbalancer",
    "loadbalancers",
    "Load Balancer",
    "load_balancer",
    {
        **_DESCRIBED,
        "vip_address": None,
        "vip_subnet_id": None,
        "vip_network_id": None,
        "vip_port_id": None,
        "vip_qos_policy_id": None,
        "vip_sg_ids": [],
        "additional_vips": [],
        "provider": "amphora",
        "flavor_id": None,
        "availability_zone": None,
    },
    fixed=(
        "vip_address", "vip_subnet_id", "vip_network_id", "vip_port_id", "provider", "flavor_id", "availability_zone",
    ),
    shown={"vip_vnic_type": "normal"},
)  # fmt: skip
LISTENERS = Type(
    "listener",
    "listeners",
    "Listener",
    "listener_",
    {
        **_DESCRIBED,
        "loadbalancer_id": None,
        "protocol": REQUIRED,
        "protocol_port": REQUIRED,
        "connection_limit": -1,
        "default_pool_id": None,
        "default_tls_container_ref": None,
        "sni_container_refs": [],
        "insert_headers": {},
        "timeout_client_data": 50 * _SECOND,
        "timeout_member_connect": 5 * _SECOND,
        "timeout_member_data": 50 * _SECOND,
        "timeout_tcp_inspect": 0,
        "client_ca_tls_container_ref": None,
        "client_authentication": "NONE",
        "client_crl_container_ref": None,
        "allowed_cidrs": None,
        "tls_ciphers": None,
        "tls_versions": None,
        "alpn_protocols": None,
        "hsts_max_age": None,
        "hsts_include_subdomains": False,
        "hsts_preload": False,
    },
    fixed=("loadbalancer_id", "protocol", "protocol_port"),
    values={"protocol": _LISTENERS},
    sent_only=("loadbalancer_id",),
)
POOLS = Type(
    "pool",
    "pools",
    "Pool",
    "pool_",
    {
        **_DESCRIBED,
        "loadbalancer_id": None,
        "listener_id": None,
        "protocol": REQUIRED,
        "lb_algorithm": REQUIRED,
        "session_persistence": None,
        "tls_container_ref": None,
        "ca_tls_container_ref": None,
        "crl_container_ref": None,
        "tls_enabled": False,
        "tls_ciphers": None,
        "tls_versions": None,
        "alpn_protocols": None,
    },
    fixed=("loadbalancer_id", "listener_id", "protocol"),
    values={"protocol": _POOLS, "lb_algorithm": _ALGORITHMS},
    sent_only=("loadbalancer_id", "listener_id"),
)
MEMBERS = Type(
    "member",
    "members",
    "Member",
    "member_",
    {
        **_COMMON,
        "address": REQUIRED,
        "protocol_port": REQUIRED,
        "weight": 1,
        "backup": False,
        "subnet_id": None,
        "monitor_address": None,
        "monitor_port": None,
    },
    fixed=("address", "protocol_port", "subnet_id"),
    shown={"vnic_type": "normal"},
    operating=("NO_MONITOR", "NO_MONITOR"),
)
MONITORS = Type(
    "healthmonitor",
    "healthmonitors",
    "Health Monitor",
    "health_monitor_",
    {
        **_COMMON,
        "pool_id": REQUIRED,
        "type": REQUIRED,
        "delay": REQUIRED,
        "timeout": REQUIRED,
        "max_retries": REQUIRED,
        "max_retries_down": 3,
        "http_method": None,
        "url_path": None,
        "expected_codes": None,
        "http_version": None,
        "domain_name": None,
    },
    fixed=("pool_id", "type"),
    values={"type": _CHECKS},
    sent_only=("pool_id",),
    operating=("OFFLINE", "ONLINE"),
)
POLICIES = Type(
    "l7policy",
    "l7policies",
    "L7 Policy",
    "l7policy_",
    {
        **_DESCRIBED,
        "listener_id": REQUIRED,
        "action": REQUIRED,
        "position": None,
        "redirect_pool_id": None,
        "redirect_url": None,
        "redirect_prefix": None,
        "redirect_http_code": None,
    },
    fixed=("listener_id",),
    values={"action": _ACTIONS},
    operating=("OFFLINE", "ONLINE"),
)
RULES = Type(
    "rule",
    "rules",
    "L7 Rule",
    "l7rule",
    {
        **{name: value for name, value in _COMMON.items() if name != "name"},
        "type": REQUIRED,
        "compare_type": REQUIRED,
        "value": REQUIRED,
        "key": None,
        "invert": False,
    },
    values={"type": _PARTS, "compare_type": _COMPARES},
    operating=("OFFLINE", "ONLINE"),
)
TYPES = (BALANCERS, LISTENERS, POOLS, MEMBERS, MONITORS, POLICIES, RULES)
