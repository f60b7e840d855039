"""Pages of a list: marker and limit, and the links that lead on.

Nova and Cinder share one form (`servers_links`), Neutron adds a link back, Glance sends relative addresses; all
recorded from a real cloud.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body
from providers.openstack.sandbox.problems import Problem, bad_request

MAX_PAGE = 1000


def page(
    call: Call, items: Sequence[Body], *, lost: Problem, default: int = 0
) -> tuple[list[Body], str | None]:
    """Cut one page out; gives the page and the marker of the next one."""
    start = 0
    if marker := call.query.get("marker"):
        ids = [item["id"] for item in items]
        if marker not in ids:
            raise lost
        start = ids.index(marker) + 1
    limit = _limit(call) or default
    if not limit:
        return list(items[start:]), None
    chunk = list(items[start : start + limit])
    return chunk, chunk[-1]["id"] if len(chunk) == limit else None


def _limit(call: Call) -> int:
    raw = call.query.get("limit")
    if raw is None:
        return 0
    if not raw.isdigit():
        raise bad_request(f"Invalid input for field/attribute limit. Value: {raw}. '{raw}' is not an integer")
    return min(int(raw), MAX_PAGE)


def next_url(call: Call, marker: str) -> str:
    """Give the address of the next page: the same question with another marker."""
    query = MultiDict((k, v) for k, v in call.query.items(multi=True) if k != "marker")
    query.add("marker", marker)
    return call.full_url.split("?")[0] + "?" + urlencode(list(query.items(multi=True)))


def links(call: Call, key: str, marker: str | None) -> dict[str, list[dict[str, str]]]:
    """Nova's and Cinder's link to the next page, absent on the last."""
    if marker is None:
        return {}
    return {f"{key}_links": [{"rel": "next", "href": next_url(call, marker)}]}


def network_links(
    call: Call, key: str, items: Sequence[Body], marker: str | None
) -> dict[str, list[dict[str, str]]]:
    """Neutron's links: next, and back from the first item, whenever a limit was given."""
    if "limit" not in call.query or not items:
        return {}
    forth = [{"rel": "next", "href": next_url(call, marker)}] if marker else []
    back = {"rel": "previous", "href": next_url(call, items[0]["id"]) + "&page_reverse=True"}
    return {f"{key}_links": [*forth, back]}
