"""OS::Nova::Server: made, waited for, resized in two steps, deleted, waited for again."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token
from orchestrator.model.kind import How, KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import reveal
from providers.openstack.errors import is_missing
from providers.openstack.kinds.effects import wait
from providers.openstack.kinds.kind import Body, Cloud, Spec, chosen_name, working
from providers.openstack.kinds.listing import bodies, not_yet
from providers.openstack.kinds.server_changes import apply_changes, resize
from providers.openstack.kinds.server_reading import LISTING, PATH, PORTS, UNCONFIRMED, observe
from providers.openstack.kinds.server_schema import SCHEMA

WORK: Final = 1800.0
"""Seconds that the cloud may take for one step."""
_SOURCES: Final = {"image": "image", "snapshot": "snapshot_id", "volume": "volume_id"}
_STEADY = frozenset({"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "RESCUED", "SHELVED", "SHELVED_OFFLOADED"})
_SPELLED = ("flavor", "image", "networks", "security_groups", "scheduler_hints")
_NEXT: Final = {
    "build": "the next apply deletes it and makes it again",
    "resize": "what it runs on is not known; the next plan shows what is there",
}
"""What comes after a server that ended in state ERROR."""


@dataclass(frozen=True, slots=True)
class ServerKind:
    """One server."""

    schema: KindSchema

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read servers, and once all ports of the project where a spec says how they are connected."""
        lost = {str(ref.uid): ref.address for ref in refs if ref.id is None and ref.uid}
        ids = [ref.id for ref in refs if ref.id]
        found: dict[Address, Body] = {}
        if lost:  # every server may be the one
            there = {str(body["id"]): body for body in LISTING.all(cloud)}
            found = {
                address: body
                for body in there.values()
                if (address := lost.get(str(body["metadata"].get("opsctl:uid"))))
            }
            there |= bodies(LISTING, cloud, [id for id in ids if id not in there], ReadWay(How.GET))
        else:
            there = bodies(LISTING, cloud, ids, way)
        found |= {ref.address: there[ref.id] for ref in refs if ref.id and ref.id in there}
        specs = {ref.address: ref.spec for ref in refs}
        ports = self._ports(cloud, found.values(), specs)
        return {address: observe(cloud, body, specs[address], ports) for address, body in found.items()}

    @staticmethod
    def _ports(cloud: Cloud, bodies: Any, specs: Mapping[Address, Spec]) -> list[Body]:
        servers = [str(body["id"]) for body in bodies]
        if not servers or not any("networks" in spec for spec in specs.values()):
            return []
        query = {"device_id": servers[0]} if len(servers) == 1 else {}
        return list(PORTS.all(cloud, **query))

    def _seen(self, cloud: Cloud, body: Body, wanted: Spec) -> Observed:
        ports = list(PORTS.all(cloud, device_id=str(body["id"]))) if "networks" in wanted else []
        return observe(cloud, body, wanted, ports)

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything of the project."""
        return (observe(cloud, body, {}, ()) for body in LISTING.all(cloud))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Start one effect."""
        del token
        match request.action:
            case Action.CREATE:
                return self._create(cloud, request)
            case Action.DELETE:
                return self._delete(cloud, request)
            case _:
                return self._update(cloud, request)

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Look how far the cloud is; confirm a resize that is ready."""
        id, step = str(handle["id"]), handle["step"]
        if step == "gone":
            going = cloud.client.peek("compute", f"{PATH}/{id}")
            there = going is not None and going["server"]["status"] not in {"DELETED", "SOFT_DELETED"}
            return wait(cloud, handle, "its deletion") if there else Done(None)
        body = LISTING.get(cloud, id)
        if body is None and not_yet(cloud, float(handle["until"]) - WORK):
            return Pending(handle, 0.5, "the server to show", id)
        if body is None:
            raise PermanentError(f"the server {id} is gone", f"wait for {step}", "NotFound")
        if body["status"] == UNCONFIRMED and step == "resize":
            cloud.client.send("compute", "POST", f"{PATH}/{id}/action", {"confirmResize": None})
            return Pending({**handle, "step": "confirm"}, 0.5, "the resize", id)
        if body["status"] == "ERROR":
            fault = body.get("fault", {}).get("message", "Nova does not say why")
            after = f" ({_NEXT[step]})" if step in _NEXT else ""
            what = f"the server {id} is in state ERROR: {fault}{after}"
            raise PermanentError(what, f"wait for {step}", "ERROR")
        if body["status"] in _STEADY and body.get("OS-EXT-STS:task_state") is None:
            if step == "revert":
                return Pending(
                    {**handle, "step": resize(cloud, id, handle["spelled"]["flavor"])}, 0.5, "the resize", id
                )
            return Done(self._seen(cloud, body, handle["spelled"]))
        return wait(cloud, handle, f"the server ({body['status']})")

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by id, else by the incarnation's metadata among the servers of that name."""
        id = intent.id or (intent.handle or {}).get("id")
        if id:
            body = LISTING.get(cloud, str(id))
        elif intent.action is Action.CREATE:
            uid = str(intent.marker.uid)
            found = (b for b in LISTING.all(cloud) if b["metadata"].get("opsctl:uid") == uid)
            body = next(found, None)
        else:
            body = None
        if body is not None and body["status"] == "BUILD":
            raise working(f"the server {body['id']}")
        return None if body is None else self._seen(cloud, body, intent.spec)

    def _create(self, cloud: Cloud, request: Request) -> Pending:
        wanted = reveal(request.want)
        body: dict[str, Any] = {"server": _new_server(cloud, wanted, request)}
        if hints := wanted.get("scheduler_hints"):
            body["os:scheduler_hints"] = _hints(cloud, hints)
        made = cloud.client.send("compute", "POST", PATH, body)["server"]
        return _pending(cloud, made["id"], "build", request.want)

    def _delete(self, cloud: Cloud, request: Request) -> Done | Pending:
        id = request.prior.id if request.prior else ""
        try:
            cloud.client.send("compute", "DELETE", f"{PATH}/{id}")
        except PermanentError as error:
            if is_missing(error):
                return Done(None)
            raise
        return _pending(cloud, id, "gone", {})

    def _update(self, cloud: Cloud, request: Request) -> Done | Pending:
        if request.prior is None:
            raise PermanentError(f"{request.address}: nothing is known to change", "update")
        id = request.prior.id
        step = apply_changes(cloud, request, id)
        return self.poll(cloud, _pending(cloud, id, step, request.want).handle)


