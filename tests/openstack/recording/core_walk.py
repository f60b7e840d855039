"""Networks, servers and volumes, as an ordinary member of a project calls for them."""

from __future__ import annotations

from typing import Any

from tests.openstack.recording.recorder import NOBODY, PREFIX, Recorder, settle

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yx3v0oXlX4b8fC6d2b2S0w4xQb3F0n1dYw2E5mZ0h a@b"


def named(body: Any, start: str) -> Any:
    """Of a list, what the cloud was set up with: others make theirs meanwhile."""
    return {key: [item for item in items if item["name"].startswith(start)] for key, items in body.items()}


def _unplaced(_status: int, body: Any) -> bool:
    server = body["server"]
    return (server["status"], server["OS-EXT-AZ:availability_zone"]) == ("BUILD", "")


def _just_begun(_status: int, body: Any) -> bool:
    return "resize_prep" in str(body)


def make_network(cloud: Recorder) -> tuple[str, str]:
    net = cloud.call("net", "network", "POST", "/networks", {"network": {"name": PREFIX}})["network"]["id"]
    cloud.known("net", net)
    for label, body in (
        ("net tags in post", {"name": "x", "tags": ["a"]}),
        ("net unknown attribute", {"name": "x", "bogus": 1}),
        ("net wrong type", {"name": 5}),
        ("net wrong bool", {"admin_state_up": "maybe"}),
        ("net wrong int", {"mtu": "x"}),
        ("net id in post", {"id": "x"}),
        ("net policy", {"router:external": True}),
    ):
        cloud.call(label, "network", "POST", "/networks", {"network": body})
    cloud.call("net no envelope", "network", "POST", "/networks", {"nope": {}})
    cloud.call("net read only", "network", "PUT", f"/networks/{net}", {"network": {"id": "y"}})
    cloud.call("net update", "network", "PUT", f"/networks/{net}", {"network": {"description": "d"}})
    cloud.call("net get", "network", "GET", f"/networks/{net}")
    cloud.call("net missing", "network", "GET", "/networks/nope")
    cloud.call("net delete missing", "network", "DELETE", f"/networks/{NOBODY}")
    cloud.call(
        "net tags twice", "network", "PUT", f"/networks/{net}/tags", {"tags": [f"{PREFIX}-a", f"{PREFIX}-a"]}
    )
    cloud.call(
        "net tags", "network", "PUT", f"/networks/{net}/tags", {"tags": [f"{PREFIX}-b", f"{PREFIX}-a"]}
    )
    cloud.call("net tag add", "network", "PUT", f"/networks/{net}/tags/c")
    cloud.call("net tag lost", "network", "DELETE", f"/networks/{net}/tags/zz")
    cloud.call(
        "net by tags", "network", "GET", f"/networks?tags={PREFIX}-a,{PREFIX}-b&fields=name&fields=tags"
    )
    cloud.call("net bad filter", "network", "GET", "/networks?bogus=1")
    cloud.call("net bad marker", "network", "GET", "/networks?limit=2&marker=nope")
    outside = "/networks?router:external=true&fields=name"
    cloud.call("net external", "network", "GET", outside, part=lambda body: named(body, "public"))
    return net, make_subnets(cloud, net)


