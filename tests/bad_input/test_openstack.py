"""What goes wrong in an OpenStack of its own accord: somebody's hand, a quota, two of one name, a busy parent."""

from __future__ import annotations

import pytest
from openstack.connection import Connection

from orchestrator.adapters import sandbox_host
from providers.openstack.conformance.hands import connect
from providers.openstack.kinds import network


@pytest.fixture
def raw(sandbox, tmp_path) -> Connection:
    """Somebody else's hand: an administrator of the sandbox."""
    settings = {**sandbox_host.sandbox_settings("openstack"), "username": "admin", "project_name": "admin"}
    connection = connect(settings, tmp_path)
    yield connection
    connection.close()


@pytest.fixture
def shop(stack):
    """A network with a subnet and a port; more resources are added to it."""
    stack.settings(providers={"openstack": {"endpoint": "sandbox"}})
    name = stack.identity[-12:].lower()

    def write(*more):
        stack.resources(
            {"type": "OS::Neutron::Net", "metadata": {"name": "main"}, "spec": {"name": name}},
            {
                "type": "OS::Neutron::Subnet",
                "metadata": {"name": "inside"},
                "spec": {"network": "${main.status.id}", "cidr": "10.9.0.0/24"},
            },
            *more,
        )
        return name

    return write


def port(name="web"):
    spec = {"network": "${main.status.id}", "fixed_ips": [{"subnet": "${inside.status.id}"}]}
    return {"type": "OS::Neutron::Port", "metadata": {"name": name}, "spec": spec}


def ended(stack) -> None:
    """Nothing of ours is left."""
    gone = stack.run("destroy", "--auto-approve")
    assert gone.code == 0, gone.said
    assert stack.addresses() == set()


def test_a_network_that_was_deleted_with_its_ports_is_made_again(stack, shop, raw):
    """The plan names all that is gone, and apply makes all of it."""
    name = shop(port())
    assert stack.apply().code == 0
    net = raw.network.find_network(name)
    for one in raw.network.ports(network_id=net.id):
        raw.network.delete_port(one)
    raw.network.delete_network(net)
    planned = stack.run("plan", "--output", "json").document
    actions = {change["address"]: change["action"] for change in planned["changes"]}
    assert actions == {"main": "create", "inside": "create", "web": "create"}
    stack.recovers()
    ended(stack)


def test_a_network_with_a_port_of_somebody_else_is_not_deleted(stack, shop, raw, monkeypatch):
    """The port is named, the network stays in state, and goes once the port is gone."""
    monkeypatch.setattr(network, "PATIENCE", 0.5)
    name = shop()
    assert stack.apply().code == 0
    net = raw.network.find_network(name)
    theirs = raw.network.create_port(network_id=net.id, name="theirs")
    refused = stack.run("destroy", "--auto-approve")
    assert refused.code == 1
    assert "SubnetInUse" in refused.said or theirs.id in refused.said, refused.said
    assert "main" in stack.addresses()
    raw.network.delete_port(theirs)
    ended(stack)


def test_a_quota_that_is_exceeded_in_the_middle_is_named(stack, shop, raw):
    """What was made is known, nothing is made twice, and a larger quota goes on from there."""
    stack.settings(providers={"openstack": {"endpoint": "sandbox", "quotas": "warn"}})
    shop(*(port(f"web{number}") for number in range(4)))
    limits = raw.network.get("/quotas/any").json()["quota"]
    used = len(list(raw.network.ports()))
    raw.network.put("/quotas/any", json={"quota": {"port": used + 2}}).raise_for_status()
    try:
        ran = stack.apply()
        assert ran.code == 1
        assert "Quota exceeded for resources: ['port']" in ran.said
        assert len([a for a in stack.addresses() if a.startswith("web")]) == 2
    finally:
        raw.network.put("/quotas/any", json={"quota": {"port": limits["port"]}}).raise_for_status()
    stack.recovers()
    assert len(list(raw.network.ports())) == used + 4
    ended(stack)


def test_a_quota_that_does_not_suffice_is_named_before_the_first_create(stack, shop, raw):
    """Which, how much of it is used, the limit and what is wanted: at plan, and apply makes nothing at all."""
    router = {"type": "OS::Neutron::Router", "metadata": {"name": "out"}, "spec": {}}
    shop(router, *(port(f"web{number}") for number in range(4)))
    limits = raw.network.get("/quotas/any").json()["quota"]
    used = len(list(raw.network.ports()))
    raw.network.put("/quotas/any", json={"quota": {"port": used + 2, "router": 0}}).raise_for_status()
    try:
        planned = stack.run("plan")
        assert planned.code == 0
        told = "network port: 0 of 2 used, 2 left, and 4 more wanted (web0 1, web1 1, web2 1 and 1 more)"
        assert f"openstack will refuse some of this, its quota does not suffice: {told}" in planned.err
        ran = stack.apply()
        assert ran.code == 1
        assert "error: quotas do not suffice, so nothing was applied:" in ran.err
        assert f"openstack: {told}" in ran.err
        assert "openstack: network router: 0 of 0 used, 0 left, and 1 more wanted (out 1)" in ran.err
        assert "quotas: warn under openstack" in ran.err
        assert stack.addresses() == set()
    finally:
        wanted = {"port": limits["port"], "router": limits["router"]}
        raw.network.put("/quotas/any", json={"quota": wanted}).raise_for_status()
    stack.recovers()
    ended(stack)


