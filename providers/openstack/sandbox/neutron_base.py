"""The part that all of Neutron's collections share: list, show, create, update, delete, tags.

A `Collection` row names what differs: attributes, checks before a change, what else a deletion does, and the words
of its 404. `routes` turns a row into addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from providers.openstack.sandbox.attributes import Table, checked
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, shown, stamp
from providers.openstack.sandbox.listing import network_links, page
from providers.openstack.sandbox.problems import Problem, bad_request, missing
from providers.openstack.sandbox.quotas import check_network

_TAG_FILTERS = ("tags", "tags-any", "not-tags", "not-tags-any")
_PAGING = ("limit", "marker", "page_reverse", "fields", "sort_key", "sort_dir")


def _nothing(_call: Call, _body: Body) -> None:
    """Do nothing more: most collections have no further effect of a deletion."""


def _as_it_is(_call: Call, body: Body) -> Body:
    """Show an object as it is kept."""
    return shown(body)


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of Neutron object. `create` completes a checked body, `update` applies one to an object."""

    label: str
    plural: str
    attributes: Table
    lost_type: str
    lost_message: str
    create: Callable[[Call, Body], Body]
    update: Callable[[Call, Body, Body], None]
    delete: Callable[[Call, Body], None] = _nothing
    show: Callable[[Call, Body], Body] = _as_it_is
    path: str = ""
    taggable: bool = True
    tags_path: str = ""
    """Where tags are, if not below the collection's own path."""
    standard: bool = True
    """Whether objects have what most have: tags, times, a revision."""

    @property
    def tagged(self) -> bool:
        """Whether objects have tags."""
        return self.taggable and self.standard

    def lost(self, key: str) -> Problem:
        """Say that there is no such object."""
        return missing(self.lost_message.format(key), self.lost_type)

    def find(self, call: Call, key: str) -> Body:
        """Give one object that the caller may see."""
        return call.find(self.plural, key, self.lost(key))


def routes(row: Collection) -> tuple[Route, ...]:
    """All addresses of a collection."""
    root = f"/v2.0/{row.path or row.plural}"
    one = f"{root}/<key>"
    return (
        Route("GET", root, lambda call: list_objects(row, call)),
        Route("POST", root, lambda call: _create(row, call)),
        Route("GET", one, lambda call, key: _show(row, call, key)),
        Route("PUT", one, lambda call, key: _update(row, call, key)),
        Route("DELETE", one, lambda call, key: _delete(row, call, key)),
        *(_tag_routes(row, f"/v2.0/{row.tags_path}/<key>" if row.tags_path else one) if row.tagged else ()),
    )


def list_objects(row: Collection, call: Call) -> Answer:
    """List what the call may see and asks for."""
    items = [row.show(call, body) for body in call.visible(row.plural)]
    kept = [item for item in items if _matches(row, call, item)]
    if sort := call.query.get("sort_key"):
        reverse = call.query.get("sort_dir") == "desc"
        kept.sort(key=lambda item: (item.get(sort) is None, item.get(sort)), reverse=reverse)
    elif "limit" in call.query:
        kept.sort(key=lambda item: str(item["id"]))
    chunk, marker = page(call, kept, lost=row.lost(call.query.get("marker", "")))
    body = {row.plural: [_only(call, item) for item in chunk]}
    return Answer(200, {**body, **network_links(call, row.plural, chunk, marker)})


def _only(call: Call, item: Body) -> Body:
    wanted = call.query.getlist("fields")
    return {key: item[key] for key in item if key in wanted} if wanted else item


def _matches(row: Collection, call: Call, item: Body) -> bool:
    for name in dict.fromkeys(call.query):
        if name in _PAGING:
            continue
        values = call.query.getlist(name)
        if name in _TAG_FILTERS:
            if not _tags_match(name, set(",".join(values).split(",")), set(item.get("tags", ()))):
                return False
        elif name == "fixed_ips" and row.label == "port":
            if not all(_has_address(item, value) for value in values):
                return False
        elif name not in row.attributes and name not in item:
            raise bad_request(f"['{name}'] is invalid attribute for filtering")
        elif _text(item.get(name)) not in {value.lower() for value in values}:
            return False
    return True


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _tags_match(name: str, wanted: set[str], have: set[str]) -> bool:
    found = bool(wanted & have) if name.endswith("-any") else wanted <= have
    return not found if name.startswith("not-") else found


