"""Load balancers and what hangs below them, as a member of a project calls for them."""

from __future__ import annotations

from typing import Any

from tests.openstack.recording.recorder import NOBODY, PREFIX, Recorder, settle, waited

ROOT = "/lbaas"


class Balancing:
    """The calls, each made once its load balancer may be changed."""

    def __init__(self, cloud: Recorder) -> None:
        self.cloud = cloud
        self.balancer = ""

    def ask(self, label: str, method: str, path: str, body: Any = None) -> Any:
        return self.cloud.call(label, "load_balancer", method, f"{ROOT}{path}", body)

    def rest(self, path: str, key: str) -> None:
        """Wait until an object and its load balancer are at rest."""
        whole = {f"{ROOT}{path}": key, f"{ROOT}{self.whole}": "loadbalancer"}
        for place, name in whole.items():
            settle(self.cloud, place, name, _rests, service="load_balancer")

    @property
    def whole(self) -> str:
        """Where the load balancer is."""
        return f"/loadbalancers/{self.balancer}"

    def make(self, label: str, path: str, key: str, **body: Any) -> str:
        made = self.ask(label, "POST", path, {key: body})[key]
        own = self.cloud.known(label, made["id"])
        self.rest(f"{path}/{own}", key)
        return f"{path}/{own}"

    def change(self, label: str, path: str, key: str, **body: Any) -> None:
        self.ask(label, "PUT", path, {key: body})
        self.rest(path, key)
        self.ask(f"{label} done", "GET", path)

    def remove(self, label: str, path: str, key: str) -> None:
        self.ask(label, "DELETE", path)
        settle(self.cloud, f"{ROOT}{path}", key, lambda body: body is None, service="load_balancer")
        if path != self.whole:
            # The child is gone before its load balancer may be changed again.
            settle(self.cloud, f"{ROOT}{self.whole}", "loadbalancer", _rests, service="load_balancer")


def _rests(body: Any) -> bool:
    return body is None or body["provisioning_status"] == "ACTIVE"


def refused(on: Balancing, subnet: str) -> None:
    for label, body in (
        ("balancer nowhere", {"name": "x"}),
        ("balancer unknown", {"vip_subnet_id": subnet, "bogus": 1}),
        ("balancer name", {"vip_subnet_id": subnet, "name": 5}),
    ):
        on.ask(label, "POST", "/loadbalancers", {"loadbalancer": body})
    on.ask("balancer envelope", "POST", "/loadbalancers", {"nope": {}})
    for path in ("/loadbalancers", "/listeners", "/pools", "/healthmonitors", "/l7policies"):
        on.ask(f"lost {path}", "GET", f"{path}/nope")
    on.ask("lost members", "GET", "/pools/nope/members")
    on.ask("lost rules", "GET", "/l7policies/nope/rules")
    on.ask("filter", "GET", "/loadbalancers?bogus=1")
    on.ask("marker", "GET", "/loadbalancers?limit=1&marker=nope")


def early(on: Balancing, subnet: str) -> None:
    """What one that is just being made refuses. Where it was made before it was asked, another is."""
    cloud, caught = on.cloud, [False]
    while not all(caught):
        body = {"loadbalancer": {"vip_subnet_id": subnet}}
        made = cloud.connection.load_balancer.post(f"{ROOT}/loadbalancers", json=body).json()["loadbalancer"]
        one = f"{ROOT}/loadbalancers/{cloud.known('early balancer', made['id'])}"
        listener = {"loadbalancer_id": made["id"], "protocol": "HTTP", "protocol_port": 80}
        asked = (
            ("listener early", "POST", f"{ROOT}/listeners", {"listener": listener}),
            ("balancer early", "PUT", one, {"loadbalancer": {"name": "x"}}),
            ("balancer delete early", "DELETE", one, None),
        )
        caught = [
            cloud.passing(label, "load_balancer", method, path, sent, still=lambda status, _: status == 409)
            for label, method, path, sent in asked
        ]
        waited(cloud, one, "loadbalancer", _rests, service="load_balancer")
        cloud.connection.load_balancer.delete(f"{one}?cascade=true")
        waited(cloud, one, "loadbalancer", lambda body: body is None, service="load_balancer")


def listeners(on: Balancing, balancer: str) -> str:
    good = {"loadbalancer_id": balancer, "protocol": "HTTP", "protocol_port": 80}
    place = on.make("listener", "/listeners", "listener", name=PREFIX, tags=["a"], **good)
    for label, body in (
        ("listener twice", good),
        ("listener protocol", {**good, "protocol": "NOPE"}),
        ("listener no protocol", {"loadbalancer_id": balancer, "protocol_port": 81}),
        ("listener lost", {**good, "loadbalancer_id": NOBODY}),
        ("listener no id", {**good, "loadbalancer_id": "nope"}),
    ):
        on.ask(label, "POST", "/listeners", {"listener": body})
    headers = {"insert_headers": {"X-Forwarded-For": "true"}, "allowed_cidrs": ["10.0.0.0/8"]}
    on.change("listener update", place, "listener", connection_limit=10, timeout_client_data=1000, **headers)
    on.ask("listener port", "PUT", place, {"listener": {"protocol_port": 81}})
    return place


