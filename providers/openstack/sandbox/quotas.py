"""What each service tells of its quotas, and how it refuses: Nova, Neutron, Cinder and Octavia each in its own way.

The simulator has one set of limits for all projects; what is used is counted for the project that asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from providers.openstack.sandbox.calls import Answer, Call, Route
from providers.openstack.sandbox.cloud import Body, Quotas
from providers.openstack.sandbox.problems import Problem, bad_request, conflict, forbidden

NETWORK: Final[Mapping[str, str]] = {
    "network": "networks", "subnet": "subnets", "subnetpool": "subnetpools", "port": "ports", "router": "routers",
    "floatingip": "floatingips", "rbac_policy": "rbac_policies", "security_group": "security_groups",
    "security_group_rule": "security_group_rules", "trunk": "trunks",
}  # fmt: skip
"""What Neutron counts, and the tables that it is counted in."""
_COMPUTE: Final = (
    "cores", "instances", "key_pairs", "metadata_items", "ram", "server_group_members", "server_groups",
)  # fmt: skip
_VOLUME: Final = (
    "backup_gigabytes", "backups", "gigabytes", "groups", "per_volume_gigabytes", "snapshots", "volumes",
)  # fmt: skip
_OF_THE_TYPE: Final = {"gigabytes___DEFAULT__": -1, "snapshots___DEFAULT__": -1, "volumes___DEFAULT__": -1}
"""Cinder's limits for volumes of the one type that there is."""
_BALANCING: Final = (
    "health_monitor", "l7policy", "l7rule", "listener", "load_balancer", "member", "pool",
)  # fmt: skip


def _limits(call: Call, names: Iterable[str]) -> Body:
    return {name: getattr(call.cloud.quotas, name) for name in names}


def _told(absolute: Mapping[str, int]) -> Answer:
    """Limits and use, as Nova and Cinder tell them."""
    return Answer(200, {"limits": {"rate": [], "absolute": absolute}})


def _set(
    call: Call, given: Mapping[str, Any], names: Iterable[str], unknown: Callable[[str], Problem]
) -> None:
    """Change limits, as whoever runs the cloud does."""
    if not call.project.is_admin:
        raise forbidden("rule:update_quota is disallowed by policy")
    for name in given:
        if name not in names:
            raise unknown(name)
    for name, limit in given.items():
        setattr(call.cloud.quotas, name, int(limit))


def _reset(call: Call, names: Iterable[str]) -> None:
    for each in fields(Quotas):
        if each.name in names:
            setattr(call.cloud.quotas, each.name, each.default)


# Neutron.


def check_network(call: Call, plural: str, label: str, more: int = 1) -> None:
    """Neutron refuses with 409 what exceeds a quota."""
    limit = getattr(call.cloud.quotas, label, -1)
    if 0 <= limit < len(call.cloud.owned(plural, call.project)) + more:
        raise conflict(f"Quota exceeded for resources: ['{label}'].", "OverQuota")


def _networks(call: Call, project: str) -> Answer:
    del project
    return Answer(200, {"quota": _limits(call, NETWORK)})


def _network_details(call: Call, project: str) -> Answer:
    if project != call.project.id and not call.project.is_admin:
        said = "Only admin is authorized to access quotas for another project."
        raise forbidden(f"User does not have admin privileges: {said}", "AdminRequired")
    used = {name: len(call.cloud.owned(table, call.project)) for name, table in NETWORK.items()}
    limits = _limits(call, NETWORK)
    return Answer(200, {"quota": {n: {"limit": limits[n], "used": used[n], "reserved": 0} for n in NETWORK}})


def _set_networks(call: Call, project: str) -> Answer:
    given = call.body("quota")
    for name in given.keys() & NETWORK.keys() if call.project.is_admin else ():
        used = len(call.cloud.owned(NETWORK[name], call.project))
        if 0 <= int(given[name]) < used:
            what = (
                f"Quota limit {given[name]} for {name} must be greater than or equal to already used {used}"
            )
            raise bad_request(what)
    _set(call, given, NETWORK, lambda name: bad_request(f"Unrecognized attribute(s) '{name}'"))
    return _networks(call, project)


def _reset_networks(call: Call, project: str) -> Answer:
    del project
    _reset(call, NETWORK)
    return Answer(204)


# Nova.


def check_servers(call: Call, flavor: Body, before: Body | None = None) -> None:
    """Nova refuses with 403, and names every resource of which there is too little."""
    mine, limits = call.cloud.owned("servers", call.project), call.cloud.quotas
    asked = [
        ("cores", flavor["vcpus"] - (before["vcpus"] if before else 0), sum(_vcpus(s) for s in mine)),
        ("instances", 0 if before else 1, len(mine)),
        ("ram", flavor["ram"] - (before["ram"] if before else 0), sum(s["_flavor"]["ram"] for s in mine)),
    ]
    over = [
        (name, more, used, getattr(limits, name))
        for name, more, used in asked
        if more > 0 and 0 <= getattr(limits, name) < used + more
    ]
    if over:
        names, more, used, most = (", ".join(str(row[part]) for row in over) for part in range(4))
        raise forbidden(
            f"Quota exceeded for {names}: Requested {more}, but already used {used} of {most} {names}"
        )


def _vcpus(server: Body) -> int:
    return int(server["_flavor"]["vcpus"])


