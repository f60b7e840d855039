"""Every kind: created, read, quiet when nothing changed, updated, seen to drift, replaced, deleted, found again.

Each claim is held on the simulator, and by the server tests on a real cloud.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from orchestrator.model.change import Action, Cause
from orchestrator.model.errors import TransientError
from orchestrator.model.ids import Address, TypeName
from orchestrator.model.kind import Marking
from orchestrator.model.provision import Request

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yx3v0oXlX4b8fC6d2b2S0w4xQb3F0n1dYw2E5mZ0h a@b"
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yx3v0oXlX4b8fC6d2b2S0w4xQb3F0n1dYw2E5mZ1h a@b"
Behind = Callable[[Any, Any, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Case:
    """One kind: what it needs, a spec, and the values that its properties can change to."""

    type: str
    spec: Callable[[Mapping[str, Any]], dict[str, Any]]
    needs: Callable[[Any], dict[str, Any]] = lambda _bench: {}
    updates: Mapping[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)
    behind: Mapping[str, Behind] = field(default_factory=dict)
    replaces: Mapping[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)


def const(value: Any) -> Callable[[Mapping[str, Any]], Any]:
    return lambda _ctx: value


def net(bench) -> dict[str, Any]:
    made = bench.make("OS::Neutron::Net", {"name": bench.name})
    return {"name": bench.name, "net": made.id}


def subnet(bench) -> dict[str, Any]:
    ctx = net(bench)
    spec = {"name": bench.name, "network": ctx["net"], "cidr": "10.77.0.0/24"}
    return {**ctx, "subnet": bench.make("OS::Neutron::Subnet", spec).id}


def routed(bench) -> dict[str, Any]:
    ctx = subnet(bench)
    spec = {"name": bench.name, "external_gateway_info": {"network": "public"}}
    router = bench.make("OS::Neutron::Router", spec).id
    bench.make("OS::Neutron::RouterInterface", {"router": router, "subnet": ctx["subnet"]})
    ports = [
        bench.make("OS::Neutron::Port", {"name": f"{bench.name}-{i}", "network": ctx["net"]}).id
        for i in range(2)
    ]
    floating = bench.make("OS::Neutron::FloatingIP", {"floating_network": "public"}).id
    return {**ctx, "router": router, "ports": ports, "floating": floating}


def router(bench) -> dict[str, Any]:
    ctx = subnet(bench)
    return {**ctx, "router": bench.make("OS::Neutron::Router", {"name": bench.name}).id}


def group(bench) -> dict[str, Any]:
    made = bench.make("OS::Neutron::SecurityGroup", {"name": bench.name})
    return {"name": bench.name, "group": made.id}


def port_and_groups(bench) -> dict[str, Any]:
    return {**subnet(bench), "group": group(bench)["group"]}


def port(bench) -> dict[str, Any]:
    ctx = subnet(bench)
    return {**ctx, "port": bench.make("OS::Neutron::Port", {"name": bench.name, "network": ctx["net"]}).id}


def machine(bench) -> dict[str, Any]:
    ctx = port(bench)
    spec = {"name": bench.name, "image": "cirros", "flavor": "m1.tiny", "networks": [{"port": ctx["port"]}]}
    server = bench.make("OS::Nova::Server", spec).id
    return {
        **ctx,
        "server": server,
        "volume": bench.make("OS::Cinder::Volume", {"name": bench.name, "size": 1}).id,
    }


def named(bench) -> dict[str, Any]:
    return {"name": bench.name}


def put(path: str, label: str, **body: Any) -> Behind:
    return lambda raw, seen, _ctx: raw.network.put(f"{path}/{seen.id}", json={label: body}).raise_for_status()


def tagged(path: str) -> Behind:
    def change(raw, seen, _ctx) -> None:
        mine = raw.network.get(f"{path}/{seen.id}/tags").json()["tags"]
        raw.network.put(f"{path}/{seen.id}/tags", json={"tags": [*mine, "foreign"]}).raise_for_status()

    return change


def act(service: str, path: str, body: Any, method: str = "POST") -> Behind:
    def change(raw, seen, ctx) -> None:
        value = body(ctx) if callable(body) else body
        getattr(raw, service).request(path.format(seen.id), method, json=value).raise_for_status()

    return change


NET = Case(
    "OS::Neutron::Net",
    lambda ctx: {"name": ctx["name"], "tags": ["b", "a"]},
    named,
    updates={"name": const("other"), "admin_state_up": const(value=False), "tags": const(["c"])},
    behind={
        "name": put("/networks", "network", name="x"),
        "admin_state_up": put("/networks", "network", admin_state_up=False),
        "tags": tagged("/networks"),
        "port_security_enabled": put("/networks", "network", port_security_enabled=False),
    },
)
SUBNET = Case(
    "OS::Neutron::Subnet",
    lambda ctx: {"name": "s", "network": ctx["name"], "cidr": "10.1.2.3/24", "dns_nameservers": ["9.9.9.9"]},
    net,
    updates={
        "name": const("other"),
        "dns_nameservers": const(["8.8.8.8", "1.1.1.1"]),
        "enable_dhcp": const(value=False),
        "host_routes": const([{"destination": "10.9.0.0/16", "nexthop": "10.1.2.9"}]),
        "gateway_ip": const(None),
        "allocation_pools": const([{"start": "10.1.2.20", "end": "10.1.2.90"}]),
        "tags": const(["c"]),
    },
    behind={
        "name": put("/subnets", "subnet", name="x"),
        "dns_nameservers": put("/subnets", "subnet", dns_nameservers=["1.1.1.1"]),
        "enable_dhcp": put("/subnets", "subnet", enable_dhcp=False),
        "host_routes": put(
            "/subnets", "subnet", host_routes=[{"destination": "10.9.0.0/16", "nexthop": "10.1.2.9"}]
        ),
        "tags": tagged("/subnets"),
    },
    replaces={"cidr": const("10.9.0.0/24")},
)
ROUTER = Case(
    "OS::Neutron::Router",
    lambda ctx: {"name": ctx["name"], "external_gateway_info": {"network": "public"}},
    named,
    updates={
        "name": const("other"),
        "admin_state_up": const(value=False),
        "external_gateway_info": const(None),
        "tags": const(["c"]),
    },
    behind={
        "name": put("/routers", "router", name="x"),
        "admin_state_up": put("/routers", "router", admin_state_up=False),
        "external_gateway_info": put("/routers", "router", external_gateway_info=None),
        "tags": tagged("/routers"),
    },
)
INTERFACE = Case(
    "OS::Neutron::RouterInterface",
    lambda ctx: {"router": ctx["router"], "subnet": ctx["subnet"]},
    router,
    replaces={"subnet": const("00000000-0000-4000-8000-000000000000")},
)
PORT = Case(
    "OS::Neutron::Port",
    lambda ctx: {
        "name": "p",
        "network": ctx["net"],
        "fixed_ips": [{"subnet": ctx["subnet"]}],
        "security_groups": [ctx["name"]],
        "allowed_address_pairs": [{"ip_address": "10.77.0.200"}],
    },
    port_and_groups,
    updates={
        "name": const("other"),
        "admin_state_up": const(value=False),
        "allowed_address_pairs": const([]),
        "security_groups": const([]),
        "fixed_ips": lambda ctx: [{"subnet": ctx["subnet"], "ip_address": "10.77.0.66"}],
        "tags": const(["c"]),
    },
    behind={
        "name": put("/ports", "port", name="x"),
        "admin_state_up": put("/ports", "port", admin_state_up=False),
        "allowed_address_pairs": put("/ports", "port", allowed_address_pairs=[{"ip_address": "10.77.0.201"}]),
        "security_groups": put("/ports", "port", security_groups=[]),
        "fixed_ips": put("/ports", "port", fixed_ips=[]),
        "tags": tagged("/ports"),
    },
    replaces={"network": const("00000000-0000-4000-8000-000000000000")},
)
RULE = {"direction": "ingress", "protocol": "TCP", "port_range_min": 80, "port_range_max": 80}
GROUP = Case(
    "OS::Neutron::SecurityGroup",
    lambda ctx: {"name": ctx["name"], "rules": [RULE]},
    named,
    updates={
        "name": const("other"),
        "description": const("words"),
        "rules": const([{**RULE, "remote_ip_prefix": "10.0.0.1"}, {"protocol": "icmp", "ethertype": "IPv6"}]),
        "tags": const(["c"]),
    },
    behind={
        "name": put("/security-groups", "security_group", name="x"),
        "description": put("/security-groups", "security_group", description="x"),
        "rules": act(
            "network",
            "/security-group-rules",
            lambda ctx: {"security_group_rule": {"security_group_id": ctx["id"], "direction": "ingress"}},
        ),
        "tags": tagged("/security-groups"),
    },
)
SG_RULE = Case(
    "OS::Neutron::SecurityGroupRule",
    lambda ctx: {
        **RULE,
        "security_group": ctx["name"],
        "remote_ip_prefix": "10.0.0.7/8",
        "description": "web",
    },
    group,
    replaces={
        "port_range_max": const(81),
        "protocol": const("udp"),
        "remote_ip_prefix": const("10.0.0.0/16"),
    },
)
FLOATING = Case(
    "OS::Neutron::FloatingIP",
    lambda _ctx: {"floating_network": "public", "description": "for the web"},
    updates={"description": const("other"), "tags": const(["c"])},
    behind={
        "description": put("/floatingips", "floatingip", description="x"),
        "tags": tagged("/floatingips"),
    },
    replaces={"floating_network": const("00000000-0000-4000-8000-000000000000")},
)
ASSOCIATION = Case(
    "OS::Neutron::FloatingIPAssociation",
    lambda ctx: {"floatingip_id": ctx["floating"], "port_id": ctx["ports"][0]},
    routed,
    updates={"port_id": lambda ctx: ctx["ports"][1]},
    behind={
        "port_id": act(
            "network",
            "/floatingips/{}",
            lambda ctx: {"floatingip": {"port_id": ctx["ports"][1]}},
            method="PUT",
        ),
    },
    replaces={"floatingip_id": const("00000000-0000-4000-8000-000000000000")},
)
KEYPAIR = Case(
    "OS::Nova::KeyPair",
    lambda ctx: {"name": ctx["name"], "public_key": KEY + "\n"},
    named,
    replaces={"public_key": const(OTHER_KEY), "name": const("other")},
)
SERVER = Case(
    "OS::Nova::Server",
    lambda ctx: {
        "name": ctx["name"],
        "image": "cirros",
        "flavor": "m1.tiny",
        "networks": [{"port": ctx["port"]}],
        "metadata": {"a": "1"},
        "user_data": "#!/bin/sh\necho hello\n",
    },
    port,
    updates={
        "name": const("other"),
        "metadata": const({"b": "2"}),
        "tags": const(["c"]),
        "flavor": const("m1.small"),
    },
    behind={
        "name": act("compute", "/servers/{}", {"server": {"name": "x"}}, method="PUT"),
        "metadata": act("compute", "/servers/{}/metadata", {"metadata": {"foreign": "1"}}),
        "flavor": lambda raw, seen, _ctx: raw.compute.resize_server(
            seen.id, raw.compute.find_flavor("m1.small").id
        ),
    },
    replaces={"image": const("00000000-0000-4000-8000-000000000000"), "user_data": const("other")},
)
VOLUME = Case(
    "OS::Cinder::Volume",
    lambda ctx: {"name": ctx["name"], "size": 2, "metadata": {"a": "1"}},
    named,
    updates={
        "name": const("other"),
        "description": const("words"),
        "metadata": const({"b": "2"}),
        "size": const(3),
    },
    behind={
        "name": act("block_storage", "/volumes/{}", {"volume": {"name": "x"}}, method="PUT"),
        "description": act("block_storage", "/volumes/{}", {"volume": {"description": "x"}}, method="PUT"),
        "metadata": act("block_storage", "/volumes/{}/metadata", {"metadata": {"foreign": "1"}}),
        "size": act("block_storage", "/volumes/{}/action", {"os-extend": {"new_size": 4}}),
    },
    replaces={"size": const(1), "volume_type": const("other")},
)
ATTACHMENT = Case(
    "OS::Cinder::VolumeAttachment",
    lambda ctx: {"instance_uuid": ctx["server"], "volume_id": ctx["volume"]},
    machine,
    replaces={"volume_id": const("00000000-0000-4000-8000-000000000000")},
)
CASES = (
    NET, SUBNET, ROUTER, INTERFACE, PORT, GROUP, SG_RULE, FLOATING, ASSOCIATION, KEYPAIR, SERVER, VOLUME, ATTACHMENT,
)  # fmt: skip
each_kind = pytest.mark.parametrize("case", CASES, ids=lambda case: case.type)


def prepare(bench, case: Case):
    """Make what the kind needs, and one object of it."""
    ctx = case.needs(bench)
    spec = case.spec(ctx)
    made = bench.make(case.type, spec)
    return {**ctx, "id": made.id}, spec, made


@each_kind
def test_what_was_created_is_read_back_as_it_was_wanted(bench, case):
    """Every way to read shows it, a second plan is empty, and the marker is on it."""
    _, spec, made = prepare(bench, case)
    kind = bench.provider.kinds[TypeName(case.type)]
    for way in kind.reads:
        seen = bench.read(case.type, made, spec, way)
        assert seen is not None, way
        assert bench.propose(case.type, seen, spec).changes == (), way
        assert seen.status["id"] == made.id
        if kind.marking.carried:
            assert seen.marker is not None
            assert seen.marker.address == "thing"
    assert bench.propose(case.type, made, spec).changes == ()


@each_kind
def test_a_deleted_object_is_gone_and_may_be_deleted_again(bench, case):
    _, spec, made = prepare(bench, case)
    bench.delete(case.type, made)
    assert bench.read(case.type, made, spec) is None
    bench.delete(case.type, made)


@each_kind
def test_each_property_is_updated_in_place(bench, case):
    ctx, spec, seen = prepare(bench, case)
    for name, value in case.updates.items():
        want = {**spec, name: value(ctx)}
        proposal = bench.propose(case.type, seen, want, spec)
        assert (proposal.action, {c.path[0] for c in proposal.changes}) == (Action.UPDATE, {name})
        updated = bench.change(case.type, seen, want, spec)
        assert bench.propose(case.type, updated, want).changes == (), name
        reread = bench.read(case.type, updated, want)
        assert bench.propose(case.type, reread, want).changes == (), name
        kind = bench.provider.kinds[TypeName(case.type)]
        assert (reread.marker == seen.marker) or not kind.marking.carried, "an update keeps the marker"
        spec, seen = want, reread


@each_kind
def test_each_change_behind_our_back_is_seen_and_healed(bench, case):
    ctx, spec, made = prepare(bench, case)
    for name, change in case.behind.items():
        change(bench.raw, made, ctx)
        for _ in range(40):
            bench.pause()
            seen = bench.read(case.type, made, spec)
            proposal = bench.propose(case.type, seen, spec)
            settled = "extending" not in str(seen.status) and seen.status.get("status") != "RESIZE"
            if proposal.changes and settled:
                break
        assert [(c.path[0], c.cause) for c in proposal.changes] == [(name, Cause.DRIFT)]
        if proposal.action is Action.REPLACE:  # a volume that grew cannot shrink
            continue
        healed = bench.change(case.type, seen, spec)
        assert bench.propose(case.type, healed, spec).changes == (), name


@each_kind
def test_what_is_create_only_replaces(on_simulator, case):
    ctx, spec, made = prepare(on_simulator, case)
    for name, value in case.replaces.items():
        proposal = on_simulator.propose(case.type, made, {**spec, name: value(ctx)}, spec)
        assert (proposal.action, [c.path[0] for c in proposal.changes]) == (Action.REPLACE, [name])


@each_kind
def test_an_object_whose_answer_was_lost_is_found_and_finished(bench, case):
    """The create call was made, and its answer never heard: by token, marker or natural key it is found."""
    ctx = case.needs(bench)
    spec = case.spec(ctx)
    request = Request(Action.CREATE, TypeName(case.type), Address("thing"), bench.marker("thing"), spec)
    token = bench.token()
    intent = bench.intent(request, token)
    assert bench.provider.find(intent) is None
    bench.provider.begin(request, token)
    found = None
    for _ in range(40):
        with contextlib.suppress(TransientError):  # it is still being made
            found = bench.provider.find(intent)
        if found is not None:
            break
        bench.pause()
    assert found is not None
    bench.keep(case.type, found)
    proposal = bench.propose(case.type, found, spec, {})
    assert proposal.action is not Action.REPLACE
    if proposal.action is Action.UPDATE:
        rest = Request(
            Action.UPDATE, request.type, request.address, request.marker, spec, found, proposal.changes
        )
        found = bench.drive(rest)
    kind = bench.provider.kinds[TypeName(case.type)]
    if kind.marking.carried and found.marker is None:
        mark = Request(Action.RETAG, request.type, request.address, request.marker, spec, found)
        found = bench.drive(mark)
    assert bench.propose(case.type, found, spec).changes == ()
    assert (found.marker == request.marker) or not kind.marking.carried


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c in (INTERFACE, SG_RULE, ASSOCIATION, KEYPAIR, ATTACHMENT)],
    ids=lambda c: c.type,
)
def test_what_cannot_be_marked_is_found_by_what_it_is(bench, case):
    """State without it still finds it, so that it is adopted and not made twice."""
    _, spec, made = prepare(bench, case)
    assert bench.provider.kinds[TypeName(case.type)].marking is Marking.NATURAL
    assert bench.look_for(case.type, spec).id == made.id


def test_every_kind_is_among_the_cases(on_simulator):
    managed = {name for name, kind in on_simulator.provider.kinds.items() if not kind.data_only}
    assert managed == {case.type for case in CASES}