def pools(on: Balancing, listener: str) -> str:
    good = {"listener_id": listener.rpartition("/")[2], "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    place = on.make("pool", "/pools", "pool", name=PREFIX, tags=["a"], **good)
    for label, body in (
        ("pool second", good),
        ("pool alone", {"protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}),
        ("pool unknown", {"bogus": 1}),
        ("pool algorithm", {**good, "lb_algorithm": "NOPE"}),
    ):
        on.ask(label, "POST", "/pools", {"pool": body})
    on.change("pool sessions", place, "pool", session_persistence={"type": "HTTP_COOKIE"})
    on.change("pool no sessions", place, "pool", session_persistence=None, lb_algorithm="SOURCE_IP")
    return place


def members(on: Balancing, pool: str, subnet: str) -> None:
    good = {"address": "10.88.0.9", "protocol_port": 80, "subnet_id": subnet}
    place = on.make("member", f"{pool}/members", "member", name="m", tags=["a"], **good)
    on.ask("member twice", "POST", f"{pool}/members", {"member": good})
    on.ask("member lost pool", "POST", f"/pools/{NOBODY}/members", {"member": good})
    on.change("member update", place, "member", weight=5, backup=True, monitor_port=81)
    on.ask("member address", "PUT", place, {"member": {"address": "10.88.0.10"}})
    on.ask("members", "GET", f"{pool}/members?tags=a")
    on.ask("member missing", "GET", f"{pool}/members/nope")


def monitors(on: Balancing, pool: str) -> None:
    good = {"pool_id": pool.rpartition("/")[2], "type": "HTTP", "delay": 5, "timeout": 3, "max_retries": 3}
    place = on.make("monitor", "/healthmonitors", "healthmonitor", name="h", tags=["a"], **good)
    on.ask("monitor twice", "POST", "/healthmonitors", {"healthmonitor": good})
    on.ask("monitor lost", "POST", "/healthmonitors", {"healthmonitor": {**good, "pool_id": NOBODY}})
    on.change("monitor update", place, "healthmonitor", delay=6, url_path="/x", expected_codes="200-204")


def policies(on: Balancing, listener: str, pool: str) -> str:
    key = listener.rpartition("/")[2]
    wanted = {"listener_id": key, "action": "REDIRECT_TO_URL", "redirect_url": "http://x.test/"}
    place = on.make("policy", "/l7policies", "l7policy", name="l", tags=["a"], **wanted)
    lost = {"listener_id": NOBODY, "action": "REJECT"}
    on.ask("policy lost", "POST", "/l7policies", {"l7policy": lost})
    on.change("policy reject", place, "l7policy", action="REJECT")
    second = on.make("second policy", "/l7policies", "l7policy", listener_id=key, action="REJECT")
    on.change("policy last", place, "l7policy", position=2)
    on.ask("second policy first", "GET", second)
    on.change(
        "policy pool", place, "l7policy", action="REDIRECT_TO_POOL", redirect_pool_id=pool.rpartition("/")[2]
    )
    rule = {"type": "PATH", "compare_type": "STARTS_WITH", "value": "/a"}
    one = on.make("rule", f"{place}/rules", "rule", tags=["a"], **rule)
    on.ask("rule key", "POST", f"{place}/rules", {"rule": {**rule, "type": "HEADER"}})
    on.change("rule update", one, "rule", value="/b", invert=True)
    on.ask("rules", "GET", f"{place}/rules")
    on.ask("pool in use", "DELETE", pool)
    on.remove("rule delete", one, "rule")
    on.ask("rule delete twice", "DELETE", one)
    return place


def walk(cloud: Recorder) -> None:
    """Make every call, and take away what was made."""
    net = cloud.call("balancing net", "network", "POST", "/networks", {"network": {"name": PREFIX}})[
        "network"
    ]["id"]
    body = {"network_id": net, "cidr": "10.88.0.0/24", "ip_version": 4}
    subnet = cloud.call("balancing subnet", "network", "POST", "/subnets", {"subnet": body})["subnet"]["id"]
    cloud.known("net", net)
    cloud.known("subnet", subnet)
    on = Balancing(cloud)
    refused(on, subnet)
    early(on, subnet)
    wanted = {"name": PREFIX, "vip_subnet_id": subnet, "tags": ["x"]}
    made = on.ask("balancer", "POST", "/loadbalancers", {"loadbalancer": wanted})["loadbalancer"]["id"]
    place = f"/loadbalancers/{cloud.known('balancer', made)}"
    on.balancer = made
    on.rest(place, "loadbalancer")
    on.ask("balancer get", "GET", place)
    on.ask("balancers by tag", "GET", "/loadbalancers?tags=x&limit=1")
    on.change("balancer update", place, "loadbalancer", description="d", tags=["q"])
    on.ask("balancer subnet", "PUT", place, {"loadbalancer": {"vip_subnet_id": subnet}})
    listener = listeners(on, made)
    pool = pools(on, listener)
    members(on, pool, subnet)
    monitors(on, pool)
    policies(on, listener, pool)
    on.ask("balancer with children", "GET", place)
    on.ask("balancer has children", "DELETE", place)
    on.remove("listener delete", listener, "listener")
    on.ask("policies gone", "GET", "/l7policies")
    on.ask("pool without listener", "GET", pool)
    on.remove("pool delete", pool, "pool")
    on.ask("members gone", "GET", f"{pool}/members")
    on.ask("monitors gone", "GET", "/healthmonitors")
    on.remove("balancer delete", place, "loadbalancer")
    on.ask("balancer gone", "GET", place)
    on.ask("balancer delete twice", "DELETE", place)
    cloud.call("balancing net delete", "network", "DELETE", f"/networks/{net}")
