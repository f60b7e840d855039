"""Swift's containers and objects: everything in headers; large objects by a manifest; refusals as small web pages.

Data is kept in memory: it is a sandbox for specs, not for films.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import time
from collections.abc import Mapping
from typing import Any, Final

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body
from providers.openstack.sandbox.problems import Problem

_SHOWN: Final = ("x-container-read", "x-container-write", "x-versions-location")
_TITLES: Final = {
    404: ("Not Found", "The resource could not be found."),
    409: ("Conflict", "There was a conflict when trying to complete your request."),
    422: ("Unprocessable Entity", "Unable to process the contained instructions"),
    400: ("Bad Request", ""),
}


_POLICY: Final = "Policy-0"
_ACCEPTED: Final = b"<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>"


def page_body(problem: Problem) -> bytes:
    """A refusal as Swift writes it."""
    title, text = _TITLES.get(problem.status, ("Error", problem.message))
    return f"<html><h1>{title}</h1><p>{text or problem.message}</p></html>".encode()


def _refuse(status: int, message: str = "") -> Problem:
    return Problem(status, message)


def _containers(call: Call, account: str) -> dict[str, Body]:
    if account != f"AUTH_{call.project.id}" and not call.project.is_admin:
        raise Problem(403, "Access was denied to this resource.")
    return call.cloud.table(f"swift {account}")


def _container(call: Call, account: str, name: str) -> Body:
    found = _containers(call, account).get(name)
    if found is None:
        raise _refuse(404)
    return found


def _merged(call: Call, kept: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Metadata after a POST: what is sent replaces; an empty value, or X-Remove-, takes away."""
    merged = dict(kept)
    for name, value in call.headers.items():
        key = name.lower()
        if key.startswith(f"x-remove-{prefix.removeprefix('x-')}"):
            merged.pop(key.replace("x-remove-", "x-", 1), None)
        elif key.startswith(prefix) or key in _SHOWN:
            merged[key] = value
    return {key: value for key, value in merged.items() if value}


def account(call: Call, account: str) -> Answer:
    """List containers."""
    held = _containers(call, account).values()
    rows = [
        {
            "name": c["name"],
            "count": len(c["objects"]),
            "bytes": _size(c),
            "last_modified": _iso(c["at"]),
            "storage_policy": _POLICY,
        }
        for c in held
    ]
    return _listed(call, rows)


def _size(container: Body) -> int:
    return sum(len(o["data"]) for o in container["objects"].values())


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime(at))


def _listed(call: Call, rows: list[Body]) -> Answer:
    marker, prefix = call.query.get("marker", ""), call.query.get("prefix", "")
    rows = sorted(
        (r for r in rows if r["name"] > marker and r["name"].startswith(prefix)), key=lambda r: r["name"]
    )
    return Answer(200, rows[: int(call.query.get("limit", 10000))])


def put_container(call: Call, account: str, container: str) -> Answer:
    """Make one, or change one that is there."""
    held = _containers(call, account)
    status = 202 if container in held else 201
    made = held.setdefault(container, {"name": container, "objects": {}, "meta": {}, "at": time.time()})
    made["meta"] = _merged(call, made["meta"], "x-container-meta-")
    return Answer(status, _ACCEPTED if status == 202 else b"")


def post_container(call: Call, account: str, container: str) -> Answer:
    """Change its headers."""
    found = _container(call, account, container)
    found["meta"] = _merged(call, found["meta"], "x-container-meta-")
    return Answer(204, b"")


def show_container(call: Call, account: str, container: str) -> Answer:
    """Tell its headers (HEAD), or list its objects (GET)."""
    found = _container(call, account, container)
    headers = {
        "X-Container-Object-Count": str(len(found["objects"])),
        "X-Container-Bytes-Used": str(_size(found)),
        "X-Storage-Policy": _POLICY,
        "X-Timestamp": f"{found['at']:.5f}",
        **{key.title(): value for key, value in found["meta"].items()},
    }
    if call.method == "HEAD":
        return Answer(204, b"", headers)
    rows = [_row(o) for o in found["objects"].values()]
    return Answer(200, _listed(call, rows).body, headers)


def _row(body: Body) -> Body:
    return {
        "name": body["name"],
        "bytes": len(body["data"]),
        "hash": body["etag"],
        "content_type": body["type"],
        "last_modified": _iso(body["at"]),
    }


def delete_container(call: Call, account: str, container: str) -> Answer:
    """Delete an empty one."""
    if _container(call, account, container)["objects"]:
        raise _refuse(409)
    del _containers(call, account)[container]
    return Answer(204, b"")


