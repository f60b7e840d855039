"""What each kind takes of the cloud's quotas, and how each service tells them.

Enters: the pending changes. Leaves: the quotas that they touch: limit, used, wanted. Holds: one call a service, and only
for services in which something is to be made or grow; Nova's need one more, for the sizes of flavors, and Octavia's one
for each type that is limited, since it tells limits and no use. A service that does not let us ask tells nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address
from orchestrator.model.quota import Demand, Quota
from providers.openstack.errors import FORBIDDEN, MISSING
from providers.openstack.kinds.kind import Cloud, Spec

Item = tuple[str, str]
"""A service, and what it counts."""
Taken = Iterator[tuple[Item, int]]
Sizes = Mapping[str, tuple[int, int]]
"""Processors and mebibytes of flavors, by name and by id."""
_USUAL_RULES: Final = 2
"""A new security group lets everything out: by a rule for each version of IP."""


def _network(resource: str, number: int = 1) -> tuple[Item, int]:
    return ("network", resource), number


def _parts(spec: Spec, name: str) -> Sequence[Mapping[str, Any]]:
    """Those entries of a list that are known."""
    value = spec.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list | tuple) else ()


def _server(spec: Spec, sizes: Sizes) -> Taken:
    yield ("compute", "instances"), 1
    cores, ram = sizes.get(str(spec.get("flavor")), (0, 0))
    yield ("compute", "cores"), cores
    yield ("compute", "ram"), ram
    yield _network("port", sum("network" in entry for entry in _parts(spec, "networks")))
    for disk in _parts(spec, "block_device_mapping_v2"):
        if "volume_id" not in disk:
            yield ("volume", "volumes"), 1
            yield ("volume", "gigabytes"), _number(disk.get("volume_size"))


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _group(spec: Spec, _sizes: Sizes) -> Taken:
    yield _network("security_group")
    yield _network("security_group_rule", _USUAL_RULES + len(_parts(spec, "rules")))


def _volume(spec: Spec, _sizes: Sizes) -> Taken:
    yield ("volume", "volumes"), 1
    yield ("volume", "gigabytes"), _number(spec.get("size"))


def _balancer(_spec: Spec, _sizes: Sizes) -> Taken:
    yield ("load-balancer", "load_balancer"), 1
    yield _network("port")


def _one(service: str, resource: str) -> Callable[[Spec, Sizes], Taken]:
    return lambda _spec, _sizes: iter([((service, resource), 1)])


TAKES: Final[Mapping[str, Callable[[Spec, Sizes], Taken]]] = {
    "OS::Nova::Server": _server,
    "OS::Neutron::SecurityGroup": _group,
    "OS::Cinder::Volume": _volume,
    "OS::Cinder::Snapshot": _one("volume", "snapshots"),
    "OS::Octavia::LoadBalancer": _balancer,
    "OS::Octavia::Listener": _one("load-balancer", "listener"),
    "OS::Octavia::Pool": _one("load-balancer", "pool"),
    "OS::Octavia::PoolMember": _one("load-balancer", "member"),
    "OS::Octavia::HealthMonitor": _one("load-balancer", "health_monitor"),
    "OS::Octavia::L7Policy": _one("load-balancer", "l7policy"),
    "OS::Octavia::L7Rule": _one("load-balancer", "l7rule"),
    "OS::Neutron::Net": _one("network", "network"),
    "OS::Neutron::Subnet": _one("network", "subnet"),
    "OS::Neutron::SubnetPool": _one("network", "subnetpool"),
    "OS::Neutron::Port": _one("network", "port"),
    "OS::Neutron::Router": _one("network", "router"),
    "OS::Neutron::RouterInterface": _one("network", "port"),
    "OS::Neutron::FloatingIP": _one("network", "floatingip"),
    "OS::Neutron::SecurityGroupRule": _one("network", "security_group_rule"),
    "OS::Neutron::RBACPolicy": _one("network", "rbac_policy"),
    "OS::Neutron::Trunk": _one("network", "trunk"),
}
"""By kind: a spec, the sizes of flavors, and what an object takes. What is not here takes of no quota that is told."""


def touched(cloud: Cloud, demands: Sequence[Demand]) -> tuple[Quota, ...]:
    """Every quota of which the demands together take something, as far as the cloud tells it."""
    wanted = _wanted(demands, _sizes(cloud) if _needs_sizes(demands) else {})
    growing = {item: takers for item, takers in wanted.items() if sum(takers.values()) > 0}
    found: list[Quota] = []
    for service in sorted({service for service, _ in growing}):
        resources = [resource for each, resource in growing if each == service]
        told = _ask(cloud, service, resources)
        found += [
            Quota(service, resource, *told[resource], growing[service, resource])
            for resource in sorted(resources)
            if resource in told
        ]
    return tuple(found)


def _wanted(demands: Iterable[Demand], sizes: Sizes) -> Mapping[Item, Mapping[Address, int]]:
    found: dict[Item, Counter[Address]] = {}
    for demand in demands:
        takes = TAKES.get(demand.type)
        for spec, sign in ((demand.before, -1), (demand.after, 1)):
            for item, number in takes(spec, sizes) if takes and spec is not None else ():
                found.setdefault(item, Counter())[demand.address] += sign * number
    return found


def _needs_sizes(demands: Iterable[Demand]) -> bool:
    return any(d.type == "OS::Nova::Server" and d.after is not None for d in demands)


def _sizes(cloud: Cloud) -> Sizes:
    """Of every flavor that we may see, under both its names."""
    found: dict[str, tuple[int, int]] = {}
    for flavor in cloud.client.pages("compute", "/flavors/detail", "flavors", is_public="None"):
        found[str(flavor["id"])] = found[str(flavor["name"])] = int(flavor["vcpus"]), int(flavor["ram"])
    return found


def _ask(cloud: Cloud, service: str, resources: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Limit and use by resource; nothing where we may not ask, or the service is too old to tell."""
    try:
        return _TOLD[service](cloud, resources)
    except PermanentError as error:
        if error.code in (FORBIDDEN, MISSING):
            return {}
        raise


