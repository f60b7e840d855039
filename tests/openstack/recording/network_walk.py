"""Pools, groups, trunks, routes, forwarding and sharing, as an ordinary member of a project calls for them."""

from __future__ import annotations

from typing import Any

from tests.openstack.recording.recorder import NOBODY, PREFIX, Recorder

OTHER = "0123456789abcdef0123456789abcdef"


def post(cloud: Recorder, label: str, path: str, key: str, **body: Any) -> dict[str, Any]:
    answer = cloud.call(label, "network", "POST", path, {key: body})
    return answer.get(key) or {}


def tagged(cloud: Recorder, label: str, place: str, listed: str = "") -> None:
    """Everything that can be done with the tags of an object, and its list."""
    cloud.call(f"{label} tags put", "network", "PUT", f"{place}/tags", {"tags": ["b", "a"]})
    cloud.call(f"{label} tags get", "network", "GET", f"{place}/tags")
    cloud.call(f"{label} tag put", "network", "PUT", f"{place}/tags/c")
    cloud.call(f"{label} tag delete", "network", "DELETE", f"{place}/tags/c")
    cloud.call(f"{label} tag delete twice", "network", "DELETE", f"{place}/tags/c")
    if listed:
        mine = f"project_id={cloud.connection.current_project_id}"
        cloud.call(f"{label} by tags", "network", "GET", f"{listed}?{mine}&tags=a,b")
    cloud.call(f"{label} tags delete", "network", "DELETE", f"{place}/tags")
    cloud.call(f"{label} no tags", "network", "GET", f"{place}/tags")


def pools(cloud: Recorder) -> None:
    scope = post(cloud, "scope", "/address-scopes", "address_scope", name=PREFIX, ip_version=4)["id"]
    one = f"/address-scopes/{cloud.known('scope', scope)}"
    post(cloud, "scope no version", "/address-scopes", "address_scope", name=PREFIX)
    cloud.call("scope version", "network", "PUT", one, {"address_scope": {"ip_version": 6}})
    cloud.call("scope shared", "network", "PUT", one, {"address_scope": {"shared": True}})
    cloud.call("scope rename", "network", "PUT", one, {"address_scope": {"name": f"{PREFIX}-x"}})
    cloud.call("scope get", "network", "GET", one)
    cloud.call("scopes", "network", "GET", f"/address-scopes?name={PREFIX}-x")
    cloud.call("scope missing", "network", "GET", "/address-scopes/nope")
    cloud.call("scope tags", "network", "PUT", f"{one}/tags", {"tags": ["a"]})
    wanted = {"name": PREFIX, "prefixes": ["10.70.0.0/16"], "address_scope_id": scope}
    pool = post(cloud, "pool", "/subnetpools", "subnetpool", **wanted)["id"]
    place = f"/subnetpools/{cloud.known('pool', pool)}"
    for label, body in (
        ("pool empty", {"prefixes": []}),
        ("pool bad prefix", {"prefixes": ["nope"]}),
        ("pool mixed", {"prefixes": ["10.0.0.0/8", "fd00::/48"]}),
        ("pool no prefixes", {}),
        ("pool lost scope", {"prefixes": ["10.0.0.0/8"], "address_scope_id": NOBODY}),
        ("pool scope version", {"prefixes": ["fd00::/48"], "address_scope_id": scope}),
        ("pool shared", {"prefixes": ["10.0.0.0/8"], "shared": True}),
    ):
        post(cloud, label, "/subnetpools", "subnetpool", name="x", **body)
    joined = {"prefixes": ["10.70.0.0/16", "10.71.0.0/16"], "default_quota": 9000, "default_prefixlen": 24}
    cloud.call("pool grow", "network", "PUT", place, {"subnetpool": joined})
    cloud.call("pool shrink", "network", "PUT", place, {"subnetpool": {"prefixes": ["10.70.0.0/16"]}})
    cloud.call("pool quota none", "network", "PUT", place, {"subnetpool": {"default_quota": None}})
    cloud.call("pool get", "network", "GET", place)
    tagged(cloud, "pool", place, "/subnetpools")
    cloud.call("pool missing", "network", "GET", "/subnetpools/nope")
    net = post(cloud, "pool net", "/networks", "network", name=PREFIX)["id"]
    taken = {"network_id": net, "ip_version": 4, "subnetpool_id": pool}
    subnet = post(cloud, "pool subnet", "/subnets", "subnet", **taken, prefixlen=26)["id"]
    cloud.call("pool in use", "network", "DELETE", place)
    cloud.call("scope in use", "network", "DELETE", one)
    cloud.call("pool subnet delete", "network", "DELETE", f"/subnets/{subnet}")
    cloud.call("pool net delete", "network", "DELETE", f"/networks/{net}")
    cloud.call("pool delete", "network", "DELETE", place)
    cloud.call("scope delete", "network", "DELETE", one)


