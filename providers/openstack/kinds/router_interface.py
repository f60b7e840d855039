"""OS::Neutron::RouterInterface: joins a router and a subnet (or an existing port)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import reveal
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.links import put_off
from providers.openstack.kinds.listing import Listing, knows
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import PATIENCE

_OWNERS = (
    "network:router_interface",
    "network:router_interface_distributed",
    "network:ha_router_replicated_interface",
)
_EXISTS: Final = "already has a port"
LISTING: Final = Listing("network", "/ports", "port", "ports", own=False)


def _id(router: str, key: str, value: str) -> str:
    return f"{router}:{key}={value}"


def _parsed(id: str) -> tuple[str, str, str]:
    router, _, end = id.partition(":")
    key, _, value = end.partition("=")
    return router, key, value


def _refine(wanted: Mapping[str, Any]) -> list[str]:
    if ("subnet" in wanted) == ("port" in wanted):
        return ["name either the subnet or the port that the router is to be joined with"]
    return []


@dataclass(frozen=True, slots=True)
class InterfaceKind:
    """One interface; its id says what it joins."""

    schema: KindSchema

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read the routers' ports, and look in them for each pair."""
        asked = {ref.address: ref.id or self._natural(cloud, ref.spec) for ref in refs}
        wanted = {address: id for address, id in asked.items() if id}
        if not wanted:
            return {}
        one = next(iter(wanted.values())) if way.how is How.GET and len(wanted) == 1 else ""
        ports = list(self._ports(cloud, **({"device_id": _parsed(one)[0]} if one else {})))
        found = {}
        for ref in refs:
            id = wanted.get(ref.address)
            port = next((p for p in ports if id and self._joins(p, id)), None)
            if id and port is not None:
                found[ref.address] = self._observe(cloud, id, port, ref.spec)
        return found

    def _natural(self, cloud: Cloud, wanted: Spec) -> str:
        key = "subnet" if "subnet" in wanted else "port"
        if not knows(wanted, "router", key):
            return ""
        router = cloud.names.id("router", wanted["router"])
        return _id(router, f"{key}_id", cloud.names.id(key, wanted[key]))

    @staticmethod
    def _ports(cloud: Cloud, **query: str) -> Iterator[Body]:
        return (port for port in LISTING.all(cloud, **query) if port["device_owner"] in _OWNERS)

    @staticmethod
    def _joins(port: Body, id: str) -> bool:
        router, key, value = _parsed(id)
        if port["device_id"] != router:
            return False
        if key == "port_id":
            return bool(port["id"] == value)
        return any(fixed["subnet_id"] == value for fixed in port["fixed_ips"])

    @staticmethod
    def _observe(cloud: Cloud, id: str, port: Body, wanted: Spec) -> Observed:
        router, key, value = _parsed(id)
        end = key.removesuffix("_id")
        seen = {
            "router": cloud.names.spelled("router", wanted.get("router"), router),
            end: cloud.names.spelled(end, wanted.get(end), value),
        }
        shown = {"port_id": port["id"], "fixed_ips": port["fixed_ips"], "status": port["status"]}
        return Observed(id, seen, {"id": id, **shown})

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read every interface that may be seen."""
        for port in self._ports(cloud):
            for fixed in port["fixed_ips"]:
                yield self._observe(cloud, _id(port["device_id"], "subnet_id", fixed["subnet_id"]), port, {})

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Join or part; there is nothing to update."""
        del token
        if request.action is Action.DELETE:
            router, key, value = _parsed(request.prior.id if request.prior else "")
            path = f"/routers/{router}/remove_router_interface"
            return put_off(cloud, path, {key: value}, cloud.now() + PATIENCE)
        if request.action is not Action.CREATE:
            return Done(request.prior)
        wanted = reveal(request.want)
        id = self._natural(cloud, wanted)
        router, key, value = _parsed(id)
        try:
            told = cloud.client.send(
                "network", "PUT", f"/routers/{router}/add_router_interface", {key: value}
            )
        except PermanentError as error:
            if _EXISTS not in error.message.lower():
                raise
            told = {}  # by a call whose answer was lost: it joins the same two ends
        handle = {
            "id": id,
            "port": told.get("port_id"),
            "subnet": told.get("subnet_id"),
            "spelled": dict(request.want),
        }
        return Pending(handle, 0.0, "the router's port", id)

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Look at the new port, or try to part again."""
        if "until" not in handle:
            return Done(self._made(cloud, handle))
        return put_off(cloud, str(handle["path"]), handle["body"], float(handle["until"]))

    def _made(self, cloud: Cloud, handle: Mapping[str, Any]) -> Observed:
        id = str(handle["id"])
        ports = self._ports(cloud, device_id=_parsed(id)[0])
        fresh = {"id": handle["port"], "fixed_ips": [{"subnet_id": handle["subnet"]}], "status": ""}
        port = next((port for port in ports if self._joins(port, id)), fresh)  # it may not show yet
        return self._observe(cloud, id, port, handle["spelled"])

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by the two ends."""
        ref = Ref(intent.address, intent.id, intent.spec)
        try:
            return self.read(cloud, [ref], ReadWay(How.GET)).get(intent.address)
        except PermanentError as error:
            if error.code == "NotFound":  # an end that was named is gone, and the link with it
                return None
            raise


KIND = InterfaceKind(
    KindSchema(
        TypeName("OS::Neutron::RouterInterface"),
        spec(
            router=text("the router, by name or id", required=True, create_only=True),
            subnet=text("the subnet, by name or id; the router takes its gateway address", create_only=True),
            port=text("an existing port in place of a subnet, by name or id", create_only=True),
        ),
        status(port_id=text("the router's port there")),
        "Joins a router and a subnet",
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        natural_key=("router", "subnet", "port"),
        parent="router",
        permissions=("add_router_interface", "remove_router_interface", "get_port"),
        refine=_refine,
    )
)