def make_subnets(cloud: Recorder, net: str) -> str:
    good = {"network_id": net, "cidr": "10.1.2.3/24", "ip_version": 4, "name": "s"}
    subnet = cloud.call("subnet", "network", "POST", "/subnets", {"subnet": good})["subnet"]["id"]
    cloud.known("subnet", subnet)
    for label, body in (
        ("subnet overlap", {**good, "cidr": "10.1.2.0/25"}),
        ("subnet bad cidr", {**good, "cidr": "10.1.2.0/99"}),
        ("subnet wrong version", {**good, "cidr": "10.3.2.0/24", "ip_version": 6}),
        ("subnet no cidr", {"network_id": net, "ip_version": 4}),
        ("subnet no network", {"cidr": "10.3.2.0/24", "ip_version": 4}),
        ("subnet lost network", {**good, "network_id": NOBODY}),
        ("subnet no gateway", {**good, "cidr": "10.4.0.0/24", "gateway_ip": None}),
        ("subnet other gateway", {**good, "cidr": "10.5.0.0/24", "gateway_ip": "10.5.0.9"}),
        ("subnet six", {**good, "cidr": "FD00:0::/64", "ip_version": 6}),
    ):
        cloud.call(label, "network", "POST", "/subnets", {"subnet": body})
    more = {
        "dns_nameservers": ["8.8.8.8", "1.1.1.1"],
        "host_routes": [{"destination": "10.9.0.0/16", "nexthop": "10.1.2.9"}],
        "enable_dhcp": False,
        "gateway_ip": "10.1.2.254",
        "allocation_pools": [{"start": "10.1.2.10", "end": "10.1.2.90"}],
    }
    cloud.call("subnet update", "network", "PUT", f"/subnets/{subnet}", {"subnet": more})
    cloud.call("subnet cidr", "network", "PUT", f"/subnets/{subnet}", {"subnet": {"cidr": "10.9.0.0/24"}})
    inside = {"subnet": {"gateway_ip": "10.1.2.15"}}
    cloud.call("subnet gateway in pool", "network", "PUT", f"/subnets/{subnet}", inside)
    cloud.call("subnet missing", "network", "GET", "/subnets/nope")
    return subnet


def make_router(cloud: Recorder, net: str, subnet: str) -> str:
    public = cloud.connection.network.get("/networks?name=public").json()["networks"][0]["id"]
    cloud.known("public", public)
    gateway = {"external_gateway_info": {"network_id": public}}
    router = cloud.call("router", "network", "POST", "/routers", {"router": {"name": PREFIX, **gateway}})[
        "router"
    ]["id"]
    cloud.known("router", router)
    cloud.call("router routes in post", "network", "POST", "/routers", {"router": {"routes": []}})
    cloud.call("router missing", "network", "GET", "/routers/nope")
    snat = {"external_gateway_info": {"network_id": public, "enable_snat": False}}
    cloud.call("router snat", "network", "PUT", f"/routers/{router}", {"router": snat})
    inner = {"external_gateway_info": {"network_id": net}}
    cloud.call("router inner gateway", "network", "PUT", f"/routers/{router}", {"router": inner})
    add = f"/routers/{router}/add_router_interface"
    told = cloud.call("interface", "network", "PUT", add, {"subnet_id": subnet})
    cloud.known("interface port", told["port_id"])
    cloud.call("interface twice", "network", "PUT", add, {"subnet_id": subnet})
    cloud.call("interface lost subnet", "network", "PUT", add, {"subnet_id": NOBODY})
    cloud.call("interface neither", "network", "PUT", add, {})
    cloud.call("interface port get", "network", "GET", f"/ports/{told['port_id']}")
    cloud.call("interface port delete", "network", "DELETE", f"/ports/{told['port_id']}")
    cloud.call("router in use", "network", "DELETE", f"/routers/{router}")
    cloud.call("subnet in use", "network", "DELETE", f"/subnets/{subnet}")
    cloud.call("net in use", "network", "DELETE", f"/networks/{net}")
    move = {"subnet": {"gateway_ip": "10.1.2.9"}}
    cloud.call("gateway in use", "network", "PUT", f"/subnets/{subnet}", move)
    return router


