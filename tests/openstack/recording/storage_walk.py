"""Volume types and their limits, as an administrator calls for them; snapshots and metadata, as a member does."""

from __future__ import annotations

from typing import Any

from tests.openstack.recording.recorder import NOBODY, PREFIX, Recorder, give_and_take, settle, waited

SERVICE = "block_storage"


def ask(cloud: Recorder, label: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return cloud.call(label, SERVICE, method, path, body, **more)


def metadata(cloud: Recorder, label: str, one: str) -> None:
    """Read, merged, replaced."""
    ask(cloud, f"{label} metadata", "GET", f"{one}/metadata")
    ask(cloud, f"{label} metadata merge", "POST", f"{one}/metadata", {"metadata": {"b": "2"}})
    ask(cloud, f"{label} metadata replace", "PUT", f"{one}/metadata", {"metadata": {"c": "3"}})
    ask(cloud, f"{label} metadata number", "PUT", f"{one}/metadata", {"metadata": {"c": 3}})


def snapshots(cloud: Recorder) -> None:
    """Make every call of a member, and take away what was made."""
    volume = ask(
        cloud, "volume", "POST", "/volumes", {"volume": {"size": 1, "name": PREFIX, "metadata": {"a": "1"}}}
    )["volume"]["id"]
    disk = f"/volumes/{cloud.known('volume', volume)}"
    settle(cloud, disk, "volume", lambda v: v["status"] == "available", service=SERVICE)
    ask(cloud, "volumes brief", "GET", "/volumes")
    metadata(cloud, "volume", disk)
    ask(cloud, "volume metadata drop", "DELETE", f"{disk}/metadata/c")
    ask(cloud, "volume metadata drop twice", "DELETE", f"{disk}/metadata/c")
    many, key = "/snapshots", "snapshot"
    wanted = {"volume_id": volume, "name": PREFIX, "metadata": {"a": "1"}}
    made = ask(cloud, "snapshot", "POST", many, {key: wanted})[key]["id"]
    one = f"{many}/{cloud.known('snapshot', made)}"
    settle(cloud, one, key, lambda s: s["status"] == "available", service=SERVICE)
    for label, body in (
        ("snapshot no volume", {"name": "x"}),
        ("snapshot lost volume", {"volume_id": NOBODY}),
        ("snapshot unknown", {**wanted, "bogus": 1}),
    ):
        ask(cloud, label, "POST", many, {key: body})
    ask(cloud, "snapshot get", "GET", one)
    ask(cloud, "snapshots", "GET", f"{many}/detail?name={PREFIX}")
    ask(cloud, "snapshot missing", "GET", f"{many}/{NOBODY}")
    ask(cloud, "snapshot rename", "PUT", one, {key: {"name": f"{PREFIX}-2", "description": "d"}})
    metadata(cloud, "snapshot", one)
    ask(cloud, "volume with snapshot", "DELETE", disk)
    ask(cloud, "snapshot delete", "DELETE", one)
    settle(cloud, one, key, lambda s: s is None, service=SERVICE)
    ask(cloud, "snapshot delete twice", "DELETE", one)
    ask(cloud, "volume delete", "DELETE", disk)
    waited(cloud, disk, "volume", lambda v: v is None, service=SERVICE)


def types(cloud: Recorder, name: str) -> str:
    many, key = "/types", "volume_type"
    hidden = {"os-volume-type-access:is_public": False}
    made = ask(cloud, "type", "POST", many, {key: {"name": name, **hidden}})[key]["id"]
    one = f"{many}/{cloud.known('type', made)}"
    ask(cloud, "type twice", "POST", many, {key: {"name": name}})
    ask(cloud, "type nameless", "POST", many, {key: {}})
    ask(cloud, "type get", "GET", one)
    ask(cloud, "types", "GET", many, part=lambda body: [t for t in body["volume_types"] if t["name"] == name])
    ask(cloud, "type missing", "GET", f"{many}/{NOBODY}")
    ask(cloud, "type update", "PUT", one, {key: {"name": f"{name}-2", "description": "d"}})
    ask(cloud, "type update nothing", "PUT", one, {key: {}})
    specs = f"{one}/extra_specs"
    ask(cloud, "type specs none", "GET", specs)
    ask(cloud, "type specs add", "POST", specs, {"extra_specs": {"a": "1"}})
    ask(cloud, "type specs", "GET", specs)
    ask(cloud, "type spec drop", "DELETE", f"{specs}/a")
    ask(cloud, "type spec drop twice", "DELETE", f"{specs}/a")
    project = cloud.connection.current_project_id
    ask(cloud, "type access none", "GET", f"{one}/os-volume-type-access")
    give_and_take(cloud, SERVICE, "type access", f"{one}/action", ("ProjectAccess", {"project": project}))
    return made


def limits(cloud: Recorder, name: str, kind: str) -> None:
    """QoS specs and their association with a type."""
    many, key = "/qos-specs", "qos_specs"
    wanted = {"name": name, "consumer": "front-end", "total_iops_sec": "100"}
    made = ask(cloud, "specs", "POST", many, {key: wanted})[key]["id"]
    one = f"{many}/{cloud.known('specs', made)}"
    ask(cloud, "specs twice", "POST", many, {key: wanted})
    ask(cloud, "specs get", "GET", one)
    ask(cloud, "all specs", "GET", many, part=lambda body: [q for q in body[key] if q["name"] == name])
    ask(cloud, "specs missing", "GET", f"{many}/{NOBODY}")
    ask(cloud, "specs update", "PUT", one, {key: {"consumer": "both", "read_iops_sec": "5"}})
    ask(cloud, "specs drop", "PUT", f"{one}/delete_keys", {"keys": ["read_iops_sec"]})
    ask(cloud, "specs drop twice", "PUT", f"{one}/delete_keys", {"keys": ["read_iops_sec"]})
    ask(cloud, "specs of none", "GET", f"{one}/associations")
    ask(cloud, "specs join", "GET", f"{one}/associate?vol_type_id={kind}")
    ask(cloud, "specs of one", "GET", f"{one}/associations")
    ask(cloud, "specs in use", "DELETE", one)
    ask(cloud, "specs part", "GET", f"{one}/disassociate?vol_type_id={kind}")
    ask(cloud, "specs delete", "DELETE", one)
    ask(cloud, "specs delete twice", "DELETE", one)


def walk(cloud: Recorder) -> None:
    """Make every call of an administrator, and take away what was made."""
    name = cloud.own()
    kind = types(cloud, name)
    limits(cloud, name, kind)
    ask(cloud, "type delete", "DELETE", f"/types/{kind}")
    ask(cloud, "type delete twice", "DELETE", f"/types/{kind}")
