"""Load balancers: what is below one waits while it is changed, and what will never pass is named."""

from __future__ import annotations

import pytest

from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, TypeName
from orchestrator.model.provision import Pending, Request

LISTENER = TypeName("OS::Octavia::Listener")


@pytest.fixture
def balancer(on_simulator):
    bench = on_simulator
    net = bench.make("OS::Neutron::Net", {"name": bench.name}, address="net").id
    subnet = {"name": bench.name, "network": net, "cidr": "10.77.0.0/24"}
    below = bench.make("OS::Neutron::Subnet", subnet, address="subnet").id
    spec = {"name": bench.name, "vip_subnet": below}
    return bench.make("OS::Octavia::LoadBalancer", spec, address="balancer")


def listener(bench, balancer, port=80) -> Request:
    spec = {"name": f"l{port}", "loadbalancer": balancer.id, "protocol": "HTTP", "protocol_port": port}
    return Request(Action.CREATE, LISTENER, Address("thing"), bench.marker("thing"), spec)


def state(simulated, balancer, word: str) -> None:
    simulated.cloud.table("octavia_loadbalancers")[balancer.id]["provisioning_status"] = word


def test_a_child_waits_while_its_load_balancer_is_changed(simulated, on_simulator, balancer):
    """It is not refused, says what it waits for, and is made once."""
    bench = on_simulator
    state(simulated, balancer, "PENDING_UPDATE")
    request = listener(bench, balancer)
    waiting = bench.provider.begin(request, bench.token())
    assert isinstance(waiting, Pending)
    assert "immutable" in waiting.waiting_for
    again = bench.provider.poll(LISTENER, waiting.handle)
    assert isinstance(again, Pending)
    assert bench.raw.load_balancer.get("/lbaas/listeners").json()["listeners"] == []
    state(simulated, balancer, "ACTIVE")
    answer = bench.provider.poll(LISTENER, waiting.handle)
    while isinstance(answer, Pending):
        bench.pause()
        answer = bench.provider.poll(LISTENER, answer.handle)
    bench.keep(str(LISTENER), answer.observed)
    assert len(bench.raw.load_balancer.get("/lbaas/listeners").json()["listeners"]) == 1


def test_a_member_waits_while_its_pool_is_changed(simulated, on_simulator, balancer):
    """Octavia names the pool then, and not the load balancer."""
    bench = on_simulator
    spec = {"name": "p", "loadbalancer": balancer.id, "protocol": "HTTP", "lb_algorithm": "ROUND_ROBIN"}
    pool = bench.make("OS::Octavia::Pool", spec, address="pool")
    kept = simulated.cloud.table("octavia_pools")[pool.id]
    kept["provisioning_status"] = "PENDING_UPDATE"
    member = {"name": "m", "pool": pool.id, "address": "10.77.0.9", "protocol_port": 80}
    type = TypeName("OS::Octavia::PoolMember")
    request = Request(Action.CREATE, type, Address("thing"), bench.marker("thing"), member)
    waiting = bench.provider.begin(request, bench.token())
    assert isinstance(waiting, Pending)
    assert f"Pool {pool.id} is immutable" in waiting.waiting_for
    kept["provisioning_status"] = "ERROR"
    with pytest.raises(PermanentError, match=f"the pool {pool.id} is in provisioning status ERROR"):
        bench.provider.poll(type, waiting.handle)
    kept["provisioning_status"] = "ACTIVE"


def test_a_rule_waits_while_its_policy_is_changed(simulated, on_simulator, balancer):
    """Octavia refuses every change of a rule then, and names the policy: the rule's own delete too."""
    bench = on_simulator
    above = bench.make(str(LISTENER), listener(bench, balancer).want, address="listener")
    policy = {"name": "p", "listener": above.id, "action": "REJECT"}
    kept = bench.make("OS::Octavia::L7Policy", policy, address="policy")
    spec = {"l7policy": kept.id, "type": "PATH", "compare_type": "EQUAL_TO", "value": "/a"}
    rule = bench.make("OS::Octavia::L7Rule", spec, address="rule")
    body = simulated.cloud.table("octavia_l7policies")[kept.id]
    body["provisioning_status"] = "PENDING_UPDATE"
    type = TypeName("OS::Octavia::L7Rule")
    request = Request(Action.DELETE, type, Address("rule"), bench.marker("rule"), prior=rule)
    waiting = bench.provider.begin(request, bench.token())
    assert isinstance(waiting, Pending)
    assert f"L7Policy {kept.id} is immutable" in waiting.waiting_for
    body["provisioning_status"] = "ACTIVE"


def test_a_child_of_a_load_balancer_in_error_is_refused_with_its_name(simulated, on_simulator, balancer):
    """It would wait for ever: the status and what can be done are said at once."""
    state(simulated, balancer, "ERROR")
    with pytest.raises(PermanentError, match=f"{balancer.id} is in provisioning status ERROR.*failover"):
        on_simulator.drive(listener(on_simulator, balancer))
    state(simulated, balancer, "ACTIVE")


def test_what_ends_in_error_while_it_is_made_is_named(simulated, on_simulator, balancer):
    bench = on_simulator
    request = listener(bench, balancer)
    waiting = bench.provider.begin(request, bench.token())
    made = simulated.cloud.table("octavia_listeners")[str(waiting.id)]
    made["provisioning_status"] = "ERROR"
    with pytest.raises(PermanentError, match=f"the listener {made['id']} is in provisioning status ERROR"):
        bench.provider.poll(LISTENER, waiting.handle)
    del simulated.cloud.table("octavia_listeners")[made["id"]]
    state(simulated, balancer, "ACTIVE")


def test_a_load_balancer_with_children_of_others_is_not_deleted(on_simulator, balancer):
    """Nothing cascades: the children that hold it are named, and both are still there."""
    bench = on_simulator
    body = {"loadbalancer_id": balancer.id, "protocol": "HTTP", "protocol_port": 81}
    theirs = bench.raw.load_balancer.post("/lbaas/listeners", json={"listener": body}).json()["listener"][
        "id"
    ]
    bench.pause()
    bench.pause()
    with pytest.raises(
        PermanentError, match=f"listener {theirs}.*opsctl deletes nothing that it did not make"
    ):
        bench.delete("OS::Octavia::LoadBalancer", balancer)
    assert bench.raw.load_balancer.get(f"/lbaas/listeners/{theirs}").status_code == 200
    bench.raw.load_balancer.delete(f"/lbaas/listeners/{theirs}")
    bench.pause()
    bench.pause()


def test_a_child_whose_load_balancer_is_gone_is_refused(on_simulator, balancer):
    bench = on_simulator
    bench.delete("OS::Octavia::LoadBalancer", balancer)
    with pytest.raises(PermanentError, match="not found"):
        bench.drive(listener(bench, balancer))
