"""openstacksdk, unmodified, finds in the simulator the Neutron that it knows."""

from __future__ import annotations

import ipaddress

import pytest
from openstack import exceptions

WEB = {"direction": "ingress", "protocol": "tcp", "port_range_min": 80, "port_range_max": 80}


@pytest.fixture
def net(sdk):
    return sdk.network.create_network(name="net")


@pytest.fixture
def subnet(sdk, net):
    return sdk.network.create_subnet(network_id=net.id, cidr="10.1.2.3/24", ip_version=4, name="sub")


@pytest.fixture
def public(sdk):
    return sdk.network.find_network("public")


def refusal(call, *arguments, **named) -> exceptions.HttpException:
    with pytest.raises(exceptions.HttpException) as caught:
        call(*arguments, **named)
    return caught.value


def test_a_subnet_loses_its_host_bits(subnet):
    assert (subnet.cidr, subnet.gateway_ip) == ("10.1.2.0/24", "10.1.2.1")
    assert subnet.allocation_pools == [{"start": "10.1.2.2", "end": "10.1.2.254"}]


def test_an_ipv6_cidr_is_lowercased_and_compressed(sdk, net):
    made = sdk.network.create_subnet(network_id=net.id, cidr="FD00:0::/64", ip_version=6)
    assert made.cidr == "fd00::/64"


def test_cidr_is_create_only(sdk, subnet):
    answer = sdk.network.put(f"/subnets/{subnet.id}", json={"subnet": {"cidr": "10.9.0.0/24"}})
    assert (answer.status_code, answer.json()["NeutronError"]["message"]) == (
        400,
        "Cannot update read-only attribute cidr",
    )


def test_tags_are_refused_in_post_and_accepted_later(sdk):
    answer = sdk.network.post("/networks", json={"network": {"name": "a", "tags": ["x"]}})
    assert answer.status_code == 400
    assert answer.json()["NeutronError"]["message"] == "Attribute 'tags' not allowed in POST"
    made = sdk.network.create_network(name="a")
    sdk.network.set_tags(made, ["b", "a"])
    assert sorted(sdk.network.get_network(made.id).tags) == ["a", "b"]
    assert [n.id for n in sdk.network.networks(tags="a,b")] == [made.id]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"protocol": "TCP"}, {"protocol": "tcp"}),
        ({"protocol": "tcp", "remote_ip_prefix": "10.0.0.1"}, {"remote_ip_prefix": "10.0.0.1/32"}),
        ({"protocol": "any"}, {"protocol": None}),
        ({"protocol": "icmp", "ether_type": "IPv6"}, {"protocol": "ipv6-icmp"}),
        (
            {"protocol": "6", "remote_ip_prefix": "10.0.0.7/8"},
            {"protocol": "6", "remote_ip_prefix": "10.0.0.7/8"},
        ),
    ],
)
def test_rules_are_normalised_as_the_real_service_does(sdk, given, kept):
    group = sdk.network.create_security_group(name="g")
    rule = sdk.network.create_security_group_rule(security_group_id=group.id, direction="ingress", **given)
    assert {name: rule[name] for name in kept} == kept


def test_a_new_group_has_two_egress_rules_and_a_rule_exists_once(sdk):
    group = sdk.network.create_security_group(name="g")
    assert sorted(r["ethertype"] for r in group.security_group_rules) == ["IPv4", "IPv6"]
    sdk.network.create_security_group_rule(security_group_id=group.id, **WEB)
    error = refusal(sdk.network.create_security_group_rule, security_group_id=group.id, **WEB)
    assert (error.status_code, "already exists" in str(error)) == (409, True)


def test_what_is_in_use_stays(sdk, net, subnet, public):
    router = sdk.network.create_router(name="r", external_gateway_info={"network_id": public.id})
    assert router.external_gateway_info["enable_snat"] is True
    sdk.network.add_interface_to_router(router, subnet=subnet.id)
    for delete, key in (
        (sdk.network.delete_router, router.id),
        (sdk.network.delete_subnet, subnet.id),
        (sdk.network.delete_network, net.id),
    ):
        assert refusal(delete, key).status_code == 409
    assert refusal(sdk.network.add_interface_to_router, router, subnet=subnet.id).status_code == 400
    sdk.network.remove_interface_from_router(router, subnet=subnet.id)
    sdk.network.delete_router(router)
    sdk.network.delete_network(net)
    assert sdk.network.find_subnet(subnet.id) is None, "a network takes its subnets along"


def test_address_pairs_gain_the_ports_mac_and_slaac_addresses_come_by_themselves(sdk, net, subnet):
    six = sdk.network.create_subnet(
        network_id=net.id, cidr="fd00::/64", ip_version=6, ipv6_ra_mode="slaac", ipv6_address_mode="slaac"
    )
    port = sdk.network.create_port(network_id=net.id, allowed_address_pairs=[{"ip_address": "10.1.2.77"}])
    assert port.allowed_address_pairs == [{"ip_address": "10.1.2.77", "mac_address": port.mac_address}]
    assert {a["subnet_id"] for a in port.fixed_ips} == {subnet.id, six.id}


def test_a_list_comes_in_pages(sdk):
    made = {sdk.network.create_network(name=f"n{i}").id for i in range(5)}
    listed = {n.id for n in sdk.network.networks(limit=2) if n.name.startswith("n")}
    assert listed == made


def test_a_quota_is_409_and_a_stale_revision_412(sdk, simulated, net):
    simulated.cloud.quotas.network = 1
    assert refusal(sdk.network.create_network, name="more").status_code == 409
    error = refusal(sdk.network.update_network, net, if_revision=99, name="x")
    assert (error.status_code, "current revision is 1" in str(error)) == (412, True)


def test_another_projects_objects_are_not_there(simulated, net):
    other = simulated.connect(username="admin", project_name="admin")
    theirs = other.network.create_network(name="theirs")
    member = simulated.connect()
    assert member.network.find_network(theirs.id) is None
    assert other.network.find_network(net.id) is not None, "an administrator sees everything"
    for connection in (other, member):
        connection.close()


def test_a_subnet_gives_as_many_addresses_as_it_has(sdk, simulated, net):
    """No fewer than the real one gives: then it says that there is none."""
    subnet = sdk.network.create_subnet(network_id=net.id, cidr="10.2.0.0/23", ip_version=4)
    (pool,) = subnet.allocation_pools
    simulated.cloud.quotas.port = 1000
    start, end = (int(ipaddress.ip_address(pool[edge])) for edge in ("start", "end"))
    ports = simulated.cloud.table("ports")
    wanted = {"network_id": net.id, "fixed_ips": [{"subnet_id": subnet.id}]}
    one = ports.pop(sdk.network.create_port(**wanted).id)
    for number in range(start, end):
        held = {"subnet_id": subnet.id, "ip_address": str(ipaddress.ip_address(number))}
        ports[str(number)] = {**one, "id": str(number), "fixed_ips": [held]}
    assert sdk.network.create_port(**wanted).fixed_ips[0]["ip_address"] == pool["end"]
    assert "No more IP addresses available" in str(refusal(sdk.network.create_port, **wanted))
