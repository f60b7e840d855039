"""Cinder's volume types with their access, and QoS specs: what administrators keep."""

from __future__ import annotations

from typing import Any, Final

from providers.openstack.sandbox import extras
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, Cloud, shown
from providers.openstack.sandbox.listing import links as page_links
from providers.openstack.sandbox.listing import page
from providers.openstack.sandbox.nova_base import check_schema
from providers.openstack.sandbox.problems import bad_request, conflict, forbidden, missing

DEFAULT: Final = "__DEFAULT__"
_DEFAULT_ID: Final = "e6eeb92e-91ad-48d7-9394-7155598d01d5"
_ACCESS: Final = "os-volume-type-access:is_public"


def _table(cloud: Cloud) -> dict[str, Body]:
    """All types; a fresh cloud has one."""
    table = cloud.table("volume_types")
    if _DEFAULT_ID not in table:
        cloud.add("volume_types", _new(_DEFAULT_ID, DEFAULT, "Default Volume Type", {}, public=True))
    return table


def _new(key: str, name: str, description: Any, specs: Body, *, public: bool) -> Body:
    return {
        "id": key,
        "name": name,
        "is_public": public,
        "description": description,
        "extra_specs": specs,
        "qos_specs_id": None,
        "_projects": [],
    }


def named(call: Call, key: str | None) -> Body:
    """Give the type of a new volume, by name or id; the default one where none is asked for."""
    for known in _table(call.cloud).values():
        if (key or DEFAULT) in {known["id"], known["name"]} and _sees(call, known):
            return known
    raise missing(f"Volume type with name {key} could not be found.")


def _sees(call: Call, body: Body) -> bool:
    return call.project.is_admin or body["is_public"] or call.project.id in body["_projects"]


def _administrator(call: Call, rule: str) -> None:
    if not call.project.is_admin:
        raise forbidden(f"Policy doesn't allow volume_extension:{rule} to be performed.")


def _find(call: Call, key: str) -> Body:
    found = _table(call.cloud).get(key)
    if found is None or not _sees(call, found):
        raise missing(f"Volume type {key} could not be found.")
    return found


def _told(body: Body) -> Body:
    return {**shown(body), _ACCESS: body["is_public"]}


def types(call: Call, project: str) -> Answer:
    """List the types that the caller may use; administrators see private ones where they ask for them."""
    del project
    hidden = call.project.is_admin and call.query.get("is_public") != "None"
    known = _table(call.cloud).values()
    seen = [_told(t) for t in known if _sees(call, t) and not (hidden and not t["is_public"])]
    chunk, marker = page(call, seen, lost=missing("Volume type could not be found."), default=1000)
    return Answer(200, {"volume_types": chunk, **page_links(call, "volume_type", marker)})


def create(call: Call, project: str) -> Answer:
    """Make one."""
    del project
    _administrator(call, "type_create")
    body = call.body("volume_type")
    kinds: dict[str, type] = {"name": str, "description": str, "extra_specs": dict, _ACCESS: bool}
    check_schema(body, field="volume_type", types=kinds, required=("name",))
    _check_free(call, body["name"])
    made = _new(
        call.cloud.new_id(),
        body["name"],
        body.get("description"),
        body.get("extra_specs", {}),
        public=body.get(_ACCESS, True),
    )
    told = _told(call.cloud.add("volume_types", made))
    return Answer(200, {"volume_type": {k: v for k, v in told.items() if k != "qos_specs_id"}})


def _check_free(call: Call, name: str) -> None:
    if any(known["name"] == name for known in _table(call.cloud).values()):
        raise conflict(f"Volume Type {name} already exists.")


def show(call: Call, project: str, key: str) -> Answer:
    """Show one."""
    del project
    return Answer(200, {"volume_type": _told(_find(call, key))})


def update(call: Call, project: str, key: str) -> Answer:
    """Change name, description, or who may use it."""
    del project
    _administrator(call, "type_update")
    found, body = _find(call, key), call.body("volume_type")
    if all(value is None for value in body.values()):
        raise bad_request("Specify volume type name, description, is_public or a combination thereof.")
    check_schema(
        body, field="volume_type", types={"name": str, "description": str, "is_public": bool}, required=()
    )
    if body.get("name", found["name"]) != found["name"]:
        _check_free(call, body["name"])
    found.update(body)
    told = _told(found)
    return Answer(200, {"volume_type": {k: v for k, v in told.items() if k not in {"qos_specs_id", _ACCESS}}})


def delete(call: Call, project: str, key: str) -> Answer:
    """Delete one that no volume has."""
    del project
    _administrator(call, "type_delete")
    found = _find(call, key)
    if any(v["volume_type_id"] == found["id"] for v in call.cloud.table("volumes").values()):
        raise bad_request("Target volume type is still in use.")
    del call.cloud.table("volume_types")[key]
    return Answer(202)


def extra_specs(call: Call, project: str, key: str) -> Answer:
    """Show them, or add some."""
    del project
    return extras.show_or_add(
        call, _find(call, key), lambda: _administrator(call, "types_extra_specs:create")
    )


def drop_extra_spec(call: Call, project: str, key: str, name: str) -> Answer:
    """Remove one."""
    del project
    _administrator(call, "types_extra_specs:delete")
    extras.drop(_find(call, key), name, f"Volume Type {key}")
    return Answer(202)


