"""OS::Cinder::Volume: its marker is in its metadata; it grows in place and never shrinks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, growing, number, spec, status, text
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import KindSchema, Marking, ReadWay
from orchestrator.model.marker import is_marker, marker_of
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from providers.openstack.kinds.effects import try_delete, wait
from providers.openstack.kinds.kind import Body, Cloud, Spec, chosen_name, working
from providers.openstack.kinds.listing import Listing, not_yet, read
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import PATIENCE
from providers.openstack.kinds.properties import METADATA, empty_is_none, name

PATH: Final = "/volumes"
WORK: Final = 1800.0
"""Seconds that the cloud may take for one step."""
_STEADY = ("available", "in-use")


def _alive(body: Body) -> bool:
    return body.get("status") != "deleting"


LISTING: Final = Listing("volume", PATH, "volume", "volumes", detail="/detail", alive=_alive)


@dataclass(frozen=True, slots=True)
class VolumeKind:
    """One volume."""

    schema: KindSchema

    def observe(self, cloud: Cloud, body: Body, wanted: Spec) -> Observed:
        """Write a body in the words of the spec."""
        image = (body.get("volume_image_metadata") or {}).get("image_id")
        metadata = {key: value for key, value in body["metadata"].items() if not is_marker(key)}
        seen = {
            **picked(body, "name", "size", "description", "volume_type", "availability_zone", "multiattach"),
            **picked(body, "snapshot_id", "source_volid"),
            "metadata": metadata,
            "image": image and cloud.names.spelled("image", wanted.get("image"), image),
        }
        shown = picked(
            body, "name", "status", "size", "bootable", "attachments", "availability_zone", "volume_type"
        )
        return Observed(str(body["id"]), seen, {"id": body["id"], **shown}, marker_of(body["metadata"]))

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read by id; one without an id is looked for by its incarnation's metadata."""
        found = read(LISTING, cloud, refs, way, self.observe)
        lost = {str(ref.uid): ref for ref in refs if ref.id is None and ref.uid}
        for body in LISTING.all(cloud) if lost else ():
            ref = lost.get(str(body["metadata"].get("opsctl:uid")))
            if ref is not None:
                found[ref.address] = self.observe(cloud, body, ref.spec)
        return found

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything of the project."""
        return (self.observe(cloud, body, {}) for body in LISTING.all(cloud))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Start one effect."""
        del token
        match request.action:
            case Action.CREATE:
                return self._create(cloud, request)
            case Action.DELETE:
                return self._delete(cloud, request.prior.id if request.prior else "", cloud.now() + PATIENCE)
            case _:
                return self._update(cloud, request)

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Look how far the cloud is."""
        id, step, until = str(handle["id"]), handle["step"], float(handle["until"])
        if step == "delete":
            return self._delete(cloud, id, until)
        if step == "gone":
            going = cloud.client.peek("volume", f"{PATH}/{id}")
            return wait(cloud, handle, "its deletion") if going else Done(None)
        body = LISTING.get(cloud, id)
        if body is None and not_yet(cloud, until - WORK):
            return Pending(handle, 0.5, "the volume to show", id)
        if body is None:
            raise PermanentError(f"the volume {id} is gone", f"wait for {step}", "NotFound")
        if body["status"] in _STEADY and (step != "grow" or body["size"] >= handle["size"]):
            return Done(self.observe(cloud, body, handle.get("spelled", {})))
        if "error" in body["status"]:
            raise PermanentError(
                f"the volume {id} is in state {body['status']}", f"wait for {step}", body["status"]
            )
        return wait(cloud, handle, f"the volume ({body['status']})")

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by id, else by the incarnation's metadata."""
        id = intent.id or (intent.handle or {}).get("id")
        if id:
            body = LISTING.get(cloud, str(id))
        else:
            uid = str(intent.marker.uid)
            found = (b for b in LISTING.all(cloud) if b["metadata"].get("opsctl:uid") == uid)
            body = next(found, None) if intent.action is Action.CREATE else None
        if body is not None and body["status"] in {"creating", "downloading", "extending"}:
            raise working(f"the volume {body['id']}")
        return None if body is None else self.observe(cloud, body, intent.spec)

    def _create(self, cloud: Cloud, request: Request) -> Pending:
        wanted = reveal(request.want)
        body = picked(wanted, "size", "description", "volume_type", "availability_zone", "multiattach")
        body |= picked(wanted, "snapshot_id", "source_volid")
        if "image" in wanted:
            body["imageRef"] = cloud.names.id("image", wanted["image"])
        body["name"] = chosen_name(wanted, request.marker)
        body["metadata"] = {**wanted.get("metadata", {}), **request.marker.tags()}
        made = cloud.client.send("volume", "POST", PATH, {"volume": body})["volume"]
        handle = {"id": made["id"], "step": "create", "until": cloud.now() + WORK}
        return Pending({**handle, "spelled": picked(request.want, "image")}, 0.5, "the volume", made["id"])

    def _update(self, cloud: Cloud, request: Request) -> Done | Pending:
        if request.prior is None:
            raise PermanentError(f"{request.address}: nothing is known to change", "update")
        id, wanted = request.prior.id, reveal(request.want)
        changed = {str(change.path[0]) for change in request.changes}
        texts = {key: wanted.get(key) for key in ("name", "description") if key in changed}
        if texts:
            cloud.client.send("volume", "PUT", f"{PATH}/{id}", {"volume": texts})
        if "metadata" in changed or request.action is Action.RETAG:
            kept = (
                request.prior.spec.get("metadata", {})
                if request.action is Action.RETAG
                else wanted.get("metadata", {})
            )
            metadata = {**kept, **request.marker.tags()}
            cloud.client.send("volume", "PUT", f"{PATH}/{id}/metadata", {"metadata": metadata})
        handle = {
            "id": id,
            "step": "update",
            "until": cloud.now() + WORK,
            "spelled": picked(request.want, "image"),
        }
        if "size" in changed:
            body = cloud.client.get("volume", f"{PATH}/{id}")["volume"]
            grow = {"os-extend": {"new_size": wanted["size"]}}
            if body["status"] != "extending" and body["size"] < wanted["size"]:  # else a lost call did it
                cloud.client.send("volume", "POST", f"{PATH}/{id}/action", grow)
            return Pending({**handle, "step": "grow", "size": wanted["size"]}, 0.5, "the volume to grow", id)
        return self.poll(cloud, handle)

    def _delete(self, cloud: Cloud, id: str, until: float) -> Done | Pending:
        asked = try_delete(cloud, "volume", f"{PATH}/{id}", {"id": id, "step": "delete", "until": until})
        going = {"id": id, "step": "gone", "until": cloud.now() + WORK}
        return asked or Pending(going, 0.5, "its deletion", id)


_OR_NOTHING = ("string", "null")
KIND = VolumeKind(
    KindSchema(
        TypeName("OS::Cinder::Volume"),
        spec(
            size=growing("gibibytes; it can grow in place", required=True, minimum=1),
            name=name("volume"),
            description=Property(_OR_NOTHING, "what it is for", default=None, normalize=empty_is_none),
            volume_type=text("the sort of storage", create_only=True),
            availability_zone=text("where", create_only=True),
            image=text("the image to start from, by name or id", create_only=True),
            snapshot_id=text("the snapshot to start from", create_only=True),
            source_volid=text("the volume to start from", create_only=True),
            multiattach=flag("whether several servers may have it", default=False, create_only=True),
            metadata=METADATA,
        ),
        status(
            name=text("its name"),
            status=text("available, in-use, ..."),
            size=number("gibibytes"),
            bootable=text("true or false"),
            attachments=Property("array", "the servers that have it"),
        ),
        "A disk of its own",
        reads=BULK,
        marking=Marking.TAG,
        consistency=2.0,
        stateful=True,
        readiness=True,
        permissions=tuple(
            f"volume:{verb}"
            for verb in ("get_all", "get", "create", "update", "update_volume_metadata", "extend", "delete")
        ),
    )
)
