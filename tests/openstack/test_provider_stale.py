"""Reads may be a moment behind: what was just made is not taken for gone."""

from __future__ import annotations

import pytest

from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.change import Action
from orchestrator.model.ids import Address, TypeName
from orchestrator.model.provision import Pending, Request


@pytest.fixture
def stale(simulated):
    def start() -> None:
        simulated.faults.replace([Rule("stale", "GET *", "openstack", seconds=2.0)])

    return start


def patiently(bench, type, spec):
    """Drive a creation as the core does, with its retries of transient errors."""
    request = Request(Action.CREATE, TypeName(type), Address("a"), bench.marker("a"), spec)
    answer = bench.provider.begin(request, bench.token())
    while isinstance(answer, Pending):
        bench.pause()
        answer = bench.provider.poll(request.type, answer.handle)
    bench.keep(type, answer.observed)
    return answer.observed


def test_every_kind_is_created_although_reads_are_stale(on_simulator, stale):
    bench = on_simulator
    bench.provider.account()
    stale()
    net = patiently(bench, "OS::Neutron::Net", {"name": "n"})
    subnet = patiently(bench, "OS::Neutron::Subnet", {"network": net.id, "cidr": "10.0.0.0/24"})
    router = patiently(bench, "OS::Neutron::Router", {"name": "r"})
    ends = {"router": router.id, "subnet": subnet.id}
    assert patiently(bench, "OS::Neutron::RouterInterface", ends).spec == ends
    port = patiently(bench, "OS::Neutron::Port", {"network": net.id, "fixed_ips": [{"subnet": subnet.id}]})
    volume = patiently(bench, "OS::Cinder::Volume", {"size": 1})
    spec = {"image": "cirros", "flavor": "m1.tiny", "networks": [{"port": port.id}]}
    server = patiently(bench, "OS::Nova::Server", spec)
    assert server.status["status"] == "ACTIVE"
    joined = {"instance_uuid": server.id, "volume_id": volume.id}
    assert patiently(bench, "OS::Cinder::VolumeAttachment", joined).spec == joined
