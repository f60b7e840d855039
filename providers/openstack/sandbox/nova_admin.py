"""What administrators do in Nova: flavors with extra specs and access, host aggregates; and everybody's server groups."""

from __future__ import annotations

from typing import Any, Final

from providers.openstack.sandbox import extras
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, shown, stamp
from providers.openstack.sandbox.nova_base import check_schema, flavor_body
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, forbidden, missing

HOSTS: Final = ("fake1", "fake2")
"""The machines of the simulated cloud."""
_PUBLIC: Final = "os-flavor-access:is_public"
_EPHEMERAL: Final = "OS-FLV-EXT-DATA:ephemeral"
_FLAVOR: dict[str, type] = {
    "name": str,
    "id": object,
    "ram": object,
    "vcpus": object,
    "disk": object,
    "swap": object,
    _EPHEMERAL: object,
    "rxtx_factor": object,
    _PUBLIC: bool,
    "description": str,
}
_POLICIES: Final = ("anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity")
_MOST_GROUPS: Final = 10


def administrator(call: Call, rule: str) -> None:
    """Refuse everybody else, in Nova's words."""
    if not call.project.is_admin:
        raise forbidden(f"Policy doesn't allow os_compute_api:{rule} to be performed.")


def _flavor(call: Call, key: str) -> Body:
    found = call.cloud.table("flavors").get(key)
    if found is None:
        raise missing(f"Flavor {key} could not be found.")
    return found


def create_flavor(call: Call) -> Answer:
    """Make a flavor."""
    administrator(call, "os-flavor-manage:create")
    body = call.body("flavor")
    check_schema(body, field="flavor", types=_FLAVOR, required=("name", "ram", "vcpus", "disk"))
    table = call.cloud.table("flavors")
    if any(known["name"] == body["name"] for known in table.values()):
        raise conflict(f"Flavor with name {body['name']} already exists.")
    key = str(body.get("id") or call.cloud.new_id())
    if key in table:
        raise conflict(f"Flavor with ID {key} already exists.")
    public = bool(body.get(_PUBLIC, True))
    flavor = {
        "id": key,
        **{name: body[name] for name in ("name", "ram", "vcpus", "disk")},
        "swap": body.get("swap", 0),
        "ephemeral": body.get(_EPHEMERAL, 0),
        "rxtx_factor": float(body.get("rxtx_factor", 1.0)),
        "description": body.get("description"),
        "extra_specs": {},
        "tenants": [],
        "_public": public,
        "_project": "",
    }
    return Answer(200, {"flavor": flavor_body(call, call.cloud.add("flavors", flavor))})


def update_flavor(call: Call, key: str) -> Answer:
    """Change the description; a flavor has nothing else that changes."""
    administrator(call, "os-flavor-manage:update")
    found, body = _flavor(call, key), call.body("flavor")
    check_schema(body, field="flavor", types={"description": str}, required=("description",))
    found["description"] = body["description"]
    return Answer(200, {"flavor": flavor_body(call, found)})


def delete_flavor(call: Call, key: str) -> Answer:
    """Delete one; servers that have it keep what it was."""
    administrator(call, "os-flavor-manage:delete")
    del call.cloud.table("flavors")[_flavor(call, key)["id"]]
    return Answer(202)


def extra_specs(call: Call, key: str) -> Answer:
    """Show, or add to, what the scheduler is told."""
    return extras.show_or_add(
        call, _flavor(call, key), lambda: administrator(call, "os-flavor-extra-specs:create")
    )


def drop_extra_spec(call: Call, key: str, name: str) -> Answer:
    """Remove one."""
    administrator(call, "os-flavor-extra-specs:delete")
    extras.drop(_flavor(call, key), name, f"Flavor {key}")
    return Answer(200)


def access(call: Call, key: str) -> Answer:
    """List who may use a private flavor."""
    administrator(call, "os-flavor-access")
    found = _flavor(call, key)
    if found["_public"]:
        raise missing("Access list not available for public flavors.")
    return _told_access(found)


def _told_access(found: Body) -> Answer:
    entries = [{"flavor_id": found["id"], "tenant_id": tenant} for tenant in found["tenants"]]
    return Answer(200, {"flavor_access": entries})