def make_group(cloud: Recorder) -> str:
    body = {"security_group": {"name": PREFIX}}
    made = cloud.call("group", "network", "POST", "/security-groups", body)["security_group"]
    group = cloud.known("group", made["id"])
    cloud.call(
        "group default", "network", "POST", "/security-groups", {"security_group": {"name": "default"}}
    )
    cloud.call("group missing", "network", "GET", "/security-groups/nope")
    cloud.call("rule missing", "network", "GET", "/security-group-rules/nope")
    base = {"security_group_id": group, "direction": "ingress"}
    web = {
        **base,
        "protocol": "TCP",
        "port_range_min": 80,
        "port_range_max": 80,
        "remote_ip_prefix": "10.0.0.1",
    }
    first = cloud.call("rule", "network", "POST", "/security-group-rules", {"security_group_rule": web})
    rule = cloud.known("rule", first["security_group_rule"]["id"])
    for label, body in (
        ("rule twice", {**web, "remote_ip_prefix": "10.0.0.1/32"}),
        ("rule any six", {**base, "protocol": "any", "ethertype": "ipv6"}),
        ("rule icmp six", {**base, "protocol": "icmp", "ethertype": "IPv6"}),
        ("rule number", {**base, "protocol": "6", "remote_ip_prefix": "10.0.0.7/8"}),
        ("rule turned range", {**base, "protocol": "tcp", "port_range_min": 90, "port_range_max": 80}),
        ("rule direction", {**base, "direction": "in"}),
        ("rule ports alone", {**base, "port_range_min": 80, "port_range_max": 80}),
        ("rule group", {**base, "protocol": "udp", "remote_group_id": group, "description": "d"}),
        ("rule mixed", {**base, "ethertype": "IPv6", "remote_ip_prefix": "10.0.0.0/8"}),
        ("rule protocol", {**base, "protocol": "nonsense"}),
        ("rule lost group", {**base, "security_group_id": NOBODY}),
    ):
        cloud.call(label, "network", "POST", "/security-group-rules", {"security_group_rule": body})
    put = f"/security-group-rules/{rule}"
    cloud.call("rule update", "network", "PUT", put, {"security_group_rule": {"protocol": "udp"}})
    cloud.call("rule get", "network", "GET", put)
    rename = {"security_group": {"name": f"{PREFIX}-x", "description": "d"}}
    cloud.call("group update", "network", "PUT", f"/security-groups/{group}", rename)
    return group


def make_port(cloud: Recorder, net: str, subnet: str, group: str) -> str:
    pair = {"allowed_address_pairs": [{"ip_address": "10.1.2.77"}]}
    at = {"fixed_ips": [{"subnet_id": subnet, "ip_address": "10.1.2.33"}]}
    wanted = {"network_id": net, "name": "p", "security_groups": [group], **at, **pair}
    port = cloud.call("port", "network", "POST", "/ports", {"port": wanted})["port"]["id"]
    cloud.known("port", port)
    for label, body in (
        ("port address taken", {"network_id": net, **at}),
        (
            "port foreign address",
            {"network_id": net, "fixed_ips": [{"subnet_id": subnet, "ip_address": "10.7.2.2"}]},
        ),
        ("port lost group", {"network_id": net, "security_groups": [NOBODY]}),
        ("port lost network", {"network_id": NOBODY}),
    ):
        cloud.call(label, "network", "POST", "/ports", {"port": body})
    bare = cloud.call(
        "port bare", "network", "POST", "/ports", {"port": {"network_id": net, "fixed_ips": []}}
    )
    cloud.call("port bare delete", "network", "DELETE", f"/ports/{bare['port']['id']}")
    cloud.call(
        "port update", "network", "PUT", f"/ports/{port}", {"port": {"name": "q", "admin_state_up": False}}
    )
    cloud.call("port network", "network", "PUT", f"/ports/{port}", {"port": {"network_id": NOBODY}})
    cloud.call("port missing", "network", "GET", "/ports/nope")
    cloud.call("port up", "network", "PUT", f"/ports/{port}", {"port": {"admin_state_up": True}})
    cloud.call("group in use", "network", "DELETE", f"/security-groups/{group}")
    return port


