"""Data: images with Glance, as a member of a project calls for them, and containers with objects in Swift."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.openstack.recording.recorder import NOBODY, PREFIX, Recorder

PATCH = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
BYTES = {"Content-Type": "application/octet-stream"}
COUNTED = (
    "X-Container-Object-Count",
    "X-Container-Bytes-Used",
    "X-Container-Meta-Color",
    "X-Container-Meta-Size",
)
TOLD = ("Etag", "Content-Type", "X-Object-Meta-Color", "X-Object-Meta-Size", "X-Static-Large-Object")


def images(cloud: Recorder) -> None:
    """An image that is made, sent, changed and deleted, and what is refused."""

    def ask(label: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
        return cloud.call(label, "image", method, path, body, **more)

    wanted = {"name": PREFIX, "disk_format": "raw", "container_format": "bare", "tags": ["a"], "color": "red"}
    made = ask("image", "POST", "/images", wanted)["id"]
    one = f"/images/{cloud.known('image', made)}"
    for label, body in (
        ("image format", {**wanted, "disk_format": "nope"}),
        ("image read-only", {**wanted, "size": 5}),
        ("image public", {**wanted, "visibility": "public"}),
    ):
        ask(label, "POST", "/images", body)
    ask("image queued", "GET", one)
    ask("image send", "PUT", f"{one}/file", headers=BYTES, data=b"system")
    ask("image active", "GET", one)
    ask("image send twice", "PUT", f"{one}/file", headers=BYTES, data=b"system")
    for label, change in (
        ("image rename", {"op": "replace", "path": "/name", "value": f"{PREFIX}-2"}),
        ("image recolor", {"op": "replace", "path": "/color", "value": "blue"}),
        ("image add", {"op": "add", "path": "/shape", "value": "round"}),
        ("image remove", {"op": "remove", "path": "/shape"}),
        ("image remove twice", {"op": "remove", "path": "/shape"}),
        ("image resize", {"op": "replace", "path": "/size", "value": 7}),
    ):
        ask(label, "PATCH", one, [change], headers=PATCH)
    ask("image import", "POST", f"{one}/import", {"method": {"name": "nope"}})
    ask("image patch missing", "PATCH", f"/images/{NOBODY}", [], headers=PATCH)
    ask("image delete", "DELETE", one)
    ask("image delete twice", "DELETE", one)


def objects(cloud: Recorder) -> None:
    """A container with objects, small and in segments, and what is refused."""

    def ask(label: str, method: str, path: str, **more: Any) -> Any:
        return cloud.call(label, "object_store", method, path, **more)

    name = cloud.own()
    here = f"/{name}"
    red = {"X-Container-Meta-Color": "red", "X-Container-Meta-Size": "1"}
    ask("container lost", "GET", f"{here}?format=json")
    ask("container", "PUT", here, headers=red)
    ask("container twice", "PUT", here)
    ask(
        "container post",
        "POST",
        here,
        headers={"X-Container-Meta-Color": "blue", "X-Remove-Container-Meta-Size": "x"},
    )
    ask("containers", "GET", "?format=json", part=lambda body: [row for row in body if row["name"] == name])
    ask(
        "object",
        "PUT",
        f"{here}/note.txt",
        data=b"every word",
        headers={"X-Object-Meta-Color": "red"},
        told=["Etag"],
    )
    ask("object damaged", "PUT", f"{here}/other", data=b"every word", headers={"Etag": "0" * 32})
    ask("object lost container", "PUT", f"{here}-lost/other", data=b"x")
    ask("object get", "GET", f"{here}/note.txt", told=TOLD)
    ask("object post", "POST", f"{here}/note.txt", headers={"X-Object-Meta-Size": "2"})
    ask("object posted", "GET", f"{here}/note.txt", told=TOLD)
    ask("object lost", "GET", f"{here}/lost")
    ask("container full", "DELETE", here)
    ask("container get", "GET", f"{here}?format=json", told=COUNTED)
    segments(cloud, here, ask)
    ask("object delete", "DELETE", f"{here}/note.txt")
    ask("object delete twice", "DELETE", f"{here}/note.txt")
    ask("container delete", "DELETE", here)
    ask("container delete twice", "DELETE", here)


def segments(_cloud: Recorder, here: str, ask: Any) -> None:
    """A large object by its manifest."""
    entries = []
    for number, data in enumerate((b"a" * 10, b"b" * 5)):
        ask(f"segment {number}", "PUT", f"{here}/part/{number}", data=data, told=["Etag"])
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        entries.append({"path": f"{here}/part/{number}", "etag": etag, "size_bytes": len(data)})
    film = f"{here}/film"
    ask("manifest", "PUT", f"{film}?multipart-manifest=put", data=json.dumps(entries), told=["Etag"])
    ask("manifest joined", "GET", film, told=TOLD)
    ask(
        "manifest parts",
        "GET",
        f"{film}?multipart-manifest=get",
        part=lambda rows: [{k: row[k] for k in ("name", "hash", "bytes")} for row in rows],
    )
    ask("manifest delete", "DELETE", f"{film}?multipart-manifest=delete", part=lambda _: None)
    ask("segment gone", "GET", f"{here}/part/0")
