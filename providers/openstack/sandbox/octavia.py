"""Octavia's changes, deletions and lists, and the addresses of all that it does."""

from __future__ import annotations

from collections.abc import Callable

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, Cloud
from providers.openstack.sandbox.listing import page
from providers.openstack.sandbox.octavia_core import (
    asked,
    below,
    find,
    lost,
    refuse_busy,
    told,
    work,
)
from providers.openstack.sandbox.octavia_make import (
    check_key,
    create_balancer,
    create_listener,
    create_member,
    create_monitor,
    create_policy,
    create_pool,
    create_rule,
    parent_of,
    session,
)
from providers.openstack.sandbox.octavia_types import (
    BALANCERS,
    LISTENERS,
    MEMBERS,
    MONITORS,
    POLICIES,
    POOLS,
    RULES,
    Type,
)
from providers.openstack.sandbox.problems import bad_request, conflict
from providers.openstack.sandbox.quotas import BALANCING_ROUTES

_PAGING = ("limit", "marker", "fields", "sort")
_SHOWN = ("id", "provisioning_status", "operating_status", "created_at", "updated_at")
_REDIRECTS = ("redirect_pool_id", "redirect_url", "redirect_prefix")


# Changes and deletions.
def _update(call: Call, type: Type, body: Body) -> Answer:
    change = asked(call, type)
    refuse_busy(call, type, body)
    if type is POOLS and "session_persistence" in change:
        change["session_persistence"] = session(change["session_persistence"])
    if type is LISTENERS and "allowed_cidrs" in change:
        change["allowed_cidrs"] = change["allowed_cidrs"] or None
    if type is POLICIES:
        _redirect(body, change)
        _move(call.cloud, body, change)
    if type is RULES:
        check_key({**body, **change})
    defaults = {name: type.attributes[name] for name, value in change.items() if value is None}
    body.update({**change, **defaults})
    work(call, type, body, "PENDING_UPDATE")
    return Answer(200, {type.label: told(call, type, body)})


def _redirect(body: Body, change: Body) -> None:
    """A redirect of one sort clears those of the others."""
    action = change.get("action", body["action"])
    kept: dict[str, str] = {"REDIRECT_TO_POOL": "redirect_pool_id", "REDIRECT_TO_URL": "redirect_url"}
    for name in _REDIRECTS:
        if name != kept.get(str(action), "redirect_prefix" if action == "REDIRECT_PREFIX" else ""):
            change[name] = None
    if action in {"REDIRECT_TO_URL", "REDIRECT_PREFIX"}:
        again = any(change.get(name) is not None for name in ("action", *_REDIRECTS))
        held = None if again else body["redirect_http_code"]
        change["redirect_http_code"] = change.get("redirect_http_code") or held or 302
    else:
        change["redirect_http_code"] = None


def _move(cloud: Cloud, body: Body, change: Body) -> None:
    """Give a policy another place among those of its listener."""
    if change.get("position") is None:
        change.pop("position", None)
        return
    others = [p for p in below(cloud, POLICIES, "listener_id", body["listener_id"]) if p is not body]
    others.sort(key=lambda policy: policy["position"])
    change["position"] = min(change["position"], len(others) + 1)
    others.insert(change["position"] - 1, body)
    for number, policy in enumerate(others, start=1):
        policy["position"] = number


def _delete(call: Call, type: Type, body: Body) -> Answer:
    refuse_busy(call, type, body)
    cascades = call.query.get("cascade", "").lower() == "true"
    if type is BALANCERS and not cascades and _has_children(call.cloud, body):
        raise bad_request(f"Validation failure: Cannot delete Load Balancer {body['id']} - it has children")
    if type is POOLS:
        for policy in below(call.cloud, POLICIES, "redirect_pool_id", body["id"]):
            raise conflict(f"Pool {body['id']} is in use by L7 policy {policy['id']}")
    work(call, type, body, "PENDING_DELETE")
    return Answer(204)


def _has_children(cloud: Cloud, balancer: Body) -> bool:
    return any(below(cloud, type, "_balancer", balancer["id"]) for type in (LISTENERS, POOLS))