def act_on_flavor(call: Call, key: str) -> Answer:
    """Give or take access."""
    found = _flavor(call, key)
    name, arguments = next(iter(call.payload.items()))
    gives, tenant = name == "addTenantAccess", arguments["tenant"]
    administrator(call, f"os-flavor-access:{'add' if gives else 'remove'}_tenant_access")
    order = f"flavor {found['_order']} and project {tenant} combination"
    extras.change_access(
        found["tenants"],
        tenant,
        gives=gives,
        twice=f"Flavor access already exists for {order}.",
        never=f"Flavor access not found for {found['_order']} / {tenant} combination.",
    )
    return _told_access(found)


def _aggregate(call: Call, key: str) -> Body:
    found = call.cloud.table("aggregates").get(key)
    if found is None:
        raise missing(f"Aggregate {key} could not be found.")
    return found


def _shown_aggregate(found: Body) -> Body:
    zone = found["availability_zone"]
    metadata = {**found["metadata"], **({"availability_zone": zone} if zone else {})}
    return {**shown(found), "id": int(found["id"]), "metadata": metadata}


def aggregates(call: Call) -> Answer:
    """List all."""
    administrator(call, "os-aggregates:index")
    return Answer(200, {"aggregates": [_shown_aggregate(a) for a in call.cloud.table("aggregates").values()]})


def create_aggregate(call: Call) -> Answer:
    """Make one without hosts; the answer to it tells neither hosts nor metadata."""
    administrator(call, "os-aggregates:create")
    body = call.body("aggregate")
    check_schema(body, field="aggregate", types={"name": str, "availability_zone": str}, required=("name",))
    _check_free(call, body["name"])
    made = {
        "id": str(len(call.cloud.table("aggregates_ever")) + 1),
        "uuid": call.cloud.new_id(),
        "name": body["name"],
        "hosts": [],
        "metadata": {},
        "created_at": stamp(micro=True),
        "updated_at": None,
        "deleted_at": None,
        "deleted": False,
        "availability_zone": body.get("availability_zone"),
    }
    call.cloud.table("aggregates_ever")[made["id"]] = {}
    call.cloud.add("aggregates", made)
    told = {k: v for k, v in _shown_aggregate(made).items() if k not in {"hosts", "metadata"}}
    return Answer(200, {"aggregate": told})


def _check_free(call: Call, name: str) -> None:
    if any(known["name"] == name for known in call.cloud.table("aggregates").values()):
        raise conflict(f"Aggregate {name} already exists.")


def show_aggregate(call: Call, key: str) -> Answer:
    """Show one."""
    administrator(call, "os-aggregates:show")
    return Answer(200, {"aggregate": _shown_aggregate(_aggregate(call, key))})


def update_aggregate(call: Call, key: str) -> Answer:
    """Change name or zone."""
    administrator(call, "os-aggregates:update")
    found, body = _aggregate(call, key), call.body("aggregate")
    check_schema(body, field="aggregate", types={"name": str, "availability_zone": str}, required=())
    if body.get("name", found["name"]) != found["name"]:
        _check_free(call, body["name"])
    found.update(body, updated_at=stamp(micro=True))
    return Answer(200, {"aggregate": _shown_aggregate(found)})


def delete_aggregate(call: Call, key: str) -> Answer:
    """Delete one without hosts."""
    administrator(call, "os-aggregates:delete")
    if _aggregate(call, key)["hosts"]:
        raise bad_request(f"Cannot remove host from aggregate {key}. Reason: Host aggregate is not empty.")
    del call.cloud.table("aggregates")[key]
    return Answer(200)


def act_on_aggregate(call: Call, key: str) -> Answer:
    """Add and remove a host, set metadata (null removes a key)."""
    found = _aggregate(call, key)
    name, arguments = next(iter(call.payload.items()))
    administrator(call, f"os-aggregates:{name}")
    if name == "set_metadata":
        joined = {**found["metadata"], **arguments["metadata"]}
        found["metadata"] = {k: v for k, v in joined.items() if v is not None}
        return Answer(200, {"aggregate": _shown_aggregate(found)})
    host = arguments["host"]
    if host not in HOSTS:
        raise missing(f"Compute host {host} could not be found.")
    if name == "add_host":
        if host in found["hosts"]:
            raise conflict(f"Cannot add host {host} in aggregate {key}: host exists")
        found["hosts"].append(host)
    elif host in found["hosts"]:
        found["hosts"].remove(host)
    else:
        raise missing(f"Cannot remove host {host} in aggregate {key}")
    return Answer(200, {"aggregate": _shown_aggregate(found)})