def use_floating(cloud: Recorder, net: str, subnet: str, router: str, port: str) -> None:
    public = cloud.connection.network.get("/networks?name=public").json()["networks"][0]["id"]
    make = {"floatingip": {"floating_network_id": public, "description": "d"}}
    made = cloud.call("floating", "network", "POST", "/floatingips", make)["floatingip"]
    floating = cloud.known("floating", made["id"])
    cloud.known("floating address", made["floating_ip_address"])
    one = f"/floatingips/{floating}"
    wrong = {"floatingip": {"floating_network_id": net}}
    cloud.call("floating inner network", "network", "POST", "/floatingips", wrong)
    cloud.call("floating missing", "network", "GET", "/floatingips/nope")
    cloud.call("floating associate", "network", "PUT", one, {"floatingip": {"port_id": port}})
    cloud.call("floating describe", "network", "PUT", one, {"floatingip": {"description": "q"}})
    gone = {"router": {"external_gateway_info": None}}
    cloud.call("gateway needed", "network", "PUT", f"/routers/{router}", gone)
    remove = f"/routers/{router}/remove_router_interface"
    cloud.call("interface needed", "network", "PUT", remove, {"subnet_id": subnet})
    cloud.call("floating part", "network", "PUT", one, {"floatingip": {"port_id": None}})
    cloud.call("floating delete", "network", "DELETE", one)


def use_server(cloud: Recorder, net: str, port: str) -> None:
    images = cloud.call("images", "image", "GET", "/images?name=cirros")["images"]
    cloud.call("image", "image", "GET", f"/images/{images[0]['id']}")
    cloud.call("image missing", "image", "GET", "/images/nope")
    cloud.call("image bad marker", "image", "GET", "/images?marker=nope")
    listed = cloud.call("flavors", "compute", "GET", "/flavors/detail", part=lambda body: named(body, "m1."))
    flavors = {flavor["name"]: flavor["id"] for flavor in listed["flavors"]}
    for name in ("m1.tiny", "m1.small"):
        cloud.known(name, flavors[name])
    cloud.call("flavor missing", "compute", "GET", "/flavors/nope")
    make_keys(cloud)
    wanted = {
        "name": PREFIX,
        "imageRef": cloud.known("image", images[0]["id"]),
        "flavorRef": flavors["m1.tiny"],
        "networks": [{"port": port}],
        "metadata": {"a": "1"},
        "key_name": PREFIX,
        "user_data": "aGVsbG8=",
    }
    refuse_servers(cloud, wanted)
    made = cloud.call("server", "compute", "POST", "/servers", {"server": wanted})["server"]
    server = cloud.known("server", made["id"])
    one = f"/servers/{server}"
    cloud.passing("server building", "compute", "GET", one, still=_unplaced)
    settle(cloud, f"{one}", "server", lambda s: s["status"] == "ACTIVE")
    cloud.call("server active", "compute", "GET", one)
    cloud.call("server port", "network", "GET", f"/ports/{port}")
    for part in ("metadata", "tags", "os-interface", "os-security-groups"):
        cloud.call(f"server {part} get", "compute", "GET", f"{one}/{part}")
    cloud.call("server port again", "compute", "POST", "/servers", {"server": wanted})
    change_server(cloud, one, flavors)
    use_volume(cloud, one)
    cloud.call("server delete", "compute", "DELETE", one)
    settle(cloud, one, "server", lambda s: s is None)
    cloud.call("server gone", "compute", "GET", one)
    cloud.call("port after server", "network", "GET", f"/ports/{port}")
    cloud.call("key delete", "compute", "DELETE", f"/os-keypairs/{PREFIX}")


def make_keys(cloud: Recorder) -> None:
    for label, body in (
        ("key", {"name": PREFIX, "type": "ssh", "public_key": KEY}),
        ("key twice", {"name": PREFIX, "type": "ssh", "public_key": KEY}),
        ("key bad", {"name": "k2", "type": "ssh", "public_key": "bad"}),
        ("key type", {"name": "k2", "type": "x", "public_key": KEY}),
        ("key name", {"name": "k@!2", "type": "ssh", "public_key": KEY}),
        ("key none", {"name": "k2", "type": "ssh"}),
    ):
        cloud.call(label, "compute", "POST", "/os-keypairs", {"keypair": body})
    cloud.call("key missing", "compute", "GET", "/os-keypairs/nope")