@pytest.mark.parametrize("what", ["network", "security group"])
def test_a_name_that_several_have_is_refused_with_all_of_them(stack, shop, raw, what):
    """Each id is shown, so that one can be chosen; nothing is made."""
    name = f"twin-{stack.identity[-8:]}".lower()
    if what == "network":
        two = [raw.network.create_network(name=name, is_shared=True) for _ in range(2)]
        shop({"type": "OS::Neutron::Port", "metadata": {"name": "web"}, "spec": {"network": name}})
    else:
        two = []
        groups = [
            {"type": "OS::Neutron::SecurityGroup", "metadata": {"name": f"g{n}"}, "spec": {"name": name}}
            for n in range(2)
        ]
        shop(*groups)
        assert stack.apply().code == 0
        two = list(raw.network.security_groups(name=name))
        one = port()
        one["spec"]["security_groups"] = [name]
        shop(*groups, one)
    ran = stack.apply()
    assert ran.code == 1
    assert f"2 {what.replace(' ', '_')}s are named '{name}'" in ran.said
    assert all(one.id in ran.said for one in two), ran.said
    assert "use an id" in ran.said
    shop()
    ended(stack)
    for one in two if what == "network" else ():
        raw.network.delete_network(one)


def test_everything_below_one_load_balancer_is_made_in_one_run(stack, shop, raw):
    """Its children all want to change it at once: each waits for the others, and none fails."""
    name = shop(
        {
            "type": "OS::Octavia::LoadBalancer",
            "metadata": {"name": "front"},
            "spec": {"vip_subnet": "${inside.status.id}"},
        },
        *(
            {
                "type": "OS::Octavia::Listener",
                "metadata": {"name": f"port{number}"},
                "spec": {
                    "loadbalancer": "${front.status.id}",
                    "protocol": "HTTP",
                    "protocol_port": number,
                },
            }
            for number in (80, 81, 82)
        ),
        {
            "type": "OS::Octavia::Pool",
            "metadata": {"name": "shop"},
            "spec": {
                "listener": "${port80.status.id}",
                "protocol": "HTTP",
                "lb_algorithm": "ROUND_ROBIN",
            },
        },
        *(
            {
                "type": "OS::Octavia::PoolMember",
                "metadata": {"name": f"web{number}"},
                "spec": {
                    "pool": "${shop.status.id}",
                    "address": f"10.9.0.{number}",
                    "protocol_port": 80,
                },
            }
            for number in (10, 11, 12)
        ),
    )
    stack.recovers()
    net = raw.network.find_network(name)
    assert net is not None
    ended(stack)
    assert raw.load_balancer.get("/lbaas/listeners").json()["listeners"] == []


def server(**spec):
    """A server of its own, on no network."""
    spec = {"image": "cirros", "networks": [], **spec}
    return {"type": "OS::Nova::Server", "metadata": {"name": "web"}, "spec": spec}


def test_a_server_that_ends_in_error_says_why_and_what_apply_will_do(stack, shop, raw):
    """Nova's fault message, and that the next apply makes it again; it does, once, and nothing is left of the first."""
    name = f"huge-{stack.identity[-8:]}".lower()
    quotas = raw.compute.get("/os-quota-sets/any").json()["quota_set"]
    raw.compute.put("/os-quota-sets/any", json={"quota_set": {"ram": -1}}).raise_for_status()
    flavor = raw.compute.create_flavor(name=name, ram=10_000_000, vcpus=1, disk=1)
    try:
        shop(server(flavor=name, name=name))
        ran = stack.apply()
        assert ran.code == 1
        assert "is in state ERROR: No valid host was found" in ran.said
        assert "the next apply deletes it and makes it again" in ran.said
        planned = stack.run("plan", "--output", "json").document
        assert {c["address"]: c["action"] for c in planned["changes"] if c["action"] != "no-op"} == {
            "web": "replace"
        }
        shop(server(flavor="m1.tiny", name=name))
        stack.recovers()
        assert [s.status for s in raw.compute.servers(all_projects=True, name=name)] == ["ACTIVE"]
        ended(stack)
    finally:
        raw.compute.delete_flavor(flavor)
        raw.compute.put("/os-quota-sets/any", json={"quota_set": {"ram": quotas["ram"]}}).raise_for_status()


def test_a_resize_that_waits_for_a_word_is_confirmed(stack, shop, raw):
    """Nova stops half-way and wants to be told that the new size is right: one apply goes through to the end."""
    name = f"grows-{stack.identity[-8:]}".lower()
    shop(server(flavor="m1.tiny", name=name))
    assert stack.apply().code == 0
    shop(server(flavor="m1.small", name=name))
    stack.recovers()
    (one,) = raw.compute.servers(all_projects=True, name=name)
    assert (one.status, one.flavor["original_name"]) == ("ACTIVE", "m1.small")
    ended(stack)
