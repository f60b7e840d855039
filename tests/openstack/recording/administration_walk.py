"""Flavors, host aggregates and server groups, as an administrator calls for them."""

from __future__ import annotations

from typing import Any

from tests.openstack.recording.recorder import NOBODY, PREFIX, Recorder, give_and_take


def ask(cloud: Recorder, label: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return cloud.call(label, "compute", method, path, body, **more)


def flavors(cloud: Recorder, name: str) -> None:
    many = "/flavors"
    wanted = {"name": name, "ram": 64, "vcpus": 1, "disk": 1, "os-flavor-access:is_public": False}
    made = ask(cloud, "flavor", "POST", many, {"flavor": wanted})["flavor"]["id"]
    one = f"{many}/{cloud.known('flavor', made)}"
    for label, body in (
        ("flavor twice", wanted),
        ("flavor nameless", {"ram": 64, "vcpus": 1, "disk": 1}),
        ("flavor unknown", {**wanted, "bogus": 1}),
        ("flavor same id", {**wanted, "name": f"{name}-x", "id": made}),
    ):
        ask(cloud, label, "POST", many, {"flavor": body})
    ask(cloud, "flavor get", "GET", one)
    ask(
        cloud,
        "flavors brief",
        "GET",
        many,
        part=lambda body: {"flavors": [f for f in body["flavors"] if f["name"] == "m1.tiny"]},
    )
    ask(cloud, "flavor describe", "PUT", one, {"flavor": {"description": "d"}})
    ask(cloud, "flavor ram", "PUT", one, {"flavor": {"ram": 128}})
    ask(cloud, "flavor describe missing", "PUT", f"{many}/nope", {"flavor": {"description": "d"}})
    specs = f"{one}/os-extra_specs"
    ask(cloud, "extra specs none", "GET", specs)
    ask(cloud, "extra specs add", "POST", specs, {"extra_specs": {"hw:cpu_policy": "shared", "a:b": "c"}})
    ask(cloud, "extra specs", "GET", specs)
    ask(cloud, "extra spec drop", "DELETE", f"{specs}/a:b")
    ask(cloud, "extra spec drop twice", "DELETE", f"{specs}/a:b")
    project = cloud.connection.current_project_id
    ask(cloud, "access none", "GET", f"{one}/os-flavor-access")
    give_and_take(cloud, "compute", "access", f"{one}/action", ("TenantAccess", {"tenant": project}))
    public = {**wanted, "name": f"{name}-public", "os-flavor-access:is_public": True}
    other = ask(cloud, "flavor public", "POST", many, {"flavor": public})["flavor"]["id"]
    cloud.known("public flavor", other)
    ask(cloud, "access of public", "GET", f"{many}/{other}/os-flavor-access")
    ask(cloud, "flavor public delete", "DELETE", f"{many}/{other}")
    ask(cloud, "flavor delete", "DELETE", one)
    ask(cloud, "flavor delete twice", "DELETE", one)


def aggregates(cloud: Recorder, name: str) -> None:
    many = "/os-aggregates"
    made = ask(cloud, "aggregate", "POST", many, {"aggregate": {"name": name}})["aggregate"]["id"]
    one = f"{many}/{cloud.known('aggregate', str(made))}"
    ask(cloud, "aggregate twice", "POST", many, {"aggregate": {"name": name}})
    ask(cloud, "aggregate nameless", "POST", many, {"aggregate": {}})
    ask(cloud, "aggregate get", "GET", one)
    ask(
        cloud,
        "aggregates",
        "GET",
        many,
        part=lambda body: [a for a in body["aggregates"] if a["name"] == name],
    )
    ask(cloud, "aggregate missing", "GET", f"{many}/999999")
    ask(cloud, "aggregate zone", "PUT", one, {"aggregate": {"name": f"{name}-2", "availability_zone": "z"}})
    metadata = {"set_metadata": {"metadata": {"a": "1", "b": "2"}}}
    ask(cloud, "aggregate metadata", "POST", f"{one}/action", metadata)
    ask(
        cloud, "aggregate metadata drop", "POST", f"{one}/action", {"set_metadata": {"metadata": {"a": None}}}
    )
    ask(cloud, "aggregate lost host", "POST", f"{one}/action", {"add_host": {"host": "nope"}})
    ask(cloud, "aggregate host absent", "POST", f"{one}/action", {"remove_host": {"host": "fake1"}})
    ask(cloud, "aggregate delete", "DELETE", one)
    ask(cloud, "aggregate delete twice", "DELETE", one)


def groups(cloud: Recorder) -> None:
    many, key = "/os-server-groups", "server_group"
    made = ask(cloud, "group", "POST", many, {key: {"name": PREFIX, "policy": "affinity"}})[key]["id"]
    one = f"{many}/{cloud.known('group', made)}"
    for label, body in (
        ("group policy", {"name": PREFIX, "policy": "nope"}),
        ("group no policy", {"name": PREFIX}),
        ("group rules", {"name": PREFIX, "policy": "affinity", "rules": {"max_server_per_host": 2}}),
    ):
        ask(cloud, label, "POST", many, {key: body})
    spread = {"name": f"{PREFIX}-2", "policy": "anti-affinity", "rules": {"max_server_per_host": 2}}
    second = ask(cloud, "group spread", "POST", many, {key: spread})[key]["id"]
    ask(cloud, "group get", "GET", one)
    ask(cloud, "groups", "GET", many)
    ask(cloud, "group missing", "GET", f"{many}/{NOBODY}")
    ask(cloud, "group delete", "DELETE", one)
    ask(cloud, "group delete twice", "DELETE", one)
    ask(cloud, "group spread delete", "DELETE", f"{many}/{second}")


def _zone(body: Any) -> Any:
    return [zone for zone in body["availabilityZoneInfo"] if zone["zoneName"] == "nova"]


def walk(cloud: Recorder) -> None:
    """Make every call, and take away what was made."""
    name = cloud.own()
    flavors(cloud, name)
    aggregates(cloud, name)
    groups(cloud)
    ask(cloud, "zones", "GET", "/os-availability-zone", part=_zone)
    ask(cloud, "keys none", "GET", "/os-keypairs")
    ask(cloud, "servers none", "GET", "/servers")
