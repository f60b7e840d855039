"""OS::Glance::Image: only looked up, by name, id or other properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, number, spec, status, text
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import reveal
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import Listing

LISTING: Final = Listing("image", "/images", "", "images")
_SHOWN = (
    "name",
    "status",
    "size",
    "disk_format",
    "container_format",
    "min_disk",
    "min_ram",
    "visibility",
    "checksum",
)


def _observe(body: Body, wanted: Spec) -> Observed:
    shown = picked(body, *_SHOWN, "owner", "tags", "created_at")
    return Observed(str(body["id"]), dict(wanted), {"id": body["id"], **shown})


def _refine(wanted: Mapping[str, Any]) -> list[str]:
    return [] if "id" in wanted or "name" in wanted else ["say which image: its name or its id"]


@dataclass(frozen=True, slots=True)
class ImageKind:
    """A lookup of one image."""

    schema: KindSchema

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Look each one up. Raises PermanentError where several fit and the newest was not asked for."""
        del way
        found = {}
        for ref in refs:
            body = self._one(cloud, reveal(ref.spec), ref.id)
            if body is not None:
                found[ref.address] = _observe(body, ref.spec)
        return found

    @staticmethod
    def _one(cloud: Cloud, wanted: Spec, id: str | None) -> Body | None:
        if key := wanted.get("id") or id:
            return LISTING.get(cloud, str(key))
        query = {name: str(wanted[name]) for name in ("name", "visibility", "owner", "tag") if name in wanted}
        bodies = sorted(LISTING.all(cloud, **query), key=lambda body: str(body["created_at"]))
        if len(bodies) > 1 and not wanted.get("most_recent"):
            ids = ", ".join(str(body["id"]) for body in bodies)
            what = f"{len(bodies)} images fit ({ids}): use an id, or most_recent: true"
            raise PermanentError(what, "look up image", "Ambiguous")
        return bodies[-1] if bodies else None

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read every image that may be used."""
        return (_observe(body, {}) for body in LISTING.all(cloud))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Look it up: nothing else is ever asked."""
        del token
        body = self._one(cloud, reveal(request.want), None)
        return Done(None if body is None else _observe(body, request.want))

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Never asked: nothing is ever made."""
        del cloud
        raise PermanentError(f"nothing is pending for {dict(handle)}", "poll")

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Look it up."""
        body = self._one(cloud, reveal(intent.spec), intent.id)
        return None if body is None else _observe(body, intent.spec)


KIND = ImageKind(
    KindSchema(
        TypeName("OS::Glance::Image"),
        spec(
            name=text("its name"),
            id=text("its id, in place of a name"),
            visibility=text("who may use it", enum=("public", "private", "shared", "community")),
            owner=text("the id of the project that owns it"),
            tag=text("a tag that it has"),
            most_recent=flag("whether the newest is meant where several fit", default=False),
        ),
        status(
            name=text("its name", stable=True),
            status=text("active once it can be used"),
            size=number("bytes"),
            disk_format=text("raw, qcow2, ..."),
            min_disk=number("gibibytes that a server needs"),
            min_ram=number("mebibytes that a server needs"),
            visibility=text("who may use it"),
            checksum=text("MD5 of its data"),
        ),
        "An image that exists already",
        reads=(ReadWay(How.GET),),
        marking=Marking.NONE,
        natural_key=("name", "id"),
        data_only=True,
        permissions=("get_images", "get_image"),
        refine=_refine,
    )
)