def _of_compute(cloud: Cloud, _resources: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    told = cloud.client.get("compute", "/limits")["limits"]["absolute"]
    names = {"instances": "Instances", "cores": "Cores", "ram": "RAM"}
    size = {"ram": "Size"}
    return {
        name: (int(told[f"maxTotal{said}{size.get(name, '')}"]), int(told[f"total{said}Used"]))
        for name, said in names.items()
    }


def _of_volumes(cloud: Cloud, _resources: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    told = cloud.client.get("volume", "/limits")["limits"]["absolute"]
    return {
        "volumes": (int(told["maxTotalVolumes"]), int(told["totalVolumesUsed"])),
        "gigabytes": (int(told["maxTotalVolumeGigabytes"]), int(told["totalGigabytesUsed"])),
        "snapshots": (int(told["maxTotalSnapshots"]), int(told["totalSnapshotsUsed"])),
    }


def _of_networks(cloud: Cloud, _resources: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    told = cloud.client.get("network", f"/quotas/{cloud.client.project()}/details")["quota"]
    return {
        name: (int(each["limit"]), int(each["used"]) + int(each.get("reserved", 0)))
        for name, each in told.items()
    }


def _of_balancing(cloud: Cloud, resources: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Octavia tells no use: it is counted, where there is a limit at all and a list of the whole project."""
    project = cloud.client.project()
    told = cloud.client.get("load-balancer", f"/lbaas/quotas/{project}")["quota"]
    limits = {name: _LIMITLESS if told.get(name) is None else int(told[name]) for name in resources}
    found = {name: (limit, 0) for name, limit in limits.items() if limit < 0}
    for name, place in _COUNTED.items():
        if limits.get(name, _LIMITLESS) >= 0:
            own = cloud.client.pages("load-balancer", f"/lbaas/{place}", place, project_id=project)
            found[name] = limits[name], sum(1 for _ in own)
    return found


_LIMITLESS: Final = -1
_COUNTED: Final = {
    "load_balancer": "loadbalancers",
    "listener": "listeners",
    "pool": "pools",
    "health_monitor": "healthmonitors",
    "l7policy": "l7policies",
}
"""Members and L7 rules are listed by their parents alone."""
_TOLD: Final[Mapping[str, Callable[[Cloud, Sequence[str]], Mapping[str, tuple[int, int]]]]] = {
    "compute": _of_compute,
    "volume": _of_volumes,
    "network": _of_networks,
    "load-balancer": _of_balancing,
}