def _group(call: Call, key: str) -> Body:
    return call.find("server_groups", key, missing(f"Instance group {key} could not be found."))


def _shown_group(call: Call, found: Body) -> Body:
    servers = call.cloud.table("servers").values()
    members = [s["id"] for s in servers if found["id"] in s["server_groups"]]
    return {**shown(found), "members": members}


def groups(call: Call) -> Answer:
    """List the project's."""
    own = [g for g in call.visible("server_groups") if g["project_id"] == call.project.id]
    start = int(call.query.get("offset", 0))
    page = own[start : start + int(call.query.get("limit", 1000))]
    return Answer(200, {"server_groups": [_shown_group(call, g) for g in page]})


def create_group(call: Call) -> Answer:
    """Make one, with exactly one policy."""
    body = call.body("server_group")
    types: dict[str, type] = {"name": str, "policy": str, "rules": dict}
    check_schema(body, field="server_group", types=types, required=("name", "policy"))
    if body["policy"] not in _POLICIES:
        what = f"{body['policy']!r} is not one of {list(_POLICIES)}"
        raise bad_request(f"Invalid input for field/attribute policy. Value: {body['policy']}. {what}")
    if body.get("rules") and body["policy"] != "anti-affinity":
        raise bad_request("Only anti-affinity policy supports rules.")
    if len(call.cloud.owned("server_groups", call.project)) >= _MOST_GROUPS:
        raise forbidden("Quota exceeded, too many server groups.")
    made = {
        "id": call.cloud.new_id(),
        "name": body["name"],
        "policy": body["policy"],
        "rules": body.get("rules", {}),
        "members": [],
        "project_id": call.project.id,
        "user_id": call.project.user_id,
        "_project": call.project.id,
    }
    return Answer(200, {"server_group": _shown_group(call, call.cloud.add("server_groups", made))})


def show_group(call: Call, key: str) -> Answer:
    """Show one."""
    return Answer(200, {"server_group": _shown_group(call, _group(call, key))})


def delete_group(call: Call, key: str) -> Answer:
    """Delete one, with or without servers in it."""
    del call.cloud.table("server_groups")[_group(call, key)["id"]]
    return Answer(204)


def check_hints(call: Call, hints: Any) -> list[str]:
    """Give the server group that a new server is to join. Raises Problem where there is none such."""
    key = hints.get("group") if isinstance(hints, dict) else None
    if key is None:
        return []
    found = call.cloud.table("server_groups").get(str(key))
    if found is None or not call.sees(found):
        raise Problem(400, f"Instance group {key} could not be found.")
    return [str(key)]


_FLAVORS, _AGGREGATES, _GROUPS = "/v2.1/flavors", "/v2.1/os-aggregates", "/v2.1/os-server-groups"
ROUTES = (
    Route("POST", _FLAVORS, create_flavor),
    Route("PUT", f"{_FLAVORS}/<key>", update_flavor),
    Route("DELETE", f"{_FLAVORS}/<key>", delete_flavor),
    Route("GET", f"{_FLAVORS}/<key>/os-extra_specs", extra_specs),
    Route("POST", f"{_FLAVORS}/<key>/os-extra_specs", extra_specs),
    Route("DELETE", f"{_FLAVORS}/<key>/os-extra_specs/<name>", drop_extra_spec),
    Route("GET", f"{_FLAVORS}/<key>/os-flavor-access", access),
    Route("POST", f"{_FLAVORS}/<key>/action", act_on_flavor),
    Route("GET", _AGGREGATES, aggregates),
    Route("POST", _AGGREGATES, create_aggregate),
    Route("GET", f"{_AGGREGATES}/<key>", show_aggregate),
    Route("PUT", f"{_AGGREGATES}/<key>", update_aggregate),
    Route("DELETE", f"{_AGGREGATES}/<key>", delete_aggregate),
    Route("POST", f"{_AGGREGATES}/<key>/action", act_on_aggregate),
    Route("GET", _GROUPS, groups),
    Route("POST", _GROUPS, create_group),
    Route("GET", f"{_GROUPS}/<key>", show_group),
    Route("DELETE", f"{_GROUPS}/<key>", delete_group),
)
