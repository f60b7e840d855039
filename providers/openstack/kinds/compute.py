"""What Nova has beside servers and key pairs: server groups, flavors, host aggregates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.collection import CollectionKind, Part, keyed, members
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import Listing
from providers.openstack.kinds.net import BULK

_PUBLIC: Final = "os-flavor-access:is_public"
_POLICIES: Final = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")


def _rules(_cloud: Cloud, body: dict[str, Any], _wanted: Spec) -> dict[str, Any]:
    """Nova's body has one policy, and its rules in a mapping."""
    most = body.pop("max_server_per_host", None)
    return {**body, "rules": {"max_server_per_host": most}} if most is not None else body


def _group_shape(body: Body) -> Body:
    return {**body, **picked(body.get("rules") or {}, "max_server_per_host")}


def _refine_group(wanted: Mapping[str, Any]) -> list[str]:
    limited = "max_server_per_host" in wanted
    if limited and wanted.get("policies") not in (["anti-affinity"], None):
        return ["max_server_per_host has a meaning with the policy anti-affinity alone"]
    if isinstance(wanted.get("policies"), list) and len(wanted["policies"]) != 1:
        return ["a server group has exactly one policy"]
    return []


SERVER_GROUP: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Nova::ServerGroup"),
        spec(
            name=text("the group's name", required=True, create_only=True),
            policies=Property(
                "array",
                "the one policy by which its servers are placed",
                items=text("a policy", enum=_POLICIES),
                required=True,
                create_only=True,
            ),
            max_server_per_host=number(
                "how many of its servers a host may have (anti-affinity)", minimum=1, create_only=True
            ),
        ),
        status(
            name=text("its name", stable=True),
            members=Property("array", "ids of the servers in it"),
            policy=text("its policy", stable=True),
        ),
        "Keeps servers together, or apart",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name", "policies"),
        permissions=(
            "os_compute_api:os-server-groups:create",
            "os_compute_api:os-server-groups:show",
            "os_compute_api:os-server-groups:delete",
        ),
        refine=_refine_group,
    ),
    Listing("compute", "/os-server-groups", "server_group", "server_groups", shaped=_group_shape),
    (
        Field("name"),
        Field("policies", "policy", to=lambda _c, v: v[0], back=lambda _c, seen, _w, _b: [seen]),
        Field("max_server_per_host"),
    ),
    lambda body: picked(body, "name", "policy", "members"),
    creating=_rules,
)


def _tenants(cloud: Cloud, body: Body, wanted: Any) -> list[str]:
    """Who may use a private flavor: one call each, none for public ones."""
    if body[_PUBLIC]:
        return []
    found = cloud.client.get("compute", f"/flavors/{body['id']}/os-flavor-access")["flavor_access"]
    return sorted(cloud.names.spelled_all("project", wanted, [str(entry["tenant_id"]) for entry in found]))


_change_access = members(
    "compute", "/flavors/{}/action", add="addTenantAccess", remove="removeTenantAccess", key="tenant"
)


