"""What each service tells of its quotas, and how it refuses what exceeds them: as an administrator, in a project of its own."""

from __future__ import annotations

from typing import Any

from tests.openstack.recording.recorder import PREFIX, VERSIONS, Recorder, settle


class Quotas:
    """The calls of one project."""

    def __init__(self, cloud: Recorder) -> None:
        self.cloud = cloud
        self.project = cloud.connection.current_project_id
        self.sets = f"/os-quota-sets/{self.project}"
        self.networks = f"/quotas/{self.project}"
        self.balancing = f"/lbaas/quotas/{self.project}"

    def told(self, when: str) -> None:
        """Ask every service for its limits, and how much of them is used."""
        self.cloud.call(f"{when} compute", "compute", "GET", "/limits")
        self.cloud.call(f"{when} network", "network", "GET", f"{self.networks}/details")
        self.cloud.call(f"{when} volume", "block_storage", "GET", "/limits")
        self.cloud.call(f"{when} balancing", "load_balancer", "GET", self.balancing)

    def limit(self, label: str, service: str, **limits: int) -> None:
        """Set limits, as whoever runs the cloud does."""
        path, key = {
            "network": (self.networks, "quota"),
            "load_balancer": (self.balancing, "quota"),
        }.get(service, (self.sets, "quota_set"))
        self.cloud.call(label, service, "PUT", path, {key: limits})


def make(cloud: Recorder, service: str, path: str, key: str, body: Any) -> str:
    """Make what is counted; how that is answered is recorded elsewhere."""
    answer = getattr(cloud.connection, service).post(
        path, json={key: body}, microversion=VERSIONS.get(service)
    )
    return cloud.known(key, answer.json()[key]["id"])


def exceed_network(on: Quotas, net: str) -> None:
    """Neutron counts what is there and what is asked for."""
    on.limit("fewer than there are", "network", port=0)
    on.limit("fewer ports", "network", port=1, network=1, security_group=1)
    on.told("fewer")
    port = {"network_id": net, "name": PREFIX}
    on.cloud.call("port beyond", "network", "POST", "/ports", {"port": port})
    on.cloud.call("network beyond", "network", "POST", "/networks", {"network": {"name": PREFIX}})
    on.limit("unknown resource", "network", bogus=1)


def exceed_compute(on: Quotas, port: str) -> None:
    """Nova names every resource of which there is too little."""
    flavors = on.cloud.connection.compute.get("/flavors/detail").json()["flavors"]
    images = on.cloud.connection.image.get("/images?name=cirros").json()["images"]
    flavor = {f["name"]: on.cloud.known(f["name"], f["id"]) for f in flavors}
    wanted = {"name": PREFIX, "imageRef": on.cloud.known("image", images[0]["id"]), "networks": "none"}
    tiny, medium = ({**wanted, "flavorRef": flavor[name]} for name in ("m1.tiny", "m1.medium"))
    first = {**tiny, "networks": [{"port": port}]}
    one = f"/servers/{make(on.cloud, 'compute', '/servers', 'server', first)}"
    settle(on.cloud, one, "server", lambda s: s["status"] == "ACTIVE")
    on.told("with server")
    on.limit("fewer servers", "compute", instances=1)
    on.cloud.call("server beyond", "compute", "POST", "/servers", {"server": tiny})
    on.limit("fewer cores", "compute", instances=5, cores=1)
    on.cloud.call("cores beyond", "compute", "POST", "/servers", {"server": medium})
    on.limit("less memory", "compute", cores=5, ram=600)
    on.cloud.call("memory beyond", "compute", "POST", "/servers", {"server": medium})
    on.limit("both", "compute", cores=1, ram=600)
    on.cloud.call("both beyond", "compute", "POST", "/servers", {"server": medium})
    on.cloud.call(
        "resize beyond", "compute", "POST", f"{one}/action", {"resize": {"flavorRef": medium["flavorRef"]}}
    )
    on.limit("unknown set", "compute", bogus=1)
    on.cloud.connection.compute.delete(one)
    settle(on.cloud, one, "server", lambda s: s is None)


def exceed_volumes(on: Quotas) -> None:
    """Cinder refuses by number and by size."""
    one = make(on.cloud, "block_storage", "/volumes", "volume", {"size": 2, "name": PREFIX})
    one = f"/volumes/{one}"
    settle(on.cloud, one, "volume", lambda v: v["status"] == "available", service="block_storage")
    on.told("with volume")
    on.limit("fewer volumes", "block_storage", volumes=1)
    on.cloud.call("volume beyond", "block_storage", "POST", "/volumes", {"volume": {"size": 1}})
    on.limit("fewer gigabytes", "block_storage", volumes=5, gigabytes=3)
    on.cloud.call("gigabytes beyond", "block_storage", "POST", "/volumes", {"volume": {"size": 2}})
    extend = {"os-extend": {"new_size": 4}}
    on.cloud.call("extend beyond", "block_storage", "POST", f"{one}/action", extend)
    on.cloud.connection.block_storage.delete(one)
    settle(on.cloud, one, "volume", lambda v: v is None, service="block_storage")


def exceed_balancing(on: Quotas, subnet: str) -> None:
    """Octavia has limits alone: how much is used is for the caller to count."""
    on.limit("no balancer", "load_balancer", load_balancer=0)
    on.told("balancing limited")
    body = {"loadbalancer": {"name": PREFIX, "vip_subnet_id": subnet}}
    on.cloud.call("balancer beyond", "load_balancer", "POST", "/lbaas/loadbalancers", body)
    on.limit("unknown balancing", "load_balancer", bogus=1)


def walk(cloud: Recorder) -> None:
    """Make every call, and take away what was made."""
    on = Quotas(cloud)
    on.told("fresh")
    for service, path in (
        ("compute", f"{on.sets}"),
        ("block_storage", f"{on.sets}"),
        ("network", f"{on.networks}"),
    ):
        cloud.call(f"plain {service}", service, "GET", path)
    net = make(cloud, "network", "/networks", "network", {"name": PREFIX})
    inside = {"network_id": net, "cidr": "10.66.0.0/24", "ip_version": 4}
    subnet = make(cloud, "network", "/subnets", "subnet", inside)
    port = make(cloud, "network", "/ports", "port", {"network_id": net, "name": PREFIX})
    exceed_balancing(on, subnet)
    exceed_network(on, net)
    exceed_compute(on, port)
    exceed_volumes(on)
    for service, path in (
        ("compute", on.sets),
        ("block_storage", on.sets),
        ("network", on.networks),
        ("load_balancer", on.balancing),
    ):
        cloud.call(f"reset {service}", service, "DELETE", path)
    on.told("defaults")
    cloud.connection.network.delete(f"/ports/{port}")
    cloud.connection.network.delete(f"/networks/{net}")