def groups(cloud: Recorder) -> None:
    listed = ["10.0.0.1/32", "10.1.0.7/16"]
    group = post(cloud, "addresses", "/address-groups", "address_group", name=PREFIX, addresses=listed)["id"]
    one = f"/address-groups/{cloud.known('addresses', group)}"
    post(cloud, "addresses bare", "/address-groups", "address_group", name="x", addresses=["10.0.0.1"])
    for verb in ("add", "remove"):
        for time in ("", " twice"):
            body = {"addresses": ["10.3.0.0/24"]}
            cloud.call(f"addresses {verb}{time}", "network", "PUT", f"{one}/{verb}_addresses", body)
    cloud.call("addresses put", "network", "PUT", one, {"address_group": {"addresses": ["10.3.0.0/24"]}})
    cloud.call("addresses rename", "network", "PUT", one, {"address_group": {"description": "d"}})
    cloud.call("addresses get", "network", "GET", one)
    cloud.call("addresses list", "network", "GET", f"/address-groups?name={PREFIX}")
    cloud.call("addresses missing", "network", "GET", "/address-groups/nope")
    holder = post(cloud, "addresses holder", "/security-groups", "security_group", name=PREFIX)["id"]
    rule = {"security_group_id": holder, "direction": "ingress", "remote_address_group_id": group}
    made = post(cloud, "addresses rule", "/security-group-rules", "security_group_rule", **rule)["id"]
    cloud.call(
        "addresses rules",
        "network",
        "GET",
        f"/security-group-rules?security_group_id={holder}&direction=ingress",
    )
    tagged(cloud, "group", f"/security-groups/{cloud.known('holder', holder)}", "/security-groups")
    cloud.call("addresses in use", "network", "DELETE", one)
    cloud.call("addresses rule delete", "network", "DELETE", f"/security-group-rules/{made}")
    cloud.call("addresses holder delete", "network", "DELETE", f"/security-groups/{holder}")
    cloud.call("addresses delete", "network", "DELETE", one)


def sharing(cloud: Recorder, net: str) -> None:
    good = {"object_type": "network", "object_id": net, "action": "access_as_shared", "target_tenant": OTHER}
    made = post(cloud, "share", "/rbac-policies", "rbac_policy", **good)["id"]
    one = f"/rbac-policies/{cloud.known('share', made)}"
    for label, body in (
        ("share twice", good),
        ("share with all", {**good, "target_tenant": "*"}),
        ("share type", {**good, "object_type": "nope"}),
        ("share action", {**good, "action": "nope"}),
        ("share target", {**good, "target_tenant": "a"}),
        ("share no target", {k: v for k, v in good.items() if k != "target_tenant"}),
    ):
        post(cloud, label, "/rbac-policies", "rbac_policy", **body)
    cloud.call("share target update", "network", "PUT", one, {"rbac_policy": {"target_tenant": "f" * 32}})
    cloud.call(
        "share action update", "network", "PUT", one, {"rbac_policy": {"action": "access_as_external"}}
    )
    cloud.call("share get", "network", "GET", one)
    cloud.call("shares", "network", "GET", f"/rbac-policies?object_id={net}")
    cloud.call("share missing", "network", "GET", "/rbac-policies/nope")
    cloud.call("share delete", "network", "DELETE", one)