def _pending(cloud: Cloud, id: str, step: str, wanted: Spec) -> Pending:
    handle = {"id": id, "step": step, "until": cloud.now() + WORK, "spelled": picked(wanted, *_SPELLED)}
    return Pending(handle, 0.5, "the server" if step != "gone" else "its deletion", id)


def _new_server(cloud: Cloud, wanted: Spec, request: Request) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": chosen_name(wanted, request.marker),
        "flavorRef": cloud.names.id("flavor", wanted["flavor"]),
        "metadata": {**wanted.get("metadata", {}), **request.marker.tags()},
        "networks": [_connection(cloud, entry) for entry in wanted["networks"]]
        if "networks" in wanted
        else "auto",
        **picked(wanted, "key_name", "availability_zone", "config_drive", "tags", "description"),
    }
    if "image" in wanted:
        body["imageRef"] = cloud.names.id("image", wanted["image"])
    if disks := wanted.get("block_device_mapping_v2"):
        body["block_device_mapping_v2"] = [_disk(cloud, disk) for disk in disks]
    if "user_data" in wanted:
        body["user_data"] = base64.b64encode(str(wanted["user_data"]).encode()).decode()
    if "admin_pass" in wanted:
        body["adminPass"] = wanted["admin_pass"]
    if "security_groups" in wanted:
        groups = (cloud.names.id("security_group", name) for name in wanted["security_groups"])
        body["security_groups"] = [{"name": group} for group in groups]
    return body


def _hints(cloud: Cloud, wanted: Mapping[str, Any]) -> dict[str, Any]:
    group = {"group": cloud.names.id("server_group", wanted["group"])} if "group" in wanted else {}
    return {**wanted, **group}


def _disk(cloud: Cloud, entry: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping in Nova's words: what it is made from, and that it becomes a volume."""
    source, name = next((s, n) for s, n in _SOURCES.items() if n in entry)
    return {
        "source_type": source,
        "destination_type": "volume",
        "uuid": cloud.names.id(source, entry[name]),
        "boot_index": entry.get("boot_index", -1),
        "delete_on_termination": entry.get("delete_on_termination", False),
        **picked(entry, "volume_size", "volume_type", "device_name"),
    }


def _connection(cloud: Cloud, entry: Mapping[str, Any]) -> dict[str, Any]:
    if "port" in entry:
        return {"port": entry["port"]}
    return {"uuid": cloud.names.id("network", entry["network"]), **picked(entry, "fixed_ip")}


KIND = ServerKind(SCHEMA)
