"""Octavia: load balancers, and what hangs below them. All are data; `balancing` says how they behave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.balancing import BalancerKind
from providers.openstack.kinds.children import BELOW, Parent
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import ADMIN_UP, TAGS, address, cidr, name

_STATE: Final = {
    "status": text("ACTIVE, PENDING_CREATE, PENDING_UPDATE, PENDING_DELETE or ERROR"),
    "operating_status": text("ONLINE, OFFLINE, DEGRADED, ERROR, NO_MONITOR, DRAINING"),
}
_PROTOCOLS: Final = ("HTTP", "HTTPS", "TERMINATED_HTTPS", "TCP", "UDP", "SCTP", "PROMETHEUS")
_POOL_PROTOCOLS: Final = ("HTTP", "HTTPS", "PROXY", "PROXYV2", "TCP", "UDP", "SCTP")
_ALGORITHMS: Final = ("ROUND_ROBIN", "LEAST_CONNECTIONS", "SOURCE_IP", "SOURCE_IP_PORT")
_CHECKS: Final = ("HTTP", "HTTPS", "PING", "TCP", "TLS-HELLO", "UDP-CONNECT", "SCTP")
_METHODS: Final = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")
_DESCRIPTION: Final = text("what it is for", default="")


def _nullable(type: str, description: str, **more: Any) -> Property:
    return Property((type, "null"), description, default=None, **more)


def _first(collection: str, property: str, list_of: str) -> Field:
    """Make a field that names a parent, which Octavia shows in a list of one."""

    def back(cloud: Cloud, seen: Any, wanted: Any, _body: Body) -> Any:
        ids = [item["id"] for item in seen or ()]
        spelled = cloud.names.spelled_all(collection, [wanted], ids)
        return wanted if wanted in spelled else next(iter(spelled), None)

    return Field(property, f"{collection}_id", to=_id(collection), back=back, seen_as=list_of)


def _id(collection: str) -> Callable[[Cloud, Any], Any]:
    return lambda cloud, value: cloud.names.id(collection, value)


def _kind(
    type: str,
    label: str,
    path: str,
    summary: str,
    *,
    properties: Mapping[str, Property],
    fields: tuple[Field, ...],
    shown: tuple[str, ...],
    **more: Any,
) -> BalancerKind:
    above: Parent | None = more.pop("above", None)
    together: tuple[str, ...] = more.pop("together", ())
    told = {name: Property(description=f"the {name} that the cloud shows") for name in shown}
    return BalancerKind(
        KindSchema(
            TypeName(f"OS::Octavia::{type}"),
            spec(**properties, tags=TAGS),
            status(**told, **_STATE),
            summary,
            reads=BELOW if above else BULK,
            marking=Marking.TAG,
            consistency=2.0,
            readiness=True,
            parent=more.pop("parent", ""),
            permissions=tuple(
                f"os_load-balancer_api:{label}:{verb}"
                for verb in ("post", "get_all", "get_one", "put", "delete")
            ),
            refine=more.pop("refine", None),
        ),
        label=label,
        path=path,
        fields=fields,
        status=lambda body: picked(body, *shown),
        parent=above,
        together=together,
    )


def _plain(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


LOAD_BALANCER: Final = _kind(
    "LoadBalancer",
    "loadbalancer",
    "/lbaas/loadbalancers",
    "Takes connections at one address and hands them on; deleted only once nothing hangs below it",
    properties={
        "name": name("load balancer"),
        "description": _DESCRIPTION,
        "vip_subnet": text("where its address is, by name or id", required=True, create_only=True),
        "vip_address": text("its address", create_only=True, normalize=address),
        "admin_state_up": ADMIN_UP,
        "provider": text("which driver makes it", create_only=True),
        "flavor": text("the flavor's id", create_only=True),
        "availability_zone": text("where it runs", create_only=True),
    },
    fields=(
        *_plain("name", "description"),
        reference("vip_subnet", "vip_subnet_id", "subnet"),
        *_plain("vip_address", "admin_state_up", "provider"),
        Field("flavor", "flavor_id"),
        Field("availability_zone"),
    ),
    shown=("name", "vip_address", "vip_port_id", "vip_network_id", "vip_subnet_id", "listeners", "pools"),
)
_TIMEOUTS: Final = {
    "timeout_client_data": (50000, "how long a client may be silent"),
    "timeout_member_connect": (5000, "how long a member may take to be reached"),
    "timeout_member_data": (50000, "how long a member may be silent"),
    "timeout_tcp_inspect": (0, "how long to wait for more to look at"),
}
_UNPROVED_TLS: Final = "the Barbican container with the certificate"
LISTENER: Final = _kind(
    "Listener",
    "listener",
    "/lbaas/listeners",
    "One port of a load balancer; its L7 policies go with it",
    properties={
        "name": name("listener"),
        "description": _DESCRIPTION,
        "loadbalancer": text("the load balancer, by name or id", required=True, create_only=True),
        "protocol": text("what it speaks", enum=_PROTOCOLS, required=True, create_only=True),
        "protocol_port": number("the port", required=True, create_only=True, minimum=1, maximum=65535),
        "default_pool": Property(("string", "null"), "the pool of what no policy decides, by name or id"),
        "connection_limit": number("connections at once; -1 for no limit", minimum=-1, default=-1),
        "allowed_cidrs": Property(
            "array",
            "who may connect; empty for everybody",
            items=text("a CIDR", normalize=cidr),
            unordered=True,
            default=[],
            normalize=lambda value: value or [],
        ),
        "insert_headers": Property("object", "headers to add", additional=text("true or false"), default={}),
        **{
            key: number(f"milliseconds: {words}", minimum=0, maximum=31536000000, default=usual)
            for key, (usual, words) in _TIMEOUTS.items()
        },
        "default_tls_container_ref": _nullable("string", _UNPROVED_TLS),
        "sni_container_refs": Property(
            "array", "further certificates", items=text("a container"), default=[]
        ),
        "admin_state_up": ADMIN_UP,
    },
    fields=(
        *_plain("name", "description"),
        _first("loadbalancer", "loadbalancer", "loadbalancers"),
        *_plain("protocol", "protocol_port"),
        reference("default_pool", "default_pool_id", "pool"),
        Field("connection_limit"),
        Field("allowed_cidrs", to=lambda _cloud, value: list(value) or None),
        *_plain(
            "insert_headers", *_TIMEOUTS, "default_tls_container_ref", "sni_container_refs", "admin_state_up"
        ),
    ),
    shown=("name", "default_pool_id", "l7policies"),
    parent="loadbalancer",
)


def _one_above(wanted: Mapping[str, Any]) -> list[str]:
    if ("loadbalancer" in wanted) == ("listener" in wanted):
        return ["name either the load balancer or the listener that the pool is for"]
    return []


def _session(_cloud: Cloud, seen: Any, wanted: Any, _body: Body) -> Any:
    """Leave out what is empty: Octavia shows every attribute that there could be."""
    del wanted
    return {key: value for key, value in seen.items() if value is not None} if seen else None


POOL: Final = _kind(
    "Pool",
    "pool",
    "/lbaas/pools",
    "The servers that a listener hands on to; its members and its monitor go with it",
    properties={
        "name": name("pool"),
        "description": _DESCRIPTION,
        "loadbalancer": text("the load balancer, by name or id", create_only=True),
        "listener": text("the listener of which it is the default, by name or id", create_only=True),
        "protocol": text("what the members speak", enum=_POOL_PROTOCOLS, required=True, create_only=True),
        "lb_algorithm": text("how a member is chosen", enum=_ALGORITHMS, required=True),
        "session_persistence": Property(
            ("object", "null"),
            "how a client stays with its member",
            properties={
                "type": text("by what", enum=("APP_COOKIE", "HTTP_COOKIE", "SOURCE_IP"), required=True),
                "cookie_name": text("the application's cookie"),
                "persistence_timeout": number("seconds, for UDP"),
                "persistence_granularity": text("a net mask, for UDP"),
            },
            default=None,
        ),
        "tls_enabled": flag("whether members are reached by TLS", default=False),
        "admin_state_up": ADMIN_UP,
    },
    fields=(
        *_plain("name", "description"),
        _first("loadbalancer", "loadbalancer", "loadbalancers"),
        _first("listener", "listener", "listeners"),
        *_plain("protocol", "lb_algorithm"),
        Field("session_persistence", back=_session),
        *_plain("tls_enabled", "admin_state_up"),
    ),
    shown=("name", "members", "listeners", "loadbalancers"),
    refine=_one_above,
)
MEMBER: Final = _kind(
    "PoolMember",
    "member",
    "/lbaas/pools/{}/members",
    "One server of a pool",
    properties={
        "pool": text("the pool, by name or id", required=True, create_only=True),
        "name": name("member"),
        "address": text("its address", required=True, create_only=True, normalize=address),
        "protocol_port": number("its port", required=True, create_only=True, minimum=1, maximum=65535),
        "subnet": text("where its address is, by name or id", create_only=True),
        "weight": number("its share; 0 takes no new connections", minimum=0, maximum=256, default=1),
        "backup": flag("whether it serves only when the others do not", default=False),
        "monitor_address": _nullable("string", "another address to check", normalize=address),
        "monitor_port": _nullable("integer", "another port to check", minimum=1, maximum=65535),
        "admin_state_up": ADMIN_UP,
    },
    fields=(
        *_plain("name", "address", "protocol_port"),
        reference("subnet", "subnet_id", "subnet"),
        *_plain("weight", "backup", "monitor_address", "monitor_port", "admin_state_up"),
    ),
    shown=("name", "address", "protocol_port"),
    above=Parent(reference("pool", "", "pool"), POOL.listing(), has="members"),
    parent="pool",
)
HEALTH_MONITOR: Final = _kind(
    "HealthMonitor",
    "healthmonitor",
    "/lbaas/healthmonitors",
    "How a pool finds out which members serve",
    properties={
        "name": name("monitor"),
        "pool": text("the pool, by name or id", required=True, create_only=True),
        "type": text("what is tried", enum=_CHECKS, required=True, create_only=True),
        "delay": number("seconds between two tries", required=True, minimum=0),
        "timeout": number("seconds that a try may take, less than the delay", required=True, minimum=0),
        "max_retries": number("good tries until it serves", required=True, minimum=1, maximum=10),
        "max_retries_down": number("bad tries until it does not", minimum=1, maximum=10, default=3),
        "http_method": text("the method of an HTTP try", enum=_METHODS),
        "url_path": text("the path of an HTTP try"),
        "expected_codes": text("the codes of a good HTTP try: 200, 200,202 or 200-204"),
        "http_version": Property(("number", "null"), "1.0 or 1.1", enum=(1.0, 1.1, None), default=None),
        "domain_name": _nullable("string", "the host that an HTTP try asks for"),
        "admin_state_up": ADMIN_UP,
    },
    fields=(
        Field("name"),
        _first("pool", "pool", "pools"),
        *_plain("type", "delay", "timeout", "max_retries", "max_retries_down", "http_method", "url_path"),
        *_plain("expected_codes", "http_version", "domain_name", "admin_state_up"),
    ),
    shown=("name", "type", "pools"),
    parent="pool",
)
_REDIRECTS: Final = {
    "REDIRECT_TO_POOL": "redirect_pool",
    "REDIRECT_TO_URL": "redirect_url",
    "REDIRECT_PREFIX": "redirect_prefix",
}


def _one_redirect(wanted: Mapping[str, Any]) -> list[str]:
    needed = _REDIRECTS.get(str(wanted.get("action")))
    given = [key for key in _REDIRECTS.values() if wanted.get(key) is not None]
    if needed and given != [needed]:
        return [f"action {wanted['action']} needs {needed}, and no other redirect"]
    if not needed and given and wanted.get("action") == "REJECT":
        return [f"action REJECT takes no {given[0]}"]
    return []


L7_POLICY: Final = _kind(
    "L7Policy",
    "l7policy",
    "/lbaas/l7policies",
    "What a listener does with requests that fit rules; its rules go with it",
    properties={
        "name": name("policy"),
        "description": _DESCRIPTION,
        "listener": text("the listener, by name or id", required=True, create_only=True),
        "action": text("what is done", enum=(*_REDIRECTS, "REJECT"), required=True),
        "redirect_pool": _nullable("string", "the pool to hand on to, by name or id"),
        "redirect_url": _nullable("string", "the address to send to"),
        "redirect_prefix": _nullable("string", "the address to send to, with the path of the request"),
        "redirect_http_code": number("with which code", enum=(301, 302, 303, 307, 308)),
        "position": number("its place among the listener's policies, from 1", minimum=1),
        "admin_state_up": ADMIN_UP,
    },
    fields=(
        *_plain("name", "description"),
        reference("listener", "listener_id", "listener"),
        Field("action"),
        reference("redirect_pool", "redirect_pool_id", "pool"),
        *_plain("redirect_url", "redirect_prefix", "redirect_http_code", "position", "admin_state_up"),
    ),
    shown=("name", "position", "rules"),
    parent="listener",
    refine=_one_redirect,
    together=("action", *_REDIRECTS.values(), "redirect_http_code"),
)
_PARTS: Final = (
    "COOKIE", "FILE_TYPE", "HEADER", "HOST_NAME", "PATH", "SSL_CONN_HAS_CERT", "SSL_VERIFY_RESULT", "SSL_DN_FIELD",
)  # fmt: skip


def _keyed(wanted: Mapping[str, Any]) -> list[str]:
    kind = str(wanted.get("type"))
    if kind in {"COOKIE", "HEADER", "SSL_DN_FIELD"} and not wanted.get("key"):
        return [f"a rule of type {kind} needs key: the name of what is looked at"]
    return []


L7_RULE: Final = _kind(
    "L7Rule",
    "rule",
    "/lbaas/l7policies/{}/rules",
    "One condition of an L7 policy",
    properties={
        "l7policy": text("the policy, by name or id", required=True, create_only=True),
        "type": text("which part of the request", enum=_PARTS, required=True),
        "compare_type": text(
            "how it is compared",
            enum=("CONTAINS", "ENDS_WITH", "EQUAL_TO", "REGEX", "STARTS_WITH"),
            required=True,
        ),
        "value": text("with what", required=True),
        "key": _nullable("string", "the name of the header or cookie"),
        "invert": flag("whether it fits what does not compare", default=False),
        "admin_state_up": ADMIN_UP,
    },
    fields=_plain("type", "compare_type", "value", "key", "invert", "admin_state_up"),
    shown=("type", "value"),
    above=Parent(reference("l7policy", "", "l7policy"), L7_POLICY.listing(), has="rules"),
    parent="l7policy",
    refine=_keyed,
)