def trunks(cloud: Recorder, net: str) -> None:
    ports = [post(cloud, f"trunk port {n}", "/ports", "port", network_id=net)["id"] for n in range(4)]
    for number, port in enumerate(ports):
        cloud.known(f"port {number}", port)

    def sub(number: int, tag: int, kind: str = "vlan") -> dict[str, Any]:
        return {"port_id": ports[number], "segmentation_type": kind, "segmentation_id": tag}

    trunk = post(cloud, "trunk", "/trunks", "trunk", name=PREFIX, port_id=ports[0], sub_ports=[sub(1, 5)])[
        "id"
    ]
    one = f"/trunks/{cloud.known('trunk', trunk)}"
    post(cloud, "trunk twice", "/trunks", "trunk", port_id=ports[0])
    post(cloud, "trunk on sub-port", "/trunks", "trunk", port_id=ports[1])
    post(cloud, "trunk lost port", "/trunks", "trunk", port_id=NOBODY)
    for label, verb, item in (
        ("sub-port add", "add", sub(2, 6)),
        ("sub-port same tag", "add", sub(3, 6)),
        ("sub-port again", "add", sub(2, 7)),
        ("sub-port kind", "add", sub(3, 7, "gre")),
        ("sub-port remove", "remove", {"port_id": ports[2]}),
        ("sub-port remove twice", "remove", {"port_id": ports[2]}),
    ):
        cloud.call(label, "network", "PUT", f"{one}/{verb}_subports", {"sub_ports": [item]})
    tagged(cloud, "trunk", one, "/trunks")
    tagged(cloud, "trunk port", f"/ports/{ports[3]}", "/ports")
    cloud.call("trunk port update", "network", "PUT", one, {"trunk": {"port_id": ports[3]}})
    cloud.call("trunk sub-ports update", "network", "PUT", one, {"trunk": {"sub_ports": []}})
    cloud.call("trunk get", "network", "GET", one)
    cloud.call("trunk sub-ports", "network", "GET", f"{one}/get_subports")
    cloud.call("trunk missing", "network", "GET", "/trunks/nope")
    cloud.call("parent port delete", "network", "DELETE", f"/ports/{ports[0]}")
    cloud.call("sub-port delete", "network", "DELETE", f"/ports/{ports[1]}")
    cloud.call("trunk disable", "network", "PUT", one, {"trunk": {"admin_state_up": False}})
    cloud.call("disabled sub-port", "network", "PUT", f"{one}/add_subports", {"sub_ports": [sub(2, 6)]})
    cloud.call("disabled delete", "network", "DELETE", one)
    cloud.call("trunk enable", "network", "PUT", one, {"trunk": {"admin_state_up": True}})
    cloud.call("trunk delete", "network", "DELETE", one)
    cloud.call("trunk delete twice", "network", "DELETE", one)
    for number, port in enumerate(ports):
        cloud.call(f"trunk port {number} delete", "network", "DELETE", f"/ports/{port}")


def routes(cloud: Recorder, router: str) -> None:
    one = f"/routers/{router}"
    for label, verb, where, hop in (
        ("route add", "add", "10.90.0.0/16", "10.88.0.9"),
        ("route add twice", "add", "10.90.0.0/16", "10.88.0.9"),
        ("route nowhere", "add", "10.91.0.0/16", "10.99.0.9"),
        ("route remove lost", "remove", "10.92.0.0/16", "10.88.0.9"),
    ):
        body = {"router": {"routes": [{"destination": where, "nexthop": hop}]}}
        answer = cloud.connection.network.put(f"{one}/{verb}_extraroutes", json=body)
        shown = answer.json().get("router", {}).get("routes", answer.json())
        cloud.kept(label, "PUT", f"/v2.0/routers/router/{verb}_extraroutes", answer.status_code, shown)


def forwarding(cloud: Recorder, net: str, subnet: str, router: str) -> None:
    public = cloud.connection.network.get("/networks?name=public").json()["networks"][0]["id"]
    fixed = [{"subnet_id": subnet, "ip_address": "10.88.0.40"}]
    port = post(cloud, "forward port", "/ports", "port", network_id=net, fixed_ips=fixed)["id"]
    floating = post(cloud, "forward address", "/floatingips", "floatingip", floating_network_id=public)["id"]
    cloud.known("forward port", port)
    root = f"/floatingips/{cloud.known('forward address', floating)}"
    good = {
        "protocol": "tcp",
        "internal_ip_address": "10.88.0.40",
        "internal_port": 80,
        "internal_port_id": port,
        "external_port": 8080,
    }
    path, key = f"{root}/port_forwardings", "port_forwarding"
    made = post(cloud, "forward", path, key, **good)["id"]
    one = f"{path}/{cloud.known('forward', made)}"
    post(cloud, "forward twice", path, key, **good)
    post(cloud, "forward outer twice", path, key, **{**good, "internal_port": 81})
    post(cloud, "forward protocol", path, key, **{**good, "protocol": "TCP"})
    for label, change in (
        ("forward outer", {"external_port": 8090}),
        ("forward inner", {"internal_port": 81, "description": "d"}),
        ("forward udp", {"protocol": "udp"}),
    ):
        cloud.call(label, "network", "PUT", one, {key: change})
    cloud.call("forward get", "network", "GET", one)
    cloud.call("forwards", "network", "GET", path)
    cloud.call("forward missing", "network", "GET", f"{path}/nope")
    cloud.call("forwarding address", "network", "GET", root)
    cloud.call("forwarding associate", "network", "PUT", root, {"floatingip": {"port_id": port}})
    cloud.call("forwarding address delete", "network", "DELETE", root)
    cloud.call("forward delete", "network", "DELETE", one)
    cloud.call("forward delete twice", "network", "DELETE", one)
    cloud.call("forward address delete", "network", "DELETE", root)
    cloud.call("forward port delete", "network", "DELETE", f"/ports/{port}")


