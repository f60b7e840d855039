"""Neutron's routers: the gateway to an external network, and interfaces on subnets."""

from __future__ import annotations

import ipaddress

from providers.openstack.sandbox.attributes import COMMON, FLAG, Attribute
from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, shown
from providers.openstack.sandbox.neutron_base import Collection, stamped, touched
from providers.openstack.sandbox.neutron_nets import NETWORKS, SUBNETS
from providers.openstack.sandbox.neutron_ports import PORTS, allocate, blank_port
from providers.openstack.sandbox.problems import bad_request, conflict, forbidden, missing

_INTERFACE = "network:router_interface"
_GATEWAY = "network:router_gateway"


def _create_router(call: Call, body: Body) -> Body:
    gateway = body.pop("external_gateway_info", None)
    router = {
        **body,
        "status": "ACTIVE",
        "external_gateway_info": None,
        "availability_zones": [],
        "routes": [],
    }
    router["external_gateway_info"] = _gateway(call, router, gateway)
    return router


def _gateway(call: Call, router: Body, wanted: Body | None) -> Body | None:
    if not wanted:
        return None
    if "enable_snat" in wanted and not call.project.is_admin:
        verb = "create" if call.method == "POST" else "update"
        rule = f"rule:{verb}_router"
        info = f"{rule}:external_gateway_info"
        message = (
            f"({rule} and ({info} and ({info}:network_id and {info}:enable_snat))) is disallowed by policy"
        )
        raise forbidden(message)
    network = NETWORKS.find(call, str(wanted.get("network_id")))
    if not network["router:external"]:
        message = f"Bad router request: Network {network['id']} is not an external network."
        raise bad_request(message, "BadRequest")
    held = router.get("external_gateway_info")
    if held and held["network_id"] == network["id"] and "external_fixed_ips" not in wanted:
        return {**held, "enable_snat": wanted.get("enable_snat", True)}
    fixed = allocate(call.cloud, network["id"], wanted.get("external_fixed_ips"), mac=call.cloud.mac())
    snat = bool(wanted.get("enable_snat", True))
    return {"network_id": network["id"], "external_fixed_ips": fixed, "enable_snat": snat}


def _update_router(call: Call, body: Body, change: Body) -> None:
    if "external_gateway_info" in change:
        wanted = change["external_gateway_info"]
        leaves = not wanted or wanted.get("network_id") != (body["external_gateway_info"] or {}).get(
            "network_id"
        )
        if body["external_gateway_info"] and leaves:
            _refuse_used_gateway(call, body)
        change["external_gateway_info"] = _gateway(call, body, wanted)
    if "routes" in change:
        change["routes"] = _checked_routes(call, body, change["routes"])
    body.update(change)


def _refuse_used_gateway(call: Call, body: Body) -> None:
    if any(f["router_id"] == body["id"] for f in call.cloud.table("floatingips").values()):
        network = body["external_gateway_info"]["network_id"]
        raise conflict(
            f"Gateway cannot be updated for router {body['id']}, since a gateway to external network {network} is "
            "required by one or more floating IPs.",
            "RouterExternalGatewayInUseByFloatingIp",
        )


def interfaces(call: Call, router: str) -> list[Body]:
    """Ports by which a router is on subnets."""
    ports = call.cloud.table("ports").values()
    return [p for p in ports if p["device_id"] == router and p["device_owner"] == _INTERFACE]


def _delete_router(call: Call, body: Body) -> None:
    ports = [port["id"] for port in interfaces(call, body["id"])]
    if ports:
        message = f"Router {body['id']} has ports still attached: {', '.join(ports)}"
        raise conflict(message, "RouterInUse")


def _show_router(_call: Call, body: Body) -> Body:
    return shown(body)


ROUTERS = Collection(
    label="router",
    plural="routers",
    attributes={
        **COMMON,
        "admin_state_up": FLAG,
        "external_gateway_info": Attribute("mapping", default=None, nullable=True),
        "routes": Attribute("list", default=[], post=False),
        "availability_zone_hints": Attribute("list", default=[], put=False),
        "flavor_id": Attribute(default=None, put=False, nullable=True),
        "distributed": Attribute("boolean", admin=True),
        "ha": Attribute("boolean", admin=True),
    },
    lost_type="RouterNotFound",
    lost_message="Router {} could not be found",
    create=_create_router,
    update=_update_router,
    delete=_delete_router,
    show=_show_router,
)


def add_interface(call: Call, key: str) -> Answer:
    """Put the router on a subnet (by its gateway address), or on an existing port."""
    router = ROUTERS.find(call, key)
    asked = call.payload if isinstance(call.payload, dict) else {}
    if bool(asked.get("subnet_id")) == bool(asked.get("port_id")):
        which = "Cannot specify both subnet-id and port-id." if asked.get("subnet_id") else _EITHER
        raise bad_request(f"Bad router request: {which}", "BadRequest")
    port = (
        _adopt(call, router, asked["port_id"])
        if asked.get("port_id")
        else _place(call, router, asked["subnet_id"])
    )
    touched(router)
    return Answer(200, _told(router, port))


_EITHER = "Either subnet_id or port_id must be specified."