def put_object(call: Call, account: str, container: str, name: str) -> Answer:
    """Keep what is sent, or what a manifest names; a wrong ETag is refused."""
    held = _container(call, account, container)["objects"]
    data = call.data
    body: Body = {"name": name, "data": data, "parts": None, "at": time.time()}
    body["etag"] = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if call.query.get("multipart-manifest") == "put":
        body |= _joined(call, account, json.loads(data))
    elif call.headers.get("Etag", body["etag"]) != body["etag"]:
        raise _refuse(422)
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    given = call.headers.get("Content-Type", "")
    body["type"] = guessed if given in {"", "application/json"} else given
    body["meta"] = _merged(call, {}, "x-object-meta-")
    held[name] = body
    return Answer(201, b"", {"Etag": _told_etag(body)})


def _joined(call: Call, account: str, manifest: list[Body]) -> Body:
    parts = []
    for entry in manifest:
        where, _, name = str(entry["path"]).lstrip("/").partition("/")
        part = _containers(call, account).get(where, {"objects": {}})["objects"].get(name)
        if part is None or part["etag"] != entry["etag"]:
            raise _refuse(400, f"Errors:\n{entry['path']}, 404 Not Found")
        parts.append((f"/{where}/{name}", part))
    etags = "".join(part["etag"] for _, part in parts)
    return {
        "data": b"".join(part["data"] for _, part in parts),
        "parts": [{"name": path, "hash": part["etag"], "bytes": len(part["data"])} for path, part in parts],
        "etag": hashlib.md5(etags.encode(), usedforsecurity=False).hexdigest(),
    }


def _told_etag(body: Body) -> str:
    return f'"{body["etag"]}"' if body["parts"] is not None else str(body["etag"])


def _object(call: Call, account: str, container: str, name: str) -> Body:
    found = _container(call, account, container)["objects"].get(name)
    if found is None:
        raise _refuse(404)
    return dict(found)


def show_object(call: Call, account: str, container: str, name: str) -> Answer:
    """Tell its headers, its data, or its manifest."""
    found = _object(call, account, container, name)
    headers = {
        "Content-Type": found["type"],
        "Etag": _told_etag(found),
        "Last-Modified": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(found["at"])),
        "X-Timestamp": f"{found['at']:.5f}",
        **{key.title(): value for key, value in found["meta"].items()},
    }
    if found["parts"] is not None:
        headers["X-Static-Large-Object"] = "True"
        if call.query.get("multipart-manifest") == "get":
            return Answer(200, found["parts"], headers)
    if call.method == "HEAD":
        return Answer(200, b"", {**headers, "Content-Length": str(len(found["data"]))})
    return Answer(200, found["data"], headers)


def post_object(call: Call, account: str, container: str, name: str) -> Answer:
    """Replace all of its metadata."""
    _object(call, account, container, name)
    found = _container(call, account, container)["objects"][name]
    found["meta"] = _merged(call, {}, "x-object-meta-")
    found["type"] = call.headers.get("Content-Type") or found["type"]
    return Answer(202, _ACCEPTED)


def delete_object(call: Call, account: str, container: str, name: str) -> Answer:
    """Delete one; a large one with its segments, where that is asked."""
    found = _object(call, account, container, name)
    del _container(call, account, container)["objects"][name]
    if call.query.get("multipart-manifest") != "delete" or found["parts"] is None:
        return Answer(204, b"")
    for part in found["parts"]:
        _, where, inner = part["name"].split("/", 2)
        _container(call, account, where)["objects"].pop(inner, None)
    counted = {"Number Deleted": len(found["parts"]) + 1, "Number Not Found": 0}
    return Answer(200, {**counted, "Response Status": "200 OK", "Errors": []})


def info(_call: Call) -> Answer:
    """Say what this Swift can do."""
    told: dict[str, Any] = {"swift": {"version": "2.38.3"}, "slo": {}, "versioned_writes": {}}
    return Answer(200, told)


_ACCOUNT = "/v1/<account>"
_CONTAINER = f"{_ACCOUNT}/<container>"
_OBJECT = f"{_CONTAINER}/<path:name>"
OPEN = (Route("GET", "/info", info),)
ROUTES = (
    Route("GET", _ACCOUNT, account),
    Route("GET", f"{_ACCOUNT}/", account),
    Route("GET", _CONTAINER, show_container),
    Route("PUT", _CONTAINER, put_container),
    Route("POST", _CONTAINER, post_container),
    Route("DELETE", _CONTAINER, delete_container),
    Route("GET", _OBJECT, show_object),
    Route("PUT", _OBJECT, put_object),
    Route("POST", _OBJECT, post_object),
    Route("DELETE", _OBJECT, delete_object),
)