def several(cloud: Recorder, net: str, subnet: str) -> None:
    """A floating address of a port that has several addresses."""
    public = cloud.connection.network.get("/networks?name=public").json()["networks"][0]["id"]
    fixed = [{"subnet_id": subnet, "ip_address": f"10.88.0.{end}"} for end in (50, 51)]
    port = post(cloud, "several port", "/ports", "port", network_id=net, fixed_ips=fixed)["id"]
    floating = post(cloud, "several address", "/floatingips", "floatingip", floating_network_id=public)["id"]
    cloud.known("several port", port)
    one = f"/floatingips/{cloud.known('several address', floating)}"
    for label, change in (
        ("several unclear", {"port_id": port}),
        ("several clear", {"port_id": port, "fixed_ip_address": "10.88.0.51"}),
        ("several describe", {"description": "d"}),
        ("several fixed alone", {"fixed_ip_address": "10.88.0.50"}),
    ):
        cloud.call(label, "network", "PUT", one, {"floatingip": change})
    tagged(cloud, "floating", one, "/floatingips")
    cloud.call("several address delete", "network", "DELETE", one)
    cloud.call("several port delete", "network", "DELETE", f"/ports/{port}")


def walk(cloud: Recorder) -> None:
    """Make every call, and take away what was made."""
    pools(cloud)
    groups(cloud)
    net = post(cloud, "further net", "/networks", "network", name=PREFIX)["id"]
    cloud.known("net", net)
    wanted = {"network_id": net, "cidr": "10.88.0.0/24", "ip_version": 4}
    subnet = post(cloud, "further subnet", "/subnets", "subnet", **wanted)["id"]
    cloud.known("subnet", subnet)
    tagged(cloud, "net", f"/networks/{net}")
    tagged(cloud, "subnet", f"/subnets/{subnet}", "/subnets")
    cloud.call("quotas", "network", "GET", f"/quotas/{cloud.connection.current_project_id}")
    cloud.call(
        "quota put",
        "network",
        "PUT",
        f"/quotas/{cloud.connection.current_project_id}",
        {"quota": {"port": 9}},
    )
    sharing(cloud, net)
    trunks(cloud, net)
    public = cloud.connection.network.get("/networks?name=public").json()["networks"][0]["id"]
    cloud.known("public", public)
    gateway = {"external_gateway_info": {"network_id": public}}
    router = post(cloud, "further router", "/routers", "router", name=PREFIX, **gateway)["id"]
    cloud.known("router", router)
    tagged(cloud, "router", f"/routers/{router}", "/routers")
    one = f"/routers/{router}"
    cloud.call("further interface", "network", "PUT", f"{one}/add_router_interface", {"subnet_id": subnet})
    routes(cloud, router)
    remove = f"{one}/remove_router_interface"
    cloud.call("interface routed", "network", "PUT", remove, {"subnet_id": subnet})
    gone = {"router": {"routes": [{"destination": "10.90.0.0/16", "nexthop": "10.88.0.9"}]}}
    cloud.connection.network.put(f"{one}/remove_extraroutes", json=gone)
    forwarding(cloud, net, subnet, router)
    several(cloud, net, subnet)
    cloud.call("further interface remove", "network", "PUT", remove, {"subnet_id": subnet})
    cloud.call("further router delete", "network", "DELETE", one)
    cloud.call("further net delete", "network", "DELETE", f"/networks/{net}")
