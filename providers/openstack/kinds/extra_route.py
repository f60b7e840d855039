"""OS::Neutron::ExtraRouteSet: all static routes of one router. Its id is the router's.

Routes are added and removed one by one (the extension extraroute-atomic), so that two runs at once lose none.
"""

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
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from providers.openstack.errors import is_missing
from providers.openstack.kinds.effects import AtOnce
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import knows, read
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import address, cidr
from providers.openstack.kinds.router import KIND as ROUTER

_ROUTE = spec(
    destination=text("a CIDR", required=True, normalize=cidr),
    nexthop=text("an address on a network of the router", required=True, normalize=address),
)


def _plain(routes: Any) -> list[dict[str, Any]]:
    """Write routes as they are to be kept: Neutron takes them as they come."""
    return [{"destination": cidr(r["destination"]), "nexthop": address(r["nexthop"])} for r in routes]


@dataclass(frozen=True, slots=True)
class RoutesKind(AtOnce):
    """The static routes of one router."""

    schema: KindSchema

    def observe(self, cloud: Cloud, body: Body, wanted: Spec) -> Observed:
        """Write a router's routes in the words of the spec."""
        id = str(body["id"])
        seen = {
            "router": cloud.names.spelled("router", wanted.get("router"), id),
            "routes": [dict(route) for route in body["routes"]],
        }
        return Observed(id, seen, {"id": id, "routes": seen["routes"]})

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read the routers; one without routes has no set."""
        named = [
            Ref(ref.address, ref.id or cloud.names.id("router", str(ref.spec["router"])), ref.spec)
            for ref in refs
            if ref.id or knows(ref.spec, "router")
        ]
        found = read(ROUTER.listing, cloud, named, way, self.observe)
        return {where: seen for where, seen in found.items() if seen.spec["routes"]}

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read every router that has routes."""
        return (self.observe(cloud, body, {}) for body in ROUTER.listing.all(cloud) if body["routes"])

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Add and remove what differs from what is there."""
        del token
        if request.action is Action.DELETE:
            return self._clear(cloud, request.prior.id if request.prior else "")
        if request.action not in (Action.CREATE, Action.UPDATE):
            return Done(request.prior)
        wanted = reveal(request.want)
        id = cloud.names.id("router", wanted["router"])
        body = self._change(cloud, id, _plain(wanted["routes"]))
        return Done(self.observe(cloud, body, wanted))

    @staticmethod
    def _change(cloud: Cloud, id: str, wanted: Sequence[Any]) -> Body:
        body: Body = cloud.client.get("network", f"/routers/{id}")["router"]
        held = body["routes"]
        for call, routes in (
            ("add_extraroutes", [r for r in wanted if r not in held]),
            ("remove_extraroutes", [r for r in held if r not in wanted]),
        ):
            if routes:
                path = f"/routers/{id}/{call}"
                body = cloud.client.send("network", "PUT", path, {"router": {"routes": routes}})["router"]
        return body

    def _clear(self, cloud: Cloud, id: str) -> Done:
        try:
            self._change(cloud, id, [])
        except PermanentError as error:
            if not is_missing(error):
                raise
        return Done(None)

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by the router."""
        ref = Ref(intent.address, intent.id, intent.spec)
        try:
            return self.read(cloud, [ref], ReadWay(How.GET)).get(intent.address)
        except PermanentError as error:
            if is_missing(error):  # the router that was named is gone, and its routes with it
                return None
            raise


KIND = RoutesKind(
    KindSchema(
        TypeName("OS::Neutron::ExtraRouteSet"),
        spec(
            router=text("the router, by name or id", required=True, create_only=True),
            routes=Property(
                "array",
                "all of its static routes: one that somebody else added is a difference",
                items=_ROUTE,
                required=True,
                unordered=True,
            ),
        ),
        status(routes=Property("array", "the routes")),
        "The static routes of a router",
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        natural_key=("router",),
        parent="router",
        permissions=("get_router", "add_extraroutes", "remove_extraroutes"),
    )
)
