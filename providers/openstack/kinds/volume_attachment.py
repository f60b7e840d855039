"""OS::Cinder::VolumeAttachment: joins a server and a volume; read from the volumes, which know who has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import reveal
from providers.openstack.errors import is_missing
from providers.openstack.kinds.kind import Body, Cloud, Spec, working
from providers.openstack.kinds.listing import bodies, knows, not_yet
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.volume import LISTING, WORK


def _holder(body: Body, server: str) -> Body | None:
    found = (holder for holder in body["attachments"] if holder["server_id"] == server)
    return next(found, None) if body["status"] != "detaching" else None


def _parsed(id: str) -> tuple[str, str]:
    server, _, volume = id.partition("/")
    return server, volume


@dataclass(frozen=True, slots=True)
class AttachmentKind:
    """One attachment; its id names both ends."""

    schema: KindSchema

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read the volumes, and look in them for each pair."""
        asked = {ref.address: ref.id or self._natural(cloud, ref.spec) for ref in refs}
        volumes = bodies(LISTING, cloud, {_parsed(id)[1] for id in asked.values() if id}, way)
        found = {}
        for ref in refs:
            server, volume = _parsed(asked[ref.address])
            holder = _holder(volumes[volume], server) if volume in volumes else None
            if holder is not None:
                found[ref.address] = self._observe(cloud, volumes[volume], holder, ref.spec)
        return found

    def _natural(self, cloud: Cloud, wanted: Spec) -> str:
        if not knows(wanted, "instance_uuid", "volume_id"):
            return ""
        return f"{wanted['instance_uuid']}/{cloud.names.id('volume', wanted['volume_id'])}"

    @staticmethod
    def _observe(cloud: Cloud, body: Body, holder: Body, wanted: Spec) -> Observed:
        id = f"{holder['server_id']}/{body['id']}"
        seen = {
            "instance_uuid": holder["server_id"],
            "volume_id": cloud.names.spelled("volume", wanted.get("volume_id"), str(body["id"])),
        }
        if "mountpoint" in wanted:
            seen["mountpoint"] = wanted["mountpoint"]  # the hypervisor may choose another device
        shown = {"device": holder.get("device"), "volume_id": body["id"], "status": body["status"]}
        return Observed(id, seen, {"id": id, **shown})

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything of the project."""
        for body in LISTING.all(cloud):
            for holder in body["attachments"]:
                yield self._observe(cloud, body, holder, {})

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Attach or detach; there is nothing to update."""
        del token
        if request.action is Action.DELETE:
            return self._detach(cloud, request.prior.id if request.prior else "/")
        if request.action is not Action.CREATE:
            return Done(request.prior)
        wanted = reveal(request.want)
        id = self._natural(cloud, wanted)
        server, volume = _parsed(id)
        body = {"volumeId": volume, **({"device": wanted["mountpoint"]} if "mountpoint" in wanted else {})}
        try:
            cloud.client.send(
                "compute", "POST", f"/servers/{server}/os-volume_attachments", {"volumeAttachment": body}
            )
        except PermanentError:
            if not self._told_by_nova(cloud, id):
                raise  # else by a call whose answer was lost: it joins the same two ends
        return self._pending(cloud, id, "attach", request.want)

    @staticmethod
    def _pending(cloud: Cloud, id: str, step: str, wanted: Spec) -> Pending:
        spelled = {key: wanted[key] for key in ("volume_id", "mountpoint") if key in wanted}
        handle = {"id": id, "step": step, "until": cloud.now() + WORK, "spelled": spelled}
        return Pending(handle, 0.5, "the volume", id)

    def _detach(self, cloud: Cloud, id: str) -> Done | Pending:
        server, volume = _parsed(id)
        try:
            cloud.client.send("compute", "DELETE", f"/servers/{server}/os-volume_attachments/{volume}")
        except PermanentError as error:
            if is_missing(error):
                return Done(None)
            body = LISTING.get(cloud, volume)
            if body is not None and body["status"] != "detaching":
                raise
        return self._pending(cloud, id, "detach", {})

    @staticmethod
    def _told_by_nova(cloud: Cloud, id: str) -> bool:
        """Whether Nova knows of it: it does so before the volume does."""
        server, volume = _parsed(id)
        return cloud.client.peek("compute", f"/servers/{server}/os-volume_attachments/{volume}") is not None

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Look at the volume."""
        id, step = str(handle["id"]), handle["step"]
        server, volume = _parsed(id)
        body = LISTING.get(cloud, volume)
        if body is None:
            if step == "detach":
                return Done(None)
            if not_yet(cloud, float(handle["until"]) - WORK):
                return Pending(handle, 0.5, "the volume to show", id)
            raise PermanentError(f"the volume {volume} is gone", "attach", "NotFound")
        holder = next((h for h in body["attachments"] if h["server_id"] == server), None)
        if step == "detach" and holder is None and body["status"] != "detaching":
            return Done(None)
        if step == "attach" and holder is not None and body["status"] == "in-use":
            return Done(self._observe(cloud, body, holder, handle["spelled"]))
        if "error" in body["status"] or (step == "attach" and body["status"] == "available"):
            raise PermanentError(f"the volume {volume} is {body['status']} after it was to {step}", str(step))
        if cloud.now() >= float(handle["until"]):
            raise PermanentError(f"it took too long to {step} the volume {volume}", str(step), "Timeout")
        return Pending(handle, 0.5, f"the volume ({body['status']})", id)

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by the two ends; while it is being attached, only Nova knows of it."""
        ref = Ref(intent.address, intent.id, intent.spec)
        seen = self.read(cloud, [ref], ReadWay(How.GET)).get(intent.address)
        if seen is not None or intent.action is not Action.CREATE:
            return seen
        id = intent.id or self._natural(cloud, intent.spec)
        if not id or not self._told_by_nova(cloud, id):
            return None
        raise working(f"the attachment {id}")


KIND = AttachmentKind(
    KindSchema(
        TypeName("OS::Cinder::VolumeAttachment"),
        spec(
            instance_uuid=text("the server's id", required=True, create_only=True),
            volume_id=text("the volume, by name or id", required=True, create_only=True),
            mountpoint=text("the device to ask for; the hypervisor may choose another", create_only=True),
        ),
        status(
            device=text("the device that it became"),
            volume_id=text("the volume's id", stable=True),
            status=text("the volume's state"),
        ),
        "Gives a volume to a server",
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        natural_key=("instance_uuid", "volume_id"),
        permissions=(
            "os_compute_api:servers:show",
            "os_compute_api:os-volumes-attachments:index",
            "os_compute_api:os-volumes-attachments:show",
            "os_compute_api:os-volumes-attachments:create",
            "os_compute_api:os-volumes-attachments:delete",
        ),
    )
)
