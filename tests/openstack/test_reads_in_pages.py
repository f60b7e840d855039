"""What reading a thousand machines costs: pages, and no call for each; a few of many are asked for by themselves."""

from __future__ import annotations

import copy
import math

import pytest

from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.errors import ProviderError
from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.provision import Ref
from orchestrator.seams.executor import Call
from orchestrator.stages.refresh import Reading, Wanted, refresh

MANY = 1000
PAGE = 1000
NET, PORT, SERVER = TypeName("OS::Neutron::Net"), TypeName("OS::Neutron::Port"), TypeName("OS::Nova::Server")
VOLUME, ATTACHMENT = TypeName("OS::Cinder::Volume"), TypeName("OS::Cinder::VolumeAttachment")


def core_reads(provider, type, refs) -> Reading:
    """As a plan does: the core picks the way."""
    into = Reading()
    steps = refresh(Wanted(ProviderName("openstack"), type, tuple(refs)), provider, into)
    call = next(steps)
    while isinstance(call, Call):
        try:
            call = steps.send(call.function())
        except StopIteration:
            return into
        except ProviderError as error:
            call = steps.throw(error)
    raise AssertionError(call)


@pytest.fixture
def park(on_simulator, simulated):
    """A thousand servers, each with a port and a volume: one is made by the API, and the others are copies of it."""
    bench, count = on_simulator, MANY
    net = bench.make("OS::Neutron::Net", {"name": bench.name}).id
    bench.make("OS::Neutron::Subnet", {"name": bench.name, "network": net, "cidr": "10.64.0.0/16"})
    port = bench.make("OS::Neutron::Port", {"name": bench.name, "network": net})
    spec = {"name": bench.name, "image": "cirros", "flavor": "m1.tiny", "networks": [{"port": port.id}]}
    server = bench.make("OS::Nova::Server", spec)
    volume = bench.make("OS::Cinder::Volume", {"name": bench.name, "size": 1})
    bench.make("OS::Cinder::VolumeAttachment", {"instance_uuid": server.id, "volume_id": volume.id})
    tables, refs = simulated.cloud.tables, {PORT: [], SERVER: [], VOLUME: [], ATTACHMENT: []}
    ids = [(port.id, server.id, volume.id)]
    for number in range(1, count):
        fresh = tuple(simulated.cloud.new_id() for _ in range(3))
        renamed = dict(zip((port.id, server.id, volume.id), fresh, strict=True))
        for table, id in (("ports", port.id), ("servers", server.id), ("volumes", volume.id)):
            body = _renamed(copy.deepcopy(tables[table][id]), renamed)
            body["name"] = f"{bench.name}-{number}"
            simulated.cloud.add(table, body)
        ids.append(fresh)
    for number, (port_id, server_id, volume_id) in enumerate(ids):
        at = Address(f"it{number}")
        refs[PORT].append(Ref(at, port_id, {"network": net}))
        refs[SERVER].append(Ref(at, server_id, {**spec, "networks": [{"port": port_id}]}))
        refs[VOLUME].append(Ref(at, volume_id, {"size": 1}))
        pair = {"instance_uuid": server_id, "volume_id": volume_id}
        refs[ATTACHMENT].append(Ref(at, f"{server_id}/{volume_id}", pair))
    yield bench, refs
    for port_id, server_id, volume_id in ids[1:]:
        for table, id in (("ports", port_id), ("servers", server_id), ("volumes", volume_id)):
            tables[table].pop(id, None)


def _renamed(value, ids):
    """A copy of a body in which ids are those of the new objects."""
    if isinstance(value, dict):
        return {ids.get(k, k): _renamed(v, ids) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(v, ids) for v in value]
    return ids.get(value, value) if isinstance(value, str) else value


def test_a_thousand_servers_with_ports_and_volumes_are_read_in_pages(park):
    """At most 1.2 times the pages that hold them: servers and their ports, ports, volumes, attachments."""
    bench, refs = park
    bench.provider.account()
    core_reads(bench.provider, NET, [Ref(Address("net"), refs[PORT][0].spec["network"], {})])
    before = dict(bench.provider.calls)
    for type, wanted in refs.items():
        found = core_reads(bench.provider, type, wanted)
        assert sum(seen is not None for seen in found.observed.values()) == MANY, type
    calls = {n: c - before.get(n, 0) for n, c in bench.provider.calls.items() if c != before.get(n, 0)}
    lists = 5  # servers, the ports of servers, ports, volumes, volumes for the attachments
    needed = lists * math.ceil(MANY / PAGE)
    lookups = 2  # the image and the flavor by name, once for all
    assert sum(calls.values()) <= 1.2 * (needed + lookups), calls


def test_a_few_of_many_are_asked_for_by_themselves(park):
    bench, refs = park
    for count in (1, 2):
        assert core_reads(bench.provider, VOLUME, refs[VOLUME][:count]).calls["openstack"] == count


def test_no_page_is_turned_behind_the_last_that_was_needed(park):
    """Four of many: what the pages cost is never more than what asking for each costs."""
    bench, refs = park
    small = bench.newcomer()
    small.provider._client._settings = {**bench.settings, "page": 100}
    small.provider.account()
    spread = [refs[VOLUME][number] for number in (5, 305, 605, 905)]
    found = core_reads(small.provider, VOLUME, spread)
    assert all(found.observed.values())
    assert found.calls["openstack"] <= 2 * len(spread)


def test_where_a_list_is_forbidden_each_is_asked_for(park, simulated):
    bench, refs = park
    bench.provider.account()
    rule = Rule("error", "GET *volumes/detail*", "openstack", status=403, code="Forbidden")
    simulated.faults.replace([rule])
    found = core_reads(bench.provider, VOLUME, refs[VOLUME][:20])
    assert all(found.observed.values())
    assert simulated.faults.hit() == [1]
