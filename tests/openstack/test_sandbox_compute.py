"""openstacksdk, unmodified, finds in the simulator the Nova, Cinder and Glance that it knows."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from openstack import exceptions

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Yx3v0oXlX4b8fC6d2b2S0w4xQb3F0n1dYw2E5mZ0h a@b"


@pytest.fixture
def port(sdk):
    net = sdk.network.create_network(name="net")
    subnet = sdk.network.create_subnet(network_id=net.id, cidr="10.1.2.0/24", ip_version=4)
    public = sdk.network.find_network("public")
    router = sdk.network.create_router(name="r", external_gateway_info={"network_id": public.id})
    sdk.network.add_interface_to_router(router, subnet=subnet.id)
    group = sdk.network.create_security_group(name="web")
    sdk.network.create_security_group_rule(
        security_group_id=group.id, direction="ingress", protocol="tcp", port_range_min=80, port_range_max=80
    )
    return sdk.network.create_port(network_id=net.id, security_groups=[group.id], name="port")


def boot(sdk, port, **more):
    image, flavor = sdk.image.find_image("cirros"), sdk.compute.find_flavor("m1.tiny")
    request = {
        "name": "vm",
        "image_id": image.id,
        "flavor_id": flavor.id,
        "networks": [{"port": port.id}],
        **more,
    }
    return sdk.compute.create_server(**request)


def http_status(address: str) -> int:
    try:
        with urllib.request.urlopen(f"http://{address}/health", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_a_server_is_built_for_a_while_and_then_active(sdk, port, settled):
    server = boot(sdk, port, metadata={"a": "b"})
    assert sdk.compute.get_server(server.id).status == "BUILD"
    assert sdk.compute.get_server(server.id).addresses == {}
    settled()
    seen = sdk.compute.get_server(server.id)
    fixed = port.fixed_ips[0]["ip_address"]
    assert (seen.status, seen.metadata, seen.addresses["net"][0]["addr"]) == ("ACTIVE", {"a": "b"}, fixed)
    assert seen.flavor["original_name"] == "m1.tiny"
    assert sdk.network.get_port(port.id).device_id == server.id


def test_a_deleted_server_lingers_and_gives_its_port_back(sdk, port, settled):
    server = boot(sdk, port)
    settled()
    sdk.compute.delete_server(server)
    assert sdk.compute.get_server(server.id).task_state == "deleting"
    settled()
    assert sdk.compute.find_server(server.id) is None
    assert sdk.network.get_port(port.id).device_id == ""


def test_a_floating_address_answers_while_it_leads_to_an_active_server(sdk, simulated, port, settled):
    server = boot(sdk, port, metadata={"opsctl-sandbox-http-status": "503"})
    public = sdk.network.find_network("public")
    floating = sdk.network.create_ip(floating_network_id=public.id, port_id=port.id)
    address = floating.floating_ip_address
    assert 80 not in simulated.responders.ports(address), "nothing answers while the server is built"
    settled()
    sdk.compute.get_server(server.id)
    assert http_status(address) == 503, "the metadata key says what the machine answers"
    sdk.compute.set_server_metadata(server, **{"opsctl-sandbox-http-status": "200"})
    assert http_status(address) == 200
    sdk.compute.stop_server(server)
    assert 80 not in simulated.responders.ports(address), "a stopped machine does not answer"


def test_a_port_that_no_rule_opens_does_not_answer(sdk, simulated, port, settled):
    server = boot(sdk, port)
    public = sdk.network.find_network("public")
    floating = sdk.network.create_ip(floating_network_id=public.id, port_id=port.id)
    settled()
    sdk.compute.get_server(server.id)
    open_ports = set(simulated.responders.ports(floating.floating_ip_address))
    assert (80 in open_ports, 22 in open_ports, 8080 in open_ports) == (True, False, False)


def test_a_resize_waits_for_its_confirmation(sdk, port, settled):
    server = boot(sdk, port)
    settled()
    small = sdk.compute.find_flavor("m1.small")
    sdk.compute.resize_server(server, small.id)
    settled()
    assert sdk.compute.get_server(server.id).status == "VERIFY_RESIZE"
    sdk.compute.confirm_server_resize(server)
    settled()
    seen = sdk.compute.get_server(server.id)
    assert (seen.status, seen.flavor["original_name"]) == ("ACTIVE", "m1.small")
    with pytest.raises(exceptions.BadRequestException, match="must change flavor"):
        sdk.compute.resize_server(server, small.id)


def test_volumes_are_made_attached_extended_and_deleted_step_by_step(sdk, port, settled):
    server = boot(sdk, port)
    volume = sdk.block_storage.create_volume(size=1, name="v", metadata={"k": "v"})
    assert volume.status == "creating"
    settled()
    sdk.compute.create_volume_attachment(server, volume_id=volume.id)
    settled()
    assert sdk.block_storage.get_volume(volume.id).status == "in-use"
    with pytest.raises(exceptions.BadRequestException, match="must be available"):
        sdk.block_storage.delete_volume(volume)
    assert [a.volume_id for a in sdk.compute.volume_attachments(server)] == [volume.id]
    sdk.compute.delete_volume_attachment(server, volume.id)
    settled()
    sdk.block_storage.extend_volume(volume, 2)
    settled()
    assert sdk.block_storage.get_volume(volume.id).size == 2
    sdk.block_storage.delete_volume(volume)
    settled()
    assert sdk.block_storage.find_volume(volume.id) is None


def test_quotas_are_refused_as_each_service_does(sdk, simulated, port):
    simulated.cloud.quotas.instances = 0
    with pytest.raises(exceptions.ForbiddenException, match="Quota exceeded for instances"):
        boot(sdk, port)
    with pytest.raises(exceptions.HttpException, match="VolumeSizeExceedsAvailableQuota") as caught:
        sdk.block_storage.create_volume(size=100000)
    assert caught.value.status_code == 413


def test_a_machine_that_fits_nowhere_ends_in_error_with_a_reason(sdk, simulated, port, settled):
    flavor = next(f for f in simulated.cloud.table("flavors").values() if f["name"] == "m1.tiny")
    flavor["ram"] = 50000
    server = boot(sdk, port)
    settled()
    seen = sdk.compute.get_server(server.id)
    assert (seen.status, "No valid host" in seen.fault["message"]) == ("ERROR", True)


def test_key_pairs_are_imported_once(sdk):
    made = sdk.compute.create_keypair(name="k", public_key=KEY)
    assert sdk.compute.get_keypair("k").fingerprint == made.fingerprint
    with pytest.raises(exceptions.ConflictException, match="already exists"):
        sdk.compute.create_keypair(name="k", public_key=KEY)


def test_lists_come_in_pages(sdk, port):
    made = {boot(sdk, port, name=f"vm{i}", networks="none").id for i in range(5)}
    assert {s.id for s in sdk.compute.servers(limit=2)} == made
    volumes = {sdk.block_storage.create_volume(size=1).id for _ in range(3)}
    assert {v.id for v in sdk.block_storage.volumes(limit=1)} == volumes
    assert {i.name for i in sdk.image.images(limit=1)} == {"cirros", "ubuntu-24.04"}


def test_the_name_filter_of_servers_matches_parts_of_names(sdk, port):
    boot(sdk, port, name="vm-1", networks="none")
    boot(sdk, port, name="vm-10", networks="none")
    assert len(list(sdk.compute.servers(name="vm-1"))) == 2


def test_an_old_microversion_gets_the_old_shape_and_an_unknown_one_406(sdk, port):
    server = boot(sdk, port)
    old = sdk.compute.get(f"/servers/{server.id}", microversion="2.1").json()["server"]
    assert ("id" in old["flavor"], "tags" in old) == (True, False)
    assert sdk.compute.get("/servers", microversion="2.200").status_code == 406


def test_a_wrong_password_is_401(simulated):
    connection = simulated.connect(password="wrong")
    with pytest.raises(Exception, match="requires authentication"):
        connection.authorize()
    connection.close()