def refuse_servers(cloud: Recorder, wanted: dict[str, Any]) -> None:
    nameless = {k: v for k, v in wanted.items() if k != "name"}
    for label, body in (
        ("server flavor", {**wanted, "flavorRef": "nope"}),
        ("server image name", {**wanted, "imageRef": "nope"}),
        ("server image", {**wanted, "imageRef": NOBODY}),
        ("server key", {**wanted, "key_name": "nope"}),
        ("server network", {**wanted, "networks": [{"uuid": NOBODY}]}),
        ("server port", {**wanted, "networks": [{"port": NOBODY}]}),
        ("server metadata type", {**wanted, "metadata": {"a": 1}}),
        ("server metadata many", {**wanted, "metadata": {str(i): "x" for i in range(200)}}),
        ("server group", {**wanted, "security_groups": [{"name": "nope"}]}),
        ("server unknown", {"name": "x", "flavorRef": "y", "networks": "none", "bogus": 1}),
        ("server nameless", {**nameless, "networks": "none"}),
    ):
        cloud.call(f"refused {label}", "compute", "POST", "/servers", {"server": body})
    cloud.call("server missing", "compute", "GET", "/servers/nope")
    cloud.call("server delete missing", "compute", "DELETE", "/servers/nope")
    cloud.call("server bad filter", "compute", "GET", "/servers/detail?bogus=1")
    cloud.call("server bad marker", "compute", "GET", "/servers/detail?marker=nope")


def change_server(cloud: Recorder, one: str, flavors: dict[str, str]) -> None:
    cloud.call("server rename", "compute", "PUT", one, {"server": {"name": f"{PREFIX}-2"}})
    cloud.call("server user data", "compute", "PUT", one, {"server": {"user_data": "eA=="}})
    cloud.call("metadata merge", "compute", "POST", f"{one}/metadata", {"metadata": {"b": "2"}})
    cloud.call("metadata replace", "compute", "PUT", f"{one}/metadata", {"metadata": {"c": "2"}})
    cloud.call("metadata lost", "compute", "DELETE", f"{one}/metadata/zz")
    cloud.call("metadata drop", "compute", "DELETE", f"{one}/metadata/c")
    cloud.call("server tags", "compute", "PUT", f"{one}/tags", {"tags": ["x", "y"]})
    cloud.call("server bad tag", "compute", "PUT", f"{one}/tags", {"tags": ["x,z"]})
    cloud.call("confirm early", "compute", "POST", f"{one}/action", {"confirmResize": None})
    resize = {"resize": {"flavorRef": flavors["m1.small"]}}
    cloud.call("resize", "compute", "POST", f"{one}/action", resize)
    cloud.passing("resize twice", "compute", "POST", f"{one}/action", resize, still=_just_begun)
    settle(cloud, one, "server", lambda s: s["status"] == "VERIFY_RESIZE")
    cloud.call("resized", "compute", "GET", one)
    cloud.call("confirm", "compute", "POST", f"{one}/action", {"confirmResize": None})
    settle(cloud, one, "server", lambda s: s["status"] == "ACTIVE")
    cloud.call("resize same", "compute", "POST", f"{one}/action", resize)
    cloud.call("confirmed", "compute", "GET", one)