def _write_tenants(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
    ids = [[cloud.names.id("project", name) for name in names or ()] for names in (wanted, seen)]
    _change_access(cloud, id, *ids)


def _with_disk(_cloud: Cloud, body: dict[str, Any], _wanted: Spec) -> dict[str, Any]:
    """Nova takes no flavor that is silent on its disk."""
    return {"disk": 0, **body}


def _refine_flavor(wanted: Mapping[str, Any]) -> list[str]:
    if wanted.get("tenants") and wanted.get("is_public", True) is True:
        return ["everybody may use a public flavor: tenants need is_public: false"]
    return []


FLAVOR: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Nova::Flavor"),
        spec(
            name=text(
                "the flavor's name, of which there is one in the cloud", required=True, create_only=True
            ),
            ram=number("mebibytes of memory", required=True, minimum=1, create_only=True),
            vcpus=number("processors", required=True, minimum=1, create_only=True),
            disk=number("gibibytes of the root disk", minimum=0, default=0, create_only=True),
            ephemeral=number("gibibytes of a second disk", minimum=0, default=0, create_only=True),
            swap=number("mebibytes of swap", minimum=0, default=0, create_only=True),
            rxtx_factor=Property("number", "a factor for network quotas", default=1.0, create_only=True),
            flavorid=text("the id to have; one is made up where it is left out", create_only=True),
            is_public=flag("whether every project may use it", default=True, create_only=True),
            description=Property(("string", "null"), "what it is for", default=None),
            extra_specs=Property(
                "object", "what the scheduler and the driver are told", additional=text("a value"), default={}
            ),
            tenants=Property(
                "array",
                "the projects that may use a private one, by name or id",
                items=text("a project"),
                unordered=True,
                default=[],
            ),
        ),
        status(
            name=text("its name", stable=True),
            ram=number("mebibytes of memory", stable=True),
            vcpus=number("processors", stable=True),
            disk=number("gibibytes of the root disk", stable=True),
            extra_specs=Property(
                "object", "what the scheduler and the driver are told", additional=text("a value")
            ),
        ),
        "A size that servers can have; administrators only",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name",),
        unique_name="name",
        permissions=(
            "os_compute_api:os-flavor-extra-specs:index",
            "os_compute_api:os-flavor-manage:create",
            "os_compute_api:os-flavor-manage:update",
            "os_compute_api:os-flavor-manage:delete",
            "os_compute_api:os-flavor-extra-specs:create",
            "os_compute_api:os-flavor-access:add_tenant_access",
        ),
        refine=_refine_flavor,
    ),
    Listing("compute", "/flavors", "flavor", "flavors", detail="/detail", query={"is_public": "None"}),
    (
        Field("name"),
        Field("ram"),
        Field("vcpus"),
        Field("disk"),
        Field("ephemeral", "OS-FLV-EXT-DATA:ephemeral"),
        Field("swap", back=lambda _c, seen, _w, _b: seen or 0),
        Field("rxtx_factor"),
        Field("flavorid", "id"),
        Field("is_public", _PUBLIC),
        Field("description"),
    ),
    lambda body: picked(body, "name", "ram", "vcpus", "disk", "extra_specs"),
    parts=(
        Part(
            "extra_specs",
            keyed("compute", "/flavors/{}/os-extra_specs", "extra_specs"),
            lambda _cloud, body, _wanted: dict(body.get("extra_specs") or {}),
        ),
        Part("tenants", _write_tenants, _tenants),
    ),
    creating=_with_disk,
)
_ZONE: Final = "availability_zone"


def _write_metadata(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
    gone = dict.fromkeys(set(seen or ()) - set(wanted))
    if gone or wanted:
        body = {"set_metadata": {"metadata": {**wanted, **gone}}}
        cloud.client.send("compute", "POST", f"/os-aggregates/{id}/action", body)


AGGREGATE: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Nova::HostAggregate"),
        spec(
            name=text("the aggregate's name, of which there is one in the cloud", required=True),
            availability_zone=Property(("string", "null"), "the zone that its hosts make", default=None),
            hosts=Property(
                "array", "the hosts in it", items=text("a host's name"), unordered=True, default=[]
            ),
            metadata=Property(
                "object", "what flavors' extra specs are matched with", additional=text("a value"), default={}
            ),
        ),
        status(
            name=text("its name"),
            uuid=text("its other id", stable=True),
            hosts=Property("array", "the hosts in it"),
        ),
        "Hosts that have something in common; administrators only",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name",),
        unique_name="name",
        permissions=(
            "os_compute_api:os-aggregates:index",
            "os_compute_api:os-aggregates:show",
            "os_compute_api:os-aggregates:create",
            "os_compute_api:os-aggregates:update",
            "os_compute_api:os-aggregates:add_host",
            "os_compute_api:os-aggregates:set_metadata",
            "os_compute_api:os-aggregates:delete",
        ),
    ),
    Listing("compute", "/os-aggregates", "aggregate", "aggregates"),
    (Field("name"), Field(_ZONE)),
    lambda body: picked(body, "name", "uuid", "hosts"),
    parts=(
        Part(
            "hosts",
            members("compute", "/os-aggregates/{}/action", add="add_host", remove="remove_host", key="host"),
            lambda _cloud, body, _wanted: sorted(body.get("hosts") or ()),
            clears=True,
        ),
        Part(
            "metadata",
            _write_metadata,
            lambda _cloud, body, _wanted: {
                k: v for k, v in (body.get("metadata") or {}).items() if k != _ZONE
            },
        ),
    ),
)
