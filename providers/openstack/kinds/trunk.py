"""OS::Neutron::Trunk: several networks at one port of a machine. A disabled trunk takes no change and no deletion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import number, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Done, Pending
from orchestrator.model.schema import Property
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.network import NetworkKind, Part
from providers.openstack.kinds.properties import ADMIN_UP, TAGS, name

_SUB = spec(
    port=text("the port, by name or id", required=True),
    segmentation_type=text("how its traffic is told apart", enum=("vlan", "inherit"), default="vlan"),
    segmentation_id=number("the tag that the machine gives it", minimum=1, maximum=4094),
)


def _subs(cloud: Cloud, value: Any) -> Any:
    return [
        {
            "port_id": cloud.names.id("port", entry["port"]),
            "segmentation_type": entry.get("segmentation_type", "vlan"),
            **picked(entry, "segmentation_id"),
        }
        for entry in value
    ]


def _subs_back(cloud: Cloud, seen: Any, wanted: Any, _body: Body) -> Any:
    names = [entry.get("port") for entry in wanted or ()]
    spelled = cloud.names.spelled_all("port", names, [entry["port_id"] for entry in seen])
    return [
        {"port": port, **picked(entry, "segmentation_type", "segmentation_id")}
        for port, entry in zip(spelled, seen, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class TrunkKind(NetworkKind):
    """A collection of Neutron whose objects must be enabled to be changed."""

    def _change_parts(self, cloud: Cloud, id: str, lists: Sequence[tuple[Part, Any]]) -> None:
        disabled = self._enable(cloud, id)
        NetworkKind._change_parts(self, cloud, id, lists)  # noqa: SLF001 - our own base
        if disabled:
            cloud.client.send("network", "PUT", f"{self.path}/{id}", {"trunk": {"admin_state_up": False}})

    def _delete(self, cloud: Cloud, id: str, until: float) -> Done | Pending:
        self._enable(cloud, id)
        return NetworkKind._delete(self, cloud, id, until)  # noqa: SLF001 - our own base

    def _enable(self, cloud: Cloud, id: str) -> bool:
        """Enable it where it is not; says whether that was needed."""
        body = self.listing.get(cloud, id)
        if body is None or body["admin_state_up"]:
            return False
        cloud.client.send("network", "PUT", f"{self.path}/{id}", {"trunk": {"admin_state_up": True}})
        return True


def _status(body: Body) -> dict[str, object]:
    return picked(body, "name", "status", "port_id", "sub_ports")


KIND = TrunkKind(
    schema=KindSchema(
        TypeName("OS::Neutron::Trunk"),
        spec(
            name=name("trunk"),
            description=text("what it is for", default=""),
            port=text(
                "the parent port, by name or id: its traffic has no tag", required=True, create_only=True
            ),
            sub_ports=Property(
                "array", "ports whose traffic is tagged", items=_SUB, unordered=True, default=[]
            ),
            admin_state_up=ADMIN_UP,
            tags=TAGS,
        ),
        status(
            name=text("its name"),
            status=text("ACTIVE once a machine uses it, else DOWN"),
            port_id=text("the parent port's id", stable=True),
        ),
        "Several networks at one port of a machine",
        reads=BULK,
        marking=Marking.PROVISIONAL,
        consistency=2.0,
        parent="port",
        permissions=(
            "create_trunk",
            "get_trunk",
            "update_trunk",
            "delete_trunk",
            "add_subports",
            "remove_subports",
        ),
    ),
    label="trunk",
    path="/trunks",
    fields=(
        Field("name"),
        Field("description"),
        reference("port", "port_id", "port"),
        Field("sub_ports", to=_subs, back=_subs_back),
        Field("admin_state_up"),
    ),
    status=_status,
    parts=(Part("sub_ports", "add_subports", "remove_subports", known_by="port_id"),),
)
