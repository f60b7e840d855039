"""What Nova's parts share: microversions, the check of a body against its schema, flavors' and servers' shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body
from providers.openstack.sandbox.problems import bad_request

MINIMUM, MAXIMUM = (2, 1), (2, 103)
_SINCE = {
    "locked": (2, 9),
    "description": (2, 19),
    "tags": (2, 26),
    "trusted_image_certificates": (2, 63),
    "server_groups": (2, 71),
    "locked_reason": (2, 73),
    "OS-EXT-SRV-ATTR:hostname": (2, 90),
    "pinned_availability_zone": (2, 96),
}


def check_schema(body: Body, *, field: str, types: Mapping[str, type], required: tuple[str, ...]) -> None:
    """Refuse as Nova's JSON schemas do: what is missing, unknown, or of another type."""
    start = f"Invalid input for field/attribute {field}. Value: {body}."
    for name in required:
        if name not in body:
            raise bad_request(f"{start} '{name}' is a required property")
    unknown = [name for name in body if name not in types]
    if unknown:
        verb = "was" if len(unknown) == 1 else "were"
        names = ", ".join(repr(name) for name in unknown)
        raise bad_request(f"{start} Additional properties are not allowed ({names} {verb} unexpected)")
    for name, value in body.items():
        check_type(name, value, types[name])


_TYPE_NAMES = {str: "string", dict: "object", list: "array", int: "integer", bool: "boolean"}


def check_type(name: str, value: Any, type: type) -> None:
    """Refuse a value of another JSON type."""
    wrong = value is not None and type is not object and not isinstance(value, type)
    if wrong or (type is int and isinstance(value, bool)):
        what = f"{value!r} is not of type '{_TYPE_NAMES[type]}'"
        raise bad_request(f"Invalid input for field/attribute {name}. Value: {value}. {what}")


def links(call: Call, kind: str, key: str) -> list[dict[str, str]]:
    """Nova's two links to an object."""
    root = call.base
    return [
        {"rel": "self", "href": f"{root}/v2.1/{kind}/{key}"},
        {"rel": "bookmark", "href": f"{root}/{kind}/{key}"},
    ]


def flavor_body(call: Call, flavor: Body) -> Body:
    """Show a flavor in full."""
    return {
        "id": flavor["id"],
        "name": flavor["name"],
        "ram": flavor["ram"],
        "disk": flavor["disk"],
        "swap": flavor.get("swap", 0),
        "OS-FLV-EXT-DATA:ephemeral": flavor.get("ephemeral", 0),
        "OS-FLV-DISABLED:disabled": False,
        "vcpus": flavor["vcpus"],
        "os-flavor-access:is_public": flavor["_public"],
        "rxtx_factor": flavor.get("rxtx_factor", 1.0),
        "links": links(call, "flavors", flavor["id"]),
        "description": flavor.get("description"),
        "extra_specs": flavor.get("extra_specs", {}),
    }


def server_body(call: Call, server: Body) -> Body:
    """Show a server in full, as the asked microversion has it."""
    image = (
        {"id": server["_image"], "links": links(call, "images", server["_image"])[1:]}
        if server["_image"]
        else ""
    )
    body = {key: value for key, value in server.items() if not key.startswith("_")}
    body |= {
        "flavor": _embedded_flavor(call, server["_flavor"]),
        "image": image,
        "links": links(call, "servers", server["id"]),
        "addresses": addresses(call, server) if server["_networked"] else {},
        "os-extended-volumes:volumes_attached": [
            {"id": a["volume"], "delete_on_termination": a["goes"]} for a in server["_volumes"]
        ],
    }
    if server["_networked"]:
        body["security_groups"] = [{"name": name} for name in group_names(call, server)]
    return {key: value for key, value in body.items() if call.version >= _SINCE.get(key, MINIMUM)}


def _embedded_flavor(call: Call, flavor: Body) -> Body:
    if call.version < (2, 47):
        return {"id": flavor["id"], "links": links(call, "flavors", flavor["id"])[1:]}
    sizes = {name: flavor[name] for name in ("vcpus", "ram", "disk")}
    more = {"ephemeral": flavor.get("ephemeral", 0), "swap": flavor.get("swap", 0)}
    specs = flavor.get("extra_specs", {})
    return {**sizes, **more, "original_name": flavor["name"], "extra_specs": specs}


def ports_of(call: Call, server: Body) -> list[Body]:
    """Ports that a server has, in the order in which it got them."""
    ports = [p for p in call.cloud.table("ports").values() if p["device_id"] == server["id"]]
    return sorted(ports, key=lambda port: port["_order"])


def addresses(call: Call, server: Body) -> dict[str, list[Body]]:
    """Addresses by network name: fixed, and the floating ones that lead to them."""
    shown: dict[str, list[Body]] = {}
    floating = call.cloud.table("floatingips").values()
    for port in ports_of(call, server):
        network = call.cloud.table("networks")[port["network_id"]]["name"]
        entries = shown.setdefault(network, [])
        for fixed in port["fixed_ips"]:
            entries.append(_address(port, fixed["ip_address"], "fixed"))
            entries.extend(
                _address(port, f["floating_ip_address"], "floating")
                for f in floating
                if f["port_id"] == port["id"] and f["fixed_ip_address"] == fixed["ip_address"]
            )
    return shown


def _address(port: Body, address: str, type: str) -> Body:
    version = 6 if ":" in address else 4
    return {
        "version": version,
        "addr": address,
        "OS-EXT-IPS:type": type,
        "OS-EXT-IPS-MAC:mac_addr": port["mac_address"],
    }


def group_names(call: Call, server: Body) -> list[str]:
    """Names of the security groups of a server's ports."""
    groups = call.cloud.table("security_groups")
    keys = dict.fromkeys(key for port in ports_of(call, server) for key in port["security_groups"])
    return [groups[key]["name"] for key in keys if key in groups]
