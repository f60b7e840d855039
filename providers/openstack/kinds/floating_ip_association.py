"""OS::Neutron::FloatingIPAssociation: lets a floating address lead to a port. Its id is the address's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.change import Action
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import reveal
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.links import put_off
from providers.openstack.kinds.listing import Listing, knows, read
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import PATIENCE
from providers.openstack.kinds.properties import address


def _leads_somewhere(body: Body) -> bool:
    return body.get("port_id") is not None


LISTING: Final = Listing(
    "network", "/floatingips", "floatingip", "floatingips", own=True, alive=_leads_somewhere
)


@dataclass(frozen=True, slots=True)
class AssociationKind:
    """One association."""

    schema: KindSchema

    def observe(self, cloud: Cloud, body: Body, wanted: Spec) -> Observed:
        """Write a body in the words of the spec."""
        seen = {
            "floatingip_id": body["id"],
            "port_id": cloud.names.spelled("port", wanted.get("port_id"), body["port_id"]),
            "fixed_ip_address": body["fixed_ip_address"],
        }
        shown = picked(body, "floating_ip_address", "fixed_ip_address", "router_id", "status")
        return Observed(str(body["id"]), seen, {"id": body["id"], **shown})

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read the addresses that lead somewhere."""
        named = [
            Ref(ref.address, ref.id or str(ref.spec["floatingip_id"]), ref.spec)
            for ref in refs
            if ref.id or knows(ref.spec, "floatingip_id")
        ]
        return read(LISTING, cloud, named, way, self.observe)

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything of the project."""
        return (self.observe(cloud, body, {}) for body in LISTING.all(cloud))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Associate, change where it leads to, or part."""
        del token
        if request.action is Action.DELETE:
            path = f"/floatingips/{request.prior.id if request.prior else ''}"
            return put_off(cloud, path, {"floatingip": {"port_id": None}}, cloud.now() + PATIENCE)
        if request.action not in (Action.CREATE, Action.UPDATE):
            return Done(request.prior)
        wanted = reveal(request.want)
        body = {"port_id": cloud.names.id("port", wanted["port_id"])}
        if "fixed_ip_address" in wanted:
            body["fixed_ip_address"] = wanted["fixed_ip_address"]
        path = f"/floatingips/{wanted['floatingip_id']}"
        made = cloud.client.send("network", "PUT", path, {"floatingip": body})["floatingip"]
        return Done(self.observe(cloud, made, wanted))

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Try to part again."""
        return put_off(cloud, str(handle["path"]), handle["body"], float(handle["until"]))

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by the address; a create counts only where it leads to the port that was meant."""
        ref = Ref(intent.address, intent.id, intent.spec)
        seen = self.read(cloud, [ref], ReadWay(How.GET)).get(intent.address)
        if (
            seen is not None
            and intent.action is Action.CREATE
            and seen.spec["port_id"] != intent.spec.get("port_id")
        ):
            return None
        return seen


KIND = AssociationKind(
    KindSchema(
        TypeName("OS::Neutron::FloatingIPAssociation"),
        spec(
            floatingip_id=text("the floating address's id", required=True, create_only=True),
            port_id=text("the port, by name or id", required=True),
            fixed_ip_address=text("which of the port's addresses", normalize=address),
        ),
        status(
            floating_ip_address=text("the address", stable=True),
            fixed_ip_address=text("where it leads to"),
            status=text("ACTIVE once it works"),
        ),
        "Lets a floating address lead to a port",
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        natural_key=("floatingip_id",),
        permissions=("get_floatingip", "update_floatingip"),
    )
)
