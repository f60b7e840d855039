"""A server as Nova tells it, in the words of the spec."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.model.errors import PermanentError
from orchestrator.model.marker import is_marker, marker_of
from orchestrator.model.provision import Observed
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import Listing

PATH: Final = "/servers"
UNCONFIRMED: Final = "VERIFY_RESIZE"


def alive(body: Body) -> bool:
    """Whether it is there, and not going."""
    going = body.get("OS-EXT-STS:task_state") in {"deleting", "soft-deleting"}
    return not going and body.get("status") not in {"DELETED", "SOFT_DELETED"}


LISTING: Final = Listing("compute", PATH, "server", "servers", detail="/detail", alive=alive)
PORTS: Final = Listing("network", "/ports", "port", "ports", own=True)


def observe(cloud: Cloud, body: Body, wanted: Spec, ports: Iterable[Body]) -> Observed:
    """Write a server in the words of the spec; `ports` are those of the servers that were read."""
    metadata = {key: value for key, value in body["metadata"].items() if not is_marker(key)}
    image = body.get("image") or {}
    seen: dict[str, Any] = {
        "name": body["name"],
        "flavor": flavor_as(cloud, wanted.get("flavor"), body),
        "image": cloud.names.spelled("image", wanted.get("image"), image["id"]) if image else None,
        "key_name": body["key_name"],
        "config_drive": str(body.get("config_drive")).lower() == "true",
        "metadata": metadata,
        "tags": sorted(body.get("tags", ())),
        "description": body.get("description"),
    }
    if hints := wanted.get("scheduler_hints"):
        known = "server_groups" in body  # which lists leave out
        seen["scheduler_hints"] = _hints_as(cloud, hints, body["server_groups"]) if known else dict(hints)
    if zone := body.get("OS-EXT-AZ:availability_zone"):
        seen["availability_zone"] = zone
    if "networks" in wanted:
        mine = [port for port in ports if port["device_id"] == body["id"]]
        behind = body["status"] == "BUILD" or not _fixed(body) <= _addresses(mine)
        seen["networks"] = (
            list(wanted["networks"]) if behind else connections(cloud, wanted["networks"], mine)
        )
    if "security_groups" in body:
        seen["security_groups"] = groups_as(cloud, wanted.get("security_groups"), body["security_groups"])
    return Observed(str(body["id"]), seen, status_of(body), marker_of(body["metadata"]))


def _hints_as(cloud: Cloud, wanted: Mapping[str, Any], groups: Iterable[str]) -> dict[str, Any]:
    """Nova tells the group that a server is in, and keeps every other hint to itself."""
    told = {key: value for key, value in wanted.items() if key != "group"}
    for key in groups:
        told["group"] = cloud.names.spelled("server_group", wanted.get("group"), key)
    return told


def _fixed(body: Body) -> set[str]:
    entries = (entry for entries in body["addresses"].values() for entry in entries)
    return {entry["addr"] for entry in entries if entry.get("OS-EXT-IPS:type") != "floating"}


def _addresses(ports: Iterable[Body]) -> set[str]:
    """Addresses of the ports that were read; where the server has others, the list of ports is behind."""
    return {fixed["ip_address"] for port in ports for fixed in port["fixed_ips"]}


def status_of(body: Body) -> dict[str, Any]:
    """What `.status` offers."""
    addresses = {
        network: [
            {"addr": a["addr"], "version": a["version"], "type": a.get("OS-EXT-IPS:type", "fixed")}
            for a in entries
        ]
        for network, entries in body.get("addresses", {}).items()
    }
    fixed = {net: [a["addr"] for a in entries if a["type"] == "fixed"] for net, entries in addresses.items()}
    first = next((address for entries in fixed.values() for address in entries), "")
    shown = picked(body, "id", "name", "status", "created", "fault")
    flavor = body["flavor"].get("original_name", "")
    shown["volumes"] = [disk["id"] for disk in body.get("os-extended-volumes:volumes_attached", ())]
    return {**shown, "addresses": addresses, "networks": fixed, "first_address": first, "flavor": flavor}


def flavor_as(cloud: Cloud, wanted: Any, body: Body) -> str:
    """Name the flavor as the spec does; one that still waits for its confirmation is not there yet."""
    name = str(body["flavor"]["original_name"])
    if body["status"] == UNCONFIRMED:
        return f"{name} (resize not confirmed)"
    if not isinstance(wanted, str) or wanted == name:
        return name
    return wanted if flavor_name(cloud, wanted) == name else name


def flavor_name(cloud: Cloud, wanted: str) -> str:
    """Give the name of the flavor that a spec names, by name or id; empty where there is none such."""
    body = cloud.client.peek("compute", f"/flavors/{wanted}")
    if body is not None:
        return str(body["flavor"]["name"])
    try:
        cloud.names.id("flavor", wanted)
    except PermanentError:
        return ""
    return wanted


def groups_as(cloud: Cloud, wanted: Any, seen: Iterable[Mapping[str, Any]]) -> list[str]:
    """Name groups as the spec does: Nova tells names only."""
    names = sorted({str(group["name"]) for group in seen})
    asked = (
        [w for w in wanted if isinstance(w, str) and w not in names]
        if isinstance(wanted, list | tuple)
        else []
    )
    shown = []
    for name in names:
        ids = [w for w in asked if _means(cloud, w, name)]
        shown.append(ids[0] if ids else name)
    return shown


def _means(cloud: Cloud, key: str, name: str) -> bool:
    body = cloud.client.peek("network", f"/security-groups/{key}")
    return body is not None and body["security_group"]["name"] == name


def connections(cloud: Cloud, wanted: Any, ports: list[Body]) -> list[dict[str, Any]]:
    """Write a server's ports as the entries of the spec that they fulfil; the rest by themselves."""
    left = list(ports)
    shown: list[dict[str, Any]] = []
    for entry in wanted:
        found = next((port for port in left if _fulfils(cloud, entry, port)), None)
        if found is not None:
            left.remove(found)
            shown.append(dict(entry))
    return shown + [{"port": str(port["id"])} for port in left]


def _fulfils(cloud: Cloud, entry: Any, port: Body) -> bool:
    if not isinstance(entry, Mapping):
        return False
    if "port" in entry:
        return bool(entry["port"] == port["id"])
    if not isinstance(entry.get("network"), str):
        return False
    there = cloud.names.spelled("network", entry["network"], port["network_id"]) == entry["network"]
    wanted = entry.get("fixed_ip")
    return there and (wanted is None or any(fixed["ip_address"] == wanted for fixed in port["fixed_ips"]))