# Lists.
def _list(call: Call, type: Type, bodies: list[Body]) -> Answer:
    items = [told(call, type, body) for body in bodies]
    unknown = set(call.query) - {*_PAGING, *type.attributes, *type.shown, *_SHOWN}
    if unknown:
        raise bad_request("One or more arguments are either duplicate or invalid")
    kept = [item for item in items if _fits(call, item)]
    wrong = bad_request(f"Supplied pagination marker '{call.query.get('marker')}' is not valid.")
    chunk, marker = page(call, kept, lost=wrong)
    where = call.full_url.split("?")[0]  # the link forgets what was filtered
    following = f"{where}?limit={call.query.get('limit')}&marker={marker}"
    links = [{"href": following, "rel": "next"}] if marker else []
    return Answer(200, {type.plural: chunk, f"{type.plural}_links": links})


def _fits(call: Call, item: Body) -> bool:
    for name in set(call.query) - set(_PAGING):
        if name == "tags":
            if not set(call.query["tags"].split(",")) <= set(item["tags"]):
                return False
        elif str(item.get(name)) != call.query[name]:
            return False
    return True


def versions(call: Call) -> Answer:
    """Answer the unversioned root."""
    links = [{"href": f"{call.base}/v2", "rel": "self"}]
    known = [{"id": f"v2.{minor}", "status": "SUPPORTED", "links": links} for minor in range(27)]
    known.append({"id": "v2.27", "status": "CURRENT", "links": links})
    return Answer(200, {"versions": known})


def _routes(type: Type, create: Callable[[Call], Answer]) -> tuple[Route, ...]:
    root = f"/v2/lbaas/{type.plural}"
    one = f"{root}/<key>"
    return (
        Route("GET", root, lambda call: _list(call, type, call.visible(type.table))),
        Route("POST", root, create),
        Route(
            "GET",
            one,
            lambda call, key: Answer(200, {type.label: told(call, type, find(call, type, key))}),
        ),
        Route("PUT", one, lambda call, key: _update(call, type, find(call, type, key))),
        Route("DELETE", one, lambda call, key: _delete(call, type, find(call, type, key))),
    )


def _child_routes(
    above: Type, type: Type, said: str, create: Callable[[Call, str], Answer]
) -> tuple[Route, ...]:
    root = f"/v2/lbaas/{above.plural}/<key>/{type.plural}"
    one = f"{root}/<own>"
    link = "_pool" if above is POOLS else "_policy"

    def listed(call: Call, key: str) -> Answer:
        parent = parent_of(call, above, key, said)
        return _list(call, type, [b for b in below(call.cloud, type, link, parent["id"]) if call.sees(b)])

    def one_of(call: Call, key: str, own: str) -> Body:
        parent = parent_of(call, above, key, said)
        found = find(call, type, own)
        if found[link] != parent["id"]:
            raise lost(type, own)
        return found

    return (
        Route("GET", root, listed),
        Route("POST", root, create),
        Route(
            "GET",
            one,
            lambda call, key, own: Answer(200, {type.label: told(call, type, one_of(call, key, own))}),
        ),
        Route("PUT", one, lambda call, key, own: _update(call, type, one_of(call, key, own))),
        Route("DELETE", one, lambda call, key, own: _delete(call, type, one_of(call, key, own))),
    )


OPEN = (Route("GET", "/", versions),)
_ROUTES = (
    *BALANCING_ROUTES,
    *_routes(BALANCERS, create_balancer),
    *_routes(LISTENERS, create_listener),
    *_routes(POOLS, create_pool),
    *_child_routes(POOLS, MEMBERS, "Pool", create_member),
    *_routes(MONITORS, create_monitor),
    *_routes(POLICIES, create_policy),
    *_child_routes(POLICIES, RULES, "L7Policy", create_rule),
)
# It answers at both, since clients ask at either.
ROUTES = tuple(
    Route(route.method, route.rule.replace("/v2/", root, 1), route.handler)
    for route in _ROUTES
    for root in ("/v2/", "/v2.0/")
)
