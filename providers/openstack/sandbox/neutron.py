"""All of Neutron: its version documents, extensions, quotas, and the collections' addresses."""

from __future__ import annotations

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.group_store import ensure_default
from providers.openstack.sandbox.neutron_base import list_objects, routes
from providers.openstack.sandbox.neutron_floating import FLOATING
from providers.openstack.sandbox.neutron_forwarding import ROUTES as FORWARDING
from providers.openstack.sandbox.neutron_groups import GROUPS, RULES
from providers.openstack.sandbox.neutron_nets import NETWORKS, SUBNETS
from providers.openstack.sandbox.neutron_pools import POOLS, SCOPES
from providers.openstack.sandbox.neutron_ports import PORTS
from providers.openstack.sandbox.neutron_qos import POLICIES
from providers.openstack.sandbox.neutron_qos import ROUTES as QOS_RULES
from providers.openstack.sandbox.neutron_routers import ROUTERS
from providers.openstack.sandbox.neutron_routers import ROUTES as INTERFACES
from providers.openstack.sandbox.neutron_sharing import GROUPS as ADDRESS_GROUPS
from providers.openstack.sandbox.neutron_sharing import RBAC
from providers.openstack.sandbox.neutron_sharing import ROUTES as ADDRESSES
from providers.openstack.sandbox.neutron_trunks import ROUTES as SUBPORTS
from providers.openstack.sandbox.neutron_trunks import TRUNKS
from providers.openstack.sandbox.problems import missing
from providers.openstack.sandbox.quotas import NETWORK_ROUTES

COLLECTIONS = (
    NETWORKS, SUBNETS, PORTS, ROUTERS, GROUPS, RULES, FLOATING, SCOPES, POOLS, ADDRESS_GROUPS, RBAC, TRUNKS, POLICIES,
)  # fmt: skip
# What this simulator really does; the real cloud of the recordings lists 108.
EXTENSIONS = (
    "address-group",
    "address-scope",
    "allowed-address-pairs",
    "ext-gw-mode",
    "external-net",
    "extraroute",
    "extraroute-atomic",
    "filter-validation",
    "floating-ip-port-forwarding",
    "net-mtu",
    "net-mtu-writable",
    "pagination",
    "port-security",
    "project-id",
    "qos",
    "quota_details",
    "quotas",
    "rbac-policies",
    "revision-if-match",
    "router",
    "security-group",
    "security-groups-normalized-cidr",
    "sorting",
    "standard-attr-description",
    "standard-attr-revisions",
    "standard-attr-tag",
    "standard-attr-timestamp",
    "stateful-security-group",
    "subnet_allocation",
    "trunk",
)


def versions(call: Call) -> Answer:
    """Answer the unversioned root."""
    links = [{"rel": "self", "href": f"{call.base}/v2.0/"}]
    return Answer(200, {"versions": [{"id": "v2.0", "status": "CURRENT", "links": links}]})


def resources(call: Call) -> Answer:
    """List the collections."""
    rows = []
    for row in COLLECTIONS:
        address = f"{call.base}/v2.0/{row.path or row.plural}"
        links = [{"rel": "self", "href": address}]
        rows.append({"name": row.label, "collection": row.plural, "links": links})
    return Answer(200, {"resources": rows})


def _extension(alias: str) -> dict[str, object]:
    updated = "2012-01-01T10:00:00-00:00"
    return {"name": alias, "alias": alias, "description": alias, "updated": updated, "links": []}


def extensions(_call: Call) -> Answer:
    """List what this Neutron can do."""
    return Answer(200, {"extensions": [_extension(alias) for alias in EXTENSIONS]})


def extension(_call: Call, alias: str) -> Answer:
    """Show one extension."""
    if alias not in EXTENSIONS:
        raise missing(f"Extension with alias {alias} does not exist", "ExtensionNotFound")
    return Answer(200, {"extension": _extension(alias)})


def groups(call: Call) -> Answer:
    """List security groups; the project's default group is made at the first look."""
    ensure_default(call.cloud, call.project)
    return list_objects(GROUPS, call)


OPEN = (Route("GET", "/", versions),)
ROUTES = (
    Route("GET", "/v2.0/", resources),
    Route("GET", "/v2.0/extensions", extensions),
    Route("GET", "/v2.0/extensions/<alias>", extension),
    *NETWORK_ROUTES,
    Route("GET", "/v2.0/security-groups", groups),
    *(route for row in COLLECTIONS for route in routes(row)),
    *INTERFACES,
    *FORWARDING,
    *QOS_RULES,
    *ADDRESSES,
    *SUBPORTS,
)