def access(call: Call, project: str, key: str) -> Answer:
    """List the projects that may use a private one."""
    del project
    _administrator(call, "volume_type_access:get_all_for_type")
    found = _find(call, key)
    if found["is_public"]:
        raise missing("Access list not available for public volume types.")
    entries = [{"volume_type_id": key, "project_id": p} for p in found["_projects"]]
    return Answer(200, {"volume_type_access": entries})


def act(call: Call, project: str, key: str) -> Answer:
    """Give or take access."""
    del project
    found = _find(call, key)
    name, arguments = next(iter(call.payload.items()))
    _administrator(call, f"volume_type_access:{name}")
    pair = f"{key} / {arguments['project']} combination"
    extras.change_access(
        found["_projects"],
        arguments["project"],
        gives=name == "addProjectAccess",
        twice=f"Volume type access for {pair} already exists.",
        never=f"Volume type access not found for {pair}.",
    )
    return Answer(202)


def _specs(call: Call, key: str, rule: str) -> Body:
    _administrator(call, f"qos_specs_manage:{rule}")
    found = call.cloud.table("qos_specs").get(key)
    if found is None:
        raise missing(f"No such QoS spec {key}.")
    return found


def all_specs(call: Call, project: str) -> Answer:
    """List the QoS specs."""
    del project
    _administrator(call, "qos_specs_manage:get_all")
    return Answer(200, {"qos_specs": [shown(q) for q in call.cloud.table("qos_specs").values()]})


def create_specs(call: Call, project: str) -> Answer:
    """Make some; what is no name or consumer is a limit."""
    _administrator(call, "qos_specs_manage:create")
    body = call.body("qos_specs")
    if any(known["name"] == body["name"] for known in call.cloud.table("qos_specs").values()):
        raise conflict(f"QoS Specs {body['name']} already exists.")
    made = {
        "id": call.cloud.new_id(),
        "name": body.pop("name"),
        "consumer": body.pop("consumer", "back-end"),
        "specs": body,
    }
    told = shown(call.cloud.add("qos_specs", made))
    return Answer(200, {"qos_specs": told, "links": _links(call, project, made["id"])})


def _links(call: Call, project: str, key: str) -> list[Body]:
    below = f"{project}/qos-specs/{key}"
    return [
        {"rel": "self", "href": f"{call.base}/v3/{below}"},
        {"rel": "bookmark", "href": f"{call.base}/{below}"},
    ]


def show_specs(call: Call, project: str, key: str) -> Answer:
    """Show some."""
    found = _specs(call, key, "get")
    return Answer(200, {"qos_specs": shown(found), "links": _links(call, project, key)})


def update_specs(call: Call, project: str, key: str) -> Answer:
    """Add to the limits, or change who enforces them."""
    del project
    found, body = _specs(call, key, "update"), call.body("qos_specs")
    limits = {k: v for k, v in body.items() if k != "consumer"}
    found.update(consumer=body.get("consumer", found["consumer"]), specs={**found["specs"], **limits})
    return Answer(200, {"qos_specs": body})


def drop_specs(call: Call, project: str, key: str) -> Answer:
    """Remove limits."""
    del project
    found = _specs(call, key, "update")
    for name in call.payload["keys"]:
        if name not in found["specs"]:
            raise missing(f"QoS spec {key} has no spec with key {name}.")
    found["specs"] = {k: v for k, v in found["specs"].items() if k not in call.payload["keys"]}
    return Answer(202)


def delete_specs(call: Call, project: str, key: str) -> Answer:
    """Delete some that no type has."""
    del project
    _specs(call, key, "delete")
    if any(kind["qos_specs_id"] == key for kind in _table(call.cloud).values()):
        raise bad_request("Qos specs still in use.")
    del call.cloud.table("qos_specs")[key]
    return Answer(202)


def associate(call: Call, project: str, key: str, verb: str) -> Answer:
    """Join specs with a type, part them, or list the joined."""
    del project
    found = _specs(call, key, verb)
    if verb == "associations":
        joined = [t for t in _table(call.cloud).values() if t["qos_specs_id"] == found["id"]]
        entries = [{"association_type": "volume_type", "name": t["name"], "id": t["id"]} for t in joined]
        return Answer(200, {"qos_associations": entries})
    kind = _find(call, call.query.get("vol_type_id", ""))
    kind["qos_specs_id"] = key if verb == "associate" else None
    return Answer(202)


_TYPES, _QOS = "/v3/<project>/types", "/v3/<project>/qos-specs"
ROUTES = (
    Route("GET", _TYPES, types),
    Route("POST", _TYPES, create),
    Route("GET", f"{_TYPES}/<key>", show),
    Route("PUT", f"{_TYPES}/<key>", update),
    Route("DELETE", f"{_TYPES}/<key>", delete),
    Route("GET", f"{_TYPES}/<key>/extra_specs", extra_specs),
    Route("POST", f"{_TYPES}/<key>/extra_specs", extra_specs),
    Route("DELETE", f"{_TYPES}/<key>/extra_specs/<name>", drop_extra_spec),
    Route("GET", f"{_TYPES}/<key>/os-volume-type-access", access),
    Route("POST", f"{_TYPES}/<key>/action", act),
    Route("GET", _QOS, all_specs),
    Route("POST", _QOS, create_specs),
    Route("GET", f"{_QOS}/<key>", show_specs),
    Route("PUT", f"{_QOS}/<key>", update_specs),
    Route("PUT", f"{_QOS}/<key>/delete_keys", drop_specs),
    Route("DELETE", f"{_QOS}/<key>", delete_specs),
    Route("GET", f"{_QOS}/<key>/<any(associate, disassociate, associations):verb>", associate),
)
