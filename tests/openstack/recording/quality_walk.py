"""Quality of service, as an administrator calls for it."""

from __future__ import annotations

from tests.openstack.recording.network_walk import post, tagged
from tests.openstack.recording.recorder import PREFIX, Recorder

RULES = {
    "bandwidth_limit": ({"max_kbps": 2000}, {"max_kbps": 3000}, {"direction": "up"}),
    "dscp_marking": ({"dscp_mark": 10}, {"dscp_mark": 12}, {"dscp_mark": 11}),
    "minimum_bandwidth": ({"min_kbps": 10}, {"min_kbps": 20}, {"min_kbps": 5000}),
    "minimum_packet_rate": ({"min_kpps": 10}, {"min_kpps": 20}, {}),
}


def walk(cloud: Recorder) -> None:
    """Make every call, and take away what was made."""
    policy = post(cloud, "policy", "/qos/policies", "policy", name=PREFIX)["id"]
    one = f"/qos/policies/{cloud.known('policy', policy)}"
    tagged(cloud, "policy", f"/policies/{policy}", "/qos/policies")
    cloud.call("policy update", "network", "PUT", one, {"policy": {"description": "d", "shared": True}})
    cloud.call("policy missing", "network", "GET", "/qos/policies/nope")
    for kind, (spec, other, wrong) in RULES.items():
        label, path = f"{kind}_rule", f"{one}/{kind}_rules"
        made = post(cloud, kind, path, label, **spec)["id"]
        place = f"{path}/{cloud.known(kind, made)}"
        post(cloud, f"{kind} twice", path, label, **spec)
        post(cloud, f"{kind} nothing", path, label)
        cloud.call(f"{kind} update", "network", "PUT", place, {label: other})
        cloud.call(f"{kind} wrong", "network", "PUT", place, {label: wrong})
        cloud.call(f"{kind} get", "network", "GET", place)
        cloud.call(f"{kind} list", "network", "GET", path)
        cloud.call(f"{kind} missing", "network", "GET", f"{path}/nope")
    cloud.call("policy get", "network", "GET", one)
    net = post(cloud, "policy net", "/networks", "network", name=PREFIX, qos_policy_id=policy)["id"]
    cloud.known("net", net)
    cloud.call("policy in use", "network", "DELETE", one)
    cloud.call("policy net delete", "network", "DELETE", f"/networks/{net}")
    for kind in RULES:
        rules = f"{one}/{kind}_rules"
        for key in [r["id"] for r in cloud.connection.network.get(rules).json()[f"{kind}_rules"]]:
            cloud.call(f"{kind} delete", "network", "DELETE", f"{rules}/{key}")
            cloud.call(f"{kind} delete twice", "network", "DELETE", f"{rules}/{key}")
    cloud.call("policy delete", "network", "DELETE", one)
    cloud.call("policy delete twice", "network", "DELETE", one)
