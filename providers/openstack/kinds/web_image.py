"""OS::Glance::WebImage: an image of ours, from a file that is sent or from an address that the cloud fetches.

A file is read once while it is sent, in constant memory; Glance's SHA-512 of what arrived is held against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.collection import Carried, CollectionKind, Part, Progress
from providers.openstack.kinds.effects import gone
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.kind import Body, Cloud, Spec, working
from providers.openstack.kinds.listing import Listing
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import TAGS, name
from providers.openstack.uploads import Upload, opened, sha512_of

PATCH: Final = "application/openstack-images-v2.1-json-patch"
_OWN: Final = frozenset(
    (
        "id", "name", "status", "visibility", "protected", "checksum", "owner", "size", "virtual_size", "container_format",
        "disk_format", "min_disk", "min_ram", "tags", "created_at", "updated_at", "self", "file", "schema", "os_hidden",
        "os_hash_algo", "os_hash_value", "stores", "direct_url", "locations", "store", "deleted", "deleted_at",
    )
)  # fmt: skip
"""Attributes that every image has; all others are properties that somebody gave it."""
_FOREIGN: Final = ("owner_specified.", "os_glance_")


def _given(_cloud: Cloud, body: Body, _wanted: Any) -> dict[str, Any]:
    return {k: v for k, v in body.items() if k not in _OWN and not k.startswith(_FOREIGN)}


def _send(cloud: Cloud, id: str, changes: list[dict[str, Any]]) -> None:
    cloud.client.send("image", "PATCH", f"/images/{id}", changes, headers={"Content-Type": PATCH})


def _pointer(key: str) -> str:
    return "/" + key.replace("~", "~0").replace("/", "~1")


def _change(cloud: Cloud, id: str, body: dict[str, Any]) -> None:
    _send(
        cloud, id, [{"op": "replace", "path": _pointer(key), "value": value} for key, value in body.items()]
    )


def _write_properties(cloud: Cloud, id: str, wanted: Any, seen: Any) -> None:
    there = seen or {}
    changes = [{"op": "remove", "path": _pointer(key)} for key in there.keys() - wanted.keys()]
    fresh = {key: value for key, value in wanted.items() if there.get(key) != value}
    changes += [{"op": "add", "path": _pointer(key), "value": value} for key, value in fresh.items()]
    if changes:
        _send(cloud, id, changes)


def _stored(cloud: Cloud, body: Body, wanted: Any) -> Any:
    """Say that the image was made from the wanted file, if its hash does; nothing while it has no data."""
    if not isinstance(wanted, str) or body.get("os_hash_value") is None:
        return None
    path = cloud.folder / wanted
    if not path.is_file() or sha512_of(path) == body["os_hash_value"]:
        return wanted
    return f"another file (SHA-512 {str(body['os_hash_value'])[:16]}…)"


def _upload(cloud: Cloud, id: str, wanted: Any, _seen: Any) -> None:
    """Send the data, unless an interrupted run has done so; what arrived damaged is removed."""
    body = cloud.client.get("image", f"/images/{id}")
    if body["status"] == "saving":
        raise working(f"the upload to image {id}")
    path = opened(cloud.folder, str(wanted), f"image {id}")
    if body["status"] == "queued":
        upload = Upload(path)
        headers = {"Content-Type": "application/octet-stream"}
        cloud.client.exchange("image", "PUT", f"/images/{id}/file", headers=headers, data=upload)
        digest = upload.sha512
    else:
        digest = sha512_of(path)
    told = cloud.client.get("image", f"/images/{id}").get("os_hash_value")
    if told is not None and told != digest:
        gone(cloud, "image", f"/images/{id}")
        what = f"what arrived in image {id} is not what was sent (SHA-512 {str(told)[:16]}…); it was removed"
        raise PermanentError(what, "upload image", "Damaged")


def _import(cloud: Cloud, id: str, wanted: Any, _seen: Any) -> None:
    body = cloud.client.get("image", f"/images/{id}")
    if body["status"] == "queued":
        method = {"method": {"name": "web-download", "uri": str(wanted)}}
        cloud.client.send("image", "POST", f"/images/{id}/import", method)


def _creating(_cloud: Cloud, body: dict[str, Any], wanted: Spec) -> dict[str, Any]:
    return {"container_format": "bare", **body, **wanted.get("extra_properties", {})}


def _refine(wanted: Mapping[str, Any]) -> list[str]:
    return (
        []
        if ("source" in wanted) != ("location" in wanted)
        else ["write either source (a file) or location (an address)"]
    )


KIND: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Glance::WebImage"),
        spec(
            name=name("image"),
            source=text(
                "the file that is sent, counted from the stack's folder",
                one_way=lambda before, _after: isinstance(before, str),
            ),
            location=text(
                "the address that the cloud fetches it from, in place of a file",
                pattern=r"^https?://",
                create_only=True,
                write_only=True,
            ),
            disk_format=text(
                "what its data is",
                required=True,
                create_only=True,
                enum=("raw", "qcow2", "vhd", "vhdx", "vmdk", "vdi", "iso", "ploop", "ami", "ari", "aki"),
            ),
            container_format=text("what is around its data", default="bare", create_only=True),
            visibility=text(
                "who may use it", enum=("public", "private", "shared", "community"), default="shared"
            ),
            protected=flag("whether it cannot be deleted", default=False),
            os_hidden=flag("whether lists leave it out", default=False),
            min_disk=number("gibibytes of disk that a server needs", minimum=0, default=0),
            min_ram=number("mebibytes of memory that a server needs", minimum=0, default=0),
            extra_properties=Property(
                "object", "what else is told of it, as os_distro", additional=text("a value"), default={}
            ),
            tags=TAGS,
        ),
        status(
            name=text("its name"),
            status=text("active once it can be used"),
            size=number("bytes", stable=True),
            checksum=text("MD5 of its data", stable=True),
            os_hash_algo=text("how os_hash_value is made", stable=True),
            os_hash_value=text("a hash of its data", stable=True),
            owner=text("the project that it belongs to", stable=True),
        ),
        "An image of ours; one that exists already is looked up by OS::Glance::Image",
        reads=BULK,
        marking=Marking.TAG,
        consistency=2.0,
        stateful=True,
        readiness=True,
        permissions=("add_image", "upload_image", "get_image", "get_images", "modify_image", "delete_image"),
        refine=_refine,
    ),
    Listing("image", "/images", "", "images", own=True, owner="owner"),
    (
        Field("name"),
        Field("disk_format"),
        Field("container_format"),
        Field("visibility"),
        Field("protected"),
        Field("os_hidden"),
        Field("min_disk"),
        Field("min_ram"),
    ),
    lambda body: picked(body, "name", "status", "size", "checksum", "os_hash_algo", "os_hash_value", "owner"),
    carried=Carried("tags", _change),
    parts=(
        Part("source", _upload, _stored),
        Part("location", _import, lambda _cloud, _body, wanted: wanted),
        Part("extra_properties", _write_properties, _given),
    ),
    progress=Progress(("active", "deactivated"), ("killed", "deleted"), idle=("queued",)),
    change=_change,
    creating=_creating,
)
