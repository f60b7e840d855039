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


def test_a_name_that_does_not_show_yet_is_no_difference(on_simulator, simulated):
    """The list of networks is behind: that must not replace the subnet."""
    bench = on_simulator
    bench.make("OS::Neutron::Net", {"name": "n"})
    spec = {"network": "n", "cidr": "10.0.0.0/24"}
    subnet = bench.make("OS::Neutron::Subnet", spec)
    simulated.faults.replace([Rule("stale", "GET /v2.0/networks*", "openstack", seconds=60.0)])
    newcomer = bench.newcomer()
    seen = newcomer.read("OS::Neutron::Subnet", subnet, spec)
    assert newcomer.propose("OS::Neutron::Subnet", seen, spec).action is Action.NOOP


def test_a_name_that_means_another_network_replaces(on_simulator):
    bench = on_simulator
    for name in ("n", "other"):
        bench.make("OS::Neutron::Net", {"name": name})
    subnet = bench.make("OS::Neutron::Subnet", {"network": "n", "cidr": "10.0.0.0/24"})
    for name in ("other", "nothing-has-this-name"):
        want = {"network": name, "cidr": "10.0.0.0/24"}
        seen = bench.read("OS::Neutron::Subnet", subnet, want)
        proposal = bench.propose("OS::Neutron::Subnet", seen, want)
        assert proposal.action is Action.REPLACE


def test_a_provisional_name_is_replaced_when_the_creation_is_finished(on_simulator):
    bench = on_simulator
    kind = TypeName("OS::Neutron::Net")
    request = Request(Action.CREATE, kind, Address("my-net"), bench.marker("my-net"), {})
    token = bench.token()
    bench.provider.begin(request, token)
    found = bench.provider.find(bench.intent(request, token))
    assert found.spec["name"].startswith("opsctl-")
    bench.keep(kind, found)
    done = bench.drive(Request(Action.RETAG, kind, request.address, request.marker, {}, found))
    assert (done.spec["name"].startswith("my-net-"), done.marker) == (True, request.marker)