def _has_address(port: Body, wanted: str) -> bool:
    key, _, value = wanted.partition("=")
    return any(str(address.get(key)) == value for address in port["fixed_ips"])


def _create(row: Collection, call: Call) -> Answer:
    body = checked(call, row.label, row.attributes, call.body(row.label))
    check_network(call, row.plural, row.label)
    for key in ("project_id", "tenant_id", "tags", "id", "status"):
        body.pop(key, None)
    made = row.create(call, stamped(call, body) if row.standard else owned(call, body))
    call.cloud.add(row.plural, made)
    return Answer(201, {row.label: row.show(call, made)})


def owned(call: Call, body: Body) -> Body:
    """Put in an id and whose it is."""
    owner = call.project.id
    return {"id": call.cloud.new_id(), **body, "tenant_id": owner, "project_id": owner, "_project": owner}


def updated(_call: Call, body: Body, change: Body) -> None:
    """Take a change as it is."""
    body.update(change)


def stamped(call: Call, body: Body) -> Body:
    """Put in what every Neutron object has."""
    moment = stamp()
    times = {"created_at": moment, "updated_at": moment, "revision_number": 1}
    return {**owned(call, body), "tags": [], **times}


def _show(row: Collection, call: Call, key: str) -> Answer:
    return Answer(200, {row.label: _only(call, row.show(call, row.find(call, key)))})


def touched(body: Body) -> Body:
    """Count a change of the object, where it keeps count."""
    if "revision_number" in body:
        body["updated_at"] = stamp()
        body["revision_number"] += 1
    return body


def _update(row: Collection, call: Call, key: str) -> Answer:
    found = row.find(call, key)
    wanted = call.headers.get("If-Match", "")
    if wanted.startswith("revision_number=") and wanted != f"revision_number={found['revision_number']}":
        asked = wanted.partition("=")[2]
        message = f"Constrained to {asked}, but current revision is {found['revision_number']}"
        raise Problem(412, message, type="RevisionNumberConstraintFailed")
    row.update(call, found, checked(call, row.label, row.attributes, call.body(row.label)))
    return Answer(200, {row.label: row.show(call, touched(found))})


def _delete(row: Collection, call: Call, key: str) -> Answer:
    found = row.find(call, key)
    row.delete(call, found)
    call.cloud.table(row.plural).pop(found["id"], None)
    return Answer(204)


def _tag_routes(row: Collection, one: str) -> tuple[Route, ...]:
    return (
        Route(
            "GET", f"{one}/tags", lambda call, key: Answer(200, {"tags": sorted(row.find(call, key)["tags"])})
        ),
        Route("PUT", f"{one}/tags", lambda call, key: _replace_tags(row, call, key)),
        Route("DELETE", f"{one}/tags", lambda call, key: _clear_tags(row, call, key)),
        Route("PUT", f"{one}/tags/<tag>", lambda call, key, tag: _add_tag(row, call, key, tag)),
        Route("DELETE", f"{one}/tags/<tag>", lambda call, key, tag: _remove_tag(row, call, key, tag)),
    )


def _replace_tags(row: Collection, call: Call, key: str) -> Answer:
    found = row.find(call, key)
    tags = call.payload.get("tags") if isinstance(call.payload, dict) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise bad_request("Invalid tags body", "InvalidInput")
    twice = [tag for tag in tags if tags.count(tag) > 1]
    if twice:
        raise bad_request(
            f"Invalid input for operation: Duplicate items in the list: '{twice[0]}'.", "InvalidInput"
        )
    found["tags"] = list(tags)
    touched(found)
    return Answer(200, {"tags": found["tags"]})


def _clear_tags(row: Collection, call: Call, key: str) -> Answer:
    row.find(call, key)["tags"] = []
    return Answer(204)


def _add_tag(row: Collection, call: Call, key: str, tag: str) -> Answer:
    found = row.find(call, key)
    found["tags"] = sorted({*found["tags"], tag})
    touched(found)
    return Answer(201)


def _remove_tag(row: Collection, call: Call, key: str, tag: str) -> Answer:
    found = row.find(call, key)
    if tag not in found["tags"]:
        raise missing(f"Tag {tag} could not be found.", "TagNotFound")
    found["tags"] = [kept for kept in found["tags"] if kept != tag]
    return Answer(204)