def use_volume(cloud: Recorder, server: str) -> None:
    wanted = {"size": 1, "name": PREFIX, "metadata": {"k": "v"}}
    made = cloud.call("volume", "block_storage", "POST", "/volumes", {"volume": wanted})["volume"]
    volume = cloud.known("volume", made["id"])
    one = f"/volumes/{volume}"
    for label, body in (
        ("volume no size", {"name": "v"}),
        ("volume size type", {"size": "x"}),
        ("volume size zero", {"size": 0}),
        ("volume type", {"size": 1, "volume_type": "nope"}),
        ("volume image", {"size": 1, "imageRef": NOBODY}),
    ):
        cloud.call(label, "block_storage", "POST", "/volumes", {"volume": body})
    big = cloud.call("volume quota", "block_storage", "POST", "/volumes", {"volume": {"size": 100000}})
    assert "overLimit" in big
    cloud.call("volume missing", "block_storage", "GET", "/volumes/nope")
    settle(cloud, one, "volume", lambda v: v["status"] == "available", service="block_storage")
    cloud.call("volume available", "block_storage", "GET", one)
    cloud.call("volume bad filter", "block_storage", "GET", "/volumes/detail?bogus=1")
    cloud.call(
        "volume update",
        "block_storage",
        "PUT",
        one,
        {"volume": {"name": f"{PREFIX}-2", "metadata": {"q": "1"}}},
    )
    cloud.call("volume size update", "block_storage", "PUT", one, {"volume": {"size": 4}})
    cloud.call("volume extend", "block_storage", "POST", f"{one}/action", {"os-extend": {"new_size": 2}})
    settle(
        cloud, one, "volume", lambda v: v["size"] == 2 and v["status"] == "available", service="block_storage"
    )
    cloud.call("volume shrink", "block_storage", "POST", f"{one}/action", {"os-extend": {"new_size": 1}})
    attach(cloud, server, volume, one)
    cloud.call("volume delete", "block_storage", "DELETE", one)
    settle(cloud, one, "volume", lambda v: v is None, service="block_storage")


def attach(cloud: Recorder, server: str, volume: str, one: str) -> None:
    body = {"volumeAttachment": {"volumeId": volume}}
    path = f"{server}/os-volume_attachments"
    cloud.call("attach lost", "compute", "POST", path, {"volumeAttachment": {"volumeId": NOBODY}})
    cloud.call("attach", "compute", "POST", path, body)
    settle(cloud, one, "volume", lambda v: v["status"] == "in-use", service="block_storage")
    cloud.call("attach twice", "compute", "POST", path, body)
    cloud.call("attachments", "compute", "GET", path)
    cloud.call("attachment lost", "compute", "GET", f"{path}/{NOBODY}")
    cloud.call("volume in use", "block_storage", "GET", one)
    cloud.call("volume in use delete", "block_storage", "DELETE", one)
    cloud.call("detach", "compute", "DELETE", f"{path}/{volume}")
    settle(cloud, one, "volume", lambda v: v["status"] == "available", service="block_storage")
    # Nova forgets the attachment only after Cinder has let go of the volume.
    settle(cloud, f"{path}/{volume}", "volumeAttachment", lambda attachment: attachment is None)
    cloud.call("detached", "compute", "GET", f"{path}/{volume}")


def walk(cloud: Recorder) -> None:
    """Make every call, and take away what was made."""
    net, subnet = make_network(cloud)
    router = make_router(cloud, net, subnet)
    group = make_group(cloud)
    port = make_port(cloud, net, subnet, group)
    use_floating(cloud, net, subnet, router, port)
    use_server(cloud, net, port)
    cloud.call("port delete", "network", "DELETE", f"/ports/{port}")
    remove = f"/routers/{router}/remove_router_interface"
    cloud.call("interface remove", "network", "PUT", remove, {"subnet_id": subnet})
    cloud.call("interface gone", "network", "PUT", remove, {"subnet_id": subnet})
    cloud.call("router delete", "network", "DELETE", f"/routers/{router}")
    cloud.call("group delete", "network", "DELETE", f"/security-groups/{group}")
    cloud.call("net delete", "network", "DELETE", f"/networks/{net}")
    cloud.call("no such thing", "network", "GET", "/bogus")
