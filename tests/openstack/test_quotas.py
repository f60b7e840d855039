"""What each kind takes of which quota, and the calls that finding it out takes: on the simulator, and on the real cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.quota import Demand
from orchestrator.model.values import UNKNOWN
from orchestrator.seams.manifest import Context
from providers.openstack import quotas
from providers.openstack.provider import OpenStackProvider
from tests.openstack.conftest import STACK


def new(type, spec=None, *, name="x", before=None):
    return Demand(Address(name), TypeName(f"OS::{type}"), before, {} if spec is None else spec)


def connected(settings) -> OpenStackProvider:
    return OpenStackProvider(settings, Context(ProviderName("openstack"), STACK, Path()))


def wanted(provider, *demands):
    told = provider.preflight(demands)
    return {f"{quota.service} {quota.resource}": quota.more for quota in told.quotas}


SERVER = {"flavor": "m1.medium", "image": "cirros", "networks": [{"network": "n"}, {"port": "p"}]}


@pytest.mark.parametrize(
    ("demand", "takes"),
    [
        (
            new("Nova::Server", SERVER),
            {"compute instances": 1, "compute cores": 2, "compute ram": 4096, "network port": 1},
        ),
        (
            new(
                "Nova::Server",
                {"flavor": "m1.tiny", "block_device_mapping_v2": [{"image": "i", "volume_size": 7}]},
            ),
            {
                "compute instances": 1,
                "compute cores": 1,
                "compute ram": 512,
                "volume volumes": 1,
                "volume gigabytes": 7,
            },
        ),
        (new("Nova::Server", {"flavor": UNKNOWN}), {"compute instances": 1}),
        (
            new("Nova::Server", SERVER, before={**SERVER, "flavor": "m1.small"}),
            {"compute cores": 1, "compute ram": 2048},
        ),
        (new("Cinder::Volume", {"size": 9}, before={"size": 4}), {"volume gigabytes": 5}),
        (new("Cinder::Volume", {"size": UNKNOWN}), {"volume volumes": 1}),
        (new("Cinder::Snapshot"), {"volume snapshots": 1}),
        (
            new("Neutron::SecurityGroup", {"rules": [{}, {}, {}]}),
            {"network security_group": 1, "network security_group_rule": 5},
        ),
        (new("Octavia::LoadBalancer"), {"load-balancer load_balancer": 1, "network port": 1}),
        (new("Neutron::RouterInterface"), {"network port": 1}),
        (new("Neutron::QoSPolicy"), {}),
        (new("Neutron::Net", {"name": "b"}, before={"name": "a"}), {}),
    ],
    ids=str,
)
def test_a_kind_takes_of_every_quota_that_its_cloud_counts(simulated, demand, takes):
    assert wanted(connected(simulated.settings), demand) == takes


def test_each_service_is_asked_once_and_only_where_something_is_to_be_made_in_it(simulated):
    provider = connected(simulated.settings)
    provider.account()
    told = provider.preflight([new("Neutron::Net", name=f"n{n}") for n in range(50)])
    assert [q.more for q in told.quotas] == [50]
    calls = {operation for operation in provider.calls if "quota" in operation or "limits" in operation}
    assert {c for c in calls if c.startswith("GET")} == {"GET /network/v2.0/quotas/{id}/details"}
    provider.preflight(
        [new("Nova::Server", SERVER), new("Cinder::Volume", {"size": 1}), new("Neutron::Port")]
    )
    asked = {o: n for o, n in provider.calls.items() if "quota" in o or "limits" in o or "flavors" in o}
    assert sorted(asked.values()) == [1, 1, 1, 2], asked


def test_octavia_tells_limits_alone_so_what_is_limited_is_counted(simulated):
    provider = connected(simulated.settings)
    before = provider.preflight([new("Octavia::LoadBalancer")])
    assert not any("loadbalancers" in o for o in provider.calls)
    assert [q.limit for q in before.quotas if q.service == "load-balancer"] == [-1]
    simulated.cloud.quotas.load_balancer = 0
    (quota,) = (q for q in provider.preflight([new("Octavia::LoadBalancer")]).quotas if q.limit == 0)
    assert (quota.used, quota.exceeded) == (0, True)


@pytest.mark.parametrize("status", [403, 404])
def test_a_service_that_tells_no_quotas_stops_nobody(simulated, status):
    simulated.faults.replace([Rule("error", "GET /v2.0/quotas/*", status=status)])
    assert wanted(connected(simulated.settings), new("Neutron::Net"), new("Cinder::Volume", {"size": 1})) == {
        "volume volumes": 1,
        "volume gigabytes": 1,
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password": "old"}, "is the password right and not expired"),
        ({"project_name": "nope"}, "has the user a role in the project"),
        ({"region_name": "RegionOnee"}, "did you mean 'RegionOne'"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_whoever_cannot_work_there_hears_it_at_plan(simulated, wrong, said):
    """Also where nothing of the plan has a quota."""
    with pytest.raises(PermanentError) as failure:
        connected({**simulated.settings, **wrong}).preflight([new("Nova::KeyPair")])
    assert said in failure.value.message


def test_every_kind_that_takes_of_a_quota_is_one_of_ours():
    known = connected({}).kinds
    assert set(quotas.TAKES) <= set(known)


@pytest.mark.extras
@pytest.mark.parametrize("role", ["member"])
def test_a_member_may_ask_for_its_own_project(bench, role):
    """On the real cloud too: limit and use of every service."""
    everything = [
        new("Nova::Server", SERVER, name="s"),
        new("Cinder::Volume", {"size": 3}, name="v"),
        new("Cinder::Snapshot", name="w"),
        new("Neutron::Router", name="r"),
        new("Octavia::Listener", name="l"),
    ]
    told = {
        (q.service, q.resource): (q.limit, q.used, q.more)
        for q in bench.provider.preflight(everything).quotas
    }
    assert told == {
        ("compute", "instances"): (10, 0, 1),
        ("compute", "cores"): (20, 0, 2),
        ("compute", "ram"): (51200, 0, 4096),
        ("volume", "volumes"): (10, 0, 1),
        ("volume", "gigabytes"): (1000, 0, 3),
        ("volume", "snapshots"): (10, 0, 1),
        ("network", "port"): (500, 0, 1),
        ("network", "router"): (10, 0, 1),
        ("load-balancer", "listener"): (-1, 0, 1),
    }