def _servers(call: Call) -> Answer:
    quotas, mine = call.cloud.quotas, call.cloud.owned("servers", call.project)
    absolute = {
        "maxTotalCores": quotas.cores,
        "maxTotalInstances": quotas.instances,
        "maxTotalKeypairs": quotas.key_pairs,
        "maxServerMeta": quotas.metadata_items,
        "maxTotalRAMSize": quotas.ram,
        "maxServerGroups": quotas.server_groups,
        "maxServerGroupMembers": quotas.server_group_members,
        "totalRAMUsed": sum(s["_flavor"]["ram"] for s in mine),
        "totalCoresUsed": sum(_vcpus(s) for s in mine),
        "totalInstancesUsed": len(mine),
        "totalServerGroupsUsed": 0,
    }
    return _told(absolute)


def _server_set(call: Call, project: str) -> Answer:
    limits = _limits(call, _COMPUTE)
    if call.method == "GET":
        return Answer(200, {"quota_set": {**limits, "id": project}})
    if call.method == "DELETE":
        _reset(call, _COMPUTE)
        return Answer(202)
    given = call.body("quota_set")
    start = f"Invalid input for field/attribute quota_set. Value: {given}."
    wrong = f"{start} Additional properties are not allowed"
    _set(call, given, _COMPUTE, lambda name: bad_request(f"{wrong} ('{name}' was unexpected)"))
    return Answer(200, {"quota_set": _limits(call, _COMPUTE)})


# Cinder.


def check_volumes(call: Call, more: int, *, count: bool = True) -> None:
    """Cinder refuses with 413, by size and by number."""
    own = call.cloud.owned("volumes", call.project)
    used, quotas = sum(volume["size"] for volume in own), call.cloud.quotas
    if 0 <= quotas.gigabytes < used + more:
        raise Problem(
            413,
            "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. "
            f"Requested {more}G, quota is {quotas.gigabytes}G and {used}G has been consumed.",
        )
    if count and 0 <= quotas.volumes <= len(own):
        message = f"VolumeLimitExceeded: Maximum number of volumes allowed ({quotas.volumes}) exceeded for quota 'volumes'."
        raise Problem(413, message)


def _volumes(call: Call, project: str) -> Answer:
    del project
    quotas, own = call.cloud.quotas, call.cloud.owned("volumes", call.project)
    absolute = {
        "maxTotalVolumes": quotas.volumes,
        "maxTotalSnapshots": quotas.snapshots,
        "maxTotalVolumeGigabytes": quotas.gigabytes,
        "maxTotalBackups": quotas.backups,
        "maxTotalBackupGigabytes": quotas.backup_gigabytes,
        "totalVolumesUsed": len(own),
        "totalGigabytesUsed": sum(volume["size"] for volume in own),
        "totalSnapshotsUsed": len(call.cloud.owned("snapshots", call.project)),
        "totalBackupsUsed": 0,
        "totalBackupGigabytesUsed": 0,
    }
    return _told(absolute)


def _volume_set(call: Call, project: str, own: str) -> Answer:
    del project
    if call.method == "DELETE":
        _reset(call, _VOLUME)
        return Answer(200)
    if call.method == "PUT":
        wrong = "Additional properties are not allowed"
        _set(
            call,
            call.body("quota_set"),
            _VOLUME,
            lambda name: bad_request(f"{wrong} ('{name}' was unexpected)"),
        )
    named = {"id": own} if call.method == "GET" else {}
    return Answer(200, {"quota_set": {**_limits(call, _VOLUME), **_OF_THE_TYPE, **named}})


# Octavia.


def check_balancing(call: Call, label: str, table: str, said: str) -> None:
    """Octavia refuses with 403."""
    names = {"loadbalancer": "load_balancer", "healthmonitor": "health_monitor", "rule": "l7rule"}
    limit = getattr(call.cloud.quotas, names.get(label, label))
    if 0 <= limit <= len(call.cloud.owned(table, call.project)):
        raise forbidden(f"Quota has been met for resources: {said}")


def _balancing(call: Call, project: str) -> Answer:
    del project
    if call.method == "DELETE":
        _reset(call, _BALANCING)
        return Answer(202)
    if call.method == "PUT":
        wrong = "Unknown attribute for argument quotas.quota"
        _set(call, call.body("quota"), _BALANCING, lambda name: bad_request(f"{wrong}: {name}"))
    return Answer(202 if call.method == "PUT" else 200, {"quota": _limits(call, _BALANCING)})


def _three(rule: str, handler: Callable[..., Answer]) -> tuple[Route, ...]:
    return tuple(Route(method, rule, handler) for method in ("GET", "PUT", "DELETE"))


NETWORK_ROUTES: Final = (
    Route("GET", "/v2.0/quotas/<project>", _networks),
    Route("GET", "/v2.0/quotas/<project>/details", _network_details),
    Route("PUT", "/v2.0/quotas/<project>", _set_networks),
    Route("DELETE", "/v2.0/quotas/<project>", _reset_networks),
)
COMPUTE_ROUTES: Final = (
    Route("GET", "/v2.1/limits", _servers),
    *_three("/v2.1/os-quota-sets/<project>", _server_set),
)
VOLUME_ROUTES: Final = (
    Route("GET", "/v3/<project>/limits", _volumes),
    *_three("/v3/<project>/os-quota-sets/<own>", _volume_set),
)
BALANCING_ROUTES: Final = _three("/v2/lbaas/quotas/<project>", _balancing)