def _place(call: Call, router: Body, subnet_id: str) -> Body:
    subnet = SUBNETS.find(call, subnet_id)
    for port in interfaces(call, router["id"]):
        if any(a["subnet_id"] == subnet_id for a in port["fixed_ips"]):
            message = f"Bad router request: Router already has a port on subnet {subnet_id}."
            raise bad_request(message, "BadRequest")
    if not subnet["gateway_ip"]:
        raise bad_request(
            "Bad router request: Subnet for router interface must have a gateway IP.", "BadRequest"
        )
    fixed = {"subnet_id": subnet_id, "ip_address": subnet["gateway_ip"]}
    body = {
        **blank_port(subnet["network_id"], call.cloud.mac()),
        "fixed_ips": [fixed],
        "port_security_enabled": False,
        "device_id": router["id"],
        "device_owner": _INTERFACE,
        "status": "ACTIVE",
    }
    return call.cloud.add("ports", stamped(call, body))


def _adopt(call: Call, router: Body, port_id: str) -> Body:
    port = PORTS.find(call, port_id)
    if port["device_id"]:
        message = (
            f"Unable to complete operation on port {port_id} for network {port['network_id']}. Port already "
        )
        message += f"has an attached device {port['device_id']}."
        raise conflict(message, "PortInUse")
    port.update(device_id=router["id"], device_owner=_INTERFACE, status="ACTIVE")
    return touched(port)


def _told(router: Body, port: Body) -> Body:
    subnets = [address["subnet_id"] for address in port["fixed_ips"]]
    return {
        "id": router["id"],
        "project_id": router["project_id"],
        "port_id": port["id"],
        "network_id": port["network_id"],
        "subnet_id": subnets[0],
        "subnet_ids": subnets,
    }


def remove_interface(call: Call, key: str) -> Answer:
    """Take the router off a subnet; refused while floating addresses need it."""
    router = ROUTERS.find(call, key)
    asked = call.payload if isinstance(call.payload, dict) else {}
    port = _interface(call, router, asked)
    for floating in call.cloud.table("floatingips").values():
        if floating["router_id"] == router["id"] and _leads_into(call, floating, port):
            raise conflict(
                f"Router interface for subnet {port['fixed_ips'][0]['subnet_id']} on router {key} cannot be deleted, "
                "as it is required by one or more floating IPs.",
                "RouterInterfaceInUseByFloatingIP",
            )
    _refuse_routed(call, router, port)
    told = _told(router, port)
    del call.cloud.table("ports")[port["id"]]
    touched(router)
    return Answer(200, told)


def _refuse_routed(call: Call, router: Body, port: Body) -> None:
    subnet = call.cloud.table("subnets")[port["fixed_ips"][0]["subnet_id"]]
    inside = ipaddress.ip_network(subnet["cidr"])
    if any(ipaddress.ip_address(route["nexthop"]) in inside for route in router["routes"]):
        raise conflict(
            f"Router interface for subnet {subnet['id']} on router {router['id']} cannot be deleted, as it is required by "
            "one or more routes.",
            "RouterInterfaceInUseByRoute",
        )


def _checked_routes(call: Call, router: Body, routes: list[Body]) -> list[Body]:
    """Refuse a next hop that is on no network of the router."""
    fixed = [a for port in interfaces(call, router["id"]) for a in port["fixed_ips"]]
    fixed += (router["external_gateway_info"] or {}).get("external_fixed_ips", [])
    subnets = [call.cloud.table("subnets")[a["subnet_id"]]["cidr"] for a in fixed]
    for route in routes:
        hop = ipaddress.ip_address(route["nexthop"])
        if not any(hop in ipaddress.ip_network(cidr) for cidr in subnets):
            message = f"Invalid format for routes: {routes}, the nexthop is not connected with router"
            raise bad_request(message, "InvalidRoutes")
    return sorted(routes, key=lambda route: (route["destination"], route["nexthop"]))


def _asked_routes(call: Call) -> list[Body]:
    return [dict(route) for route in call.body("router").get("routes", ())]


def add_routes(call: Call, key: str) -> Answer:
    """Add static routes; those that are there already stay as they are."""
    router = ROUTERS.find(call, key)
    fresh = [route for route in _asked_routes(call) if route not in router["routes"]]
    router["routes"] = _checked_routes(call, router, [*router["routes"], *fresh])
    return _with_routes(router)


def remove_routes(call: Call, key: str) -> Answer:
    """Take static routes away; those that are not there are no error."""
    router = ROUTERS.find(call, key)
    gone = _asked_routes(call)
    router["routes"] = [route for route in router["routes"] if route not in gone]
    return _with_routes(router)


def _with_routes(router: Body) -> Answer:
    return Answer(200, {"router": shown(touched(router))})


def _interface(call: Call, router: Body, asked: Body) -> Body:
    for port in interfaces(call, router["id"]):
        if port["id"] == asked.get("port_id"):
            return port
        if any(a["subnet_id"] == asked.get("subnet_id") for a in port["fixed_ips"]):
            return port
    if asked.get("port_id"):
        message = f"Router {router['id']} does not have an interface with id {asked['port_id']}"
        raise missing(message, "RouterInterfaceNotFound")
    message = f"Router {router['id']} has no interface on subnet {asked.get('subnet_id')}"
    raise missing(message, "RouterInterfaceNotFoundForSubnet")


def _leads_into(call: Call, floating: Body, port: Body) -> bool:
    target = call.cloud.table("ports").get(str(floating["port_id"]))
    return target is not None and target["network_id"] == port["network_id"]


ROUTES = (
    Route("PUT", "/v2.0/routers/<key>/add_router_interface", add_interface),
    Route("PUT", "/v2.0/routers/<key>/remove_router_interface", remove_interface),
    Route("PUT", "/v2.0/routers/<key>/add_extraroutes", add_routes),
    Route("PUT", "/v2.0/routers/<key>/remove_extraroutes", remove_routes),
)
