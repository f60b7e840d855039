"""Glance's images, to be looked up: list with filters, and one by id."""

from __future__ import annotations

from typing import Any

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, shown
from providers.openstack.sandbox.listing import next_url, page
from providers.openstack.sandbox.problems import Problem, bad_request, missing

_MINORS = (15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0)
_CURRENT = 17
_SORTING = {"limit", "marker", "sort", "sort_key", "sort_dir", "member_status"}


def versions(call: Call) -> Answer:
    """Answer the root: 300 with all minor versions."""
    links = [{"rel": "self", "href": f"{call.base}/v2/"}]
    documents = [
        {"id": f"v2.{n}", "status": "CURRENT" if n == _CURRENT else "SUPPORTED", "links": links}
        for n in _MINORS
    ]
    return Answer(300, {"versions": documents})


def lost(key: str) -> Problem:
    """Say that there is no such image."""
    return missing(f"No image found with ID {key}")


def image_body(image: Body) -> Body:
    """Show an image, with its addresses."""
    root = f"/v2/images/{image['id']}"
    return {**shown(image), "self": root, "file": f"{root}/file", "schema": "/v2/schemas/image"}


def listed(call: Call) -> Answer:
    """List images, newest first; addresses of pages are relative."""
    found = [image_body(image) for image in reversed(call.visible("images"))]
    kept = [image for image in found if _matches(call, image)]
    lost = bad_request(f"No image found with ID {call.query.get('marker')}")
    chunk, marker = page(call, kept, lost=lost, default=25)
    body: dict[str, Any] = {
        "images": chunk,
        "first": _relative(call, call.full_url),
        "schema": "/v2/schemas/images",
    }
    if marker is not None:
        body["next"] = _relative(call, next_url(call, marker))
    return Answer(200, body)


def _relative(call: Call, url: str) -> str:
    return url.removeprefix(call.base)


def _matches(call: Call, image: Body) -> bool:
    for name, value in call.query.items():
        if name in _SORTING:
            continue
        if name == "tag":
            if value not in image["tags"]:
                return False
        elif str(image.get(name)).lower() != value.removeprefix("in:").lower():
            return False
    return True


def show(call: Call, key: str) -> Answer:
    """Show one image, by id only."""
    return Answer(200, image_body(call.find("images", key, lost(key))))


OPEN = (Route("GET", "/", versions),)
ROUTES = (Route("GET", "/v2/images", listed), Route("GET", "/v2/images/<key>", show))
