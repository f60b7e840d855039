"""The vendor's typed clients, unmodified, do their work against the simulator."""

from __future__ import annotations

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError

SPACE = {"location": "West Europe", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
ROOT = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/rg/providers"


def subnet_of(cloud, name="web", prefix="10.0.1.0/24"):
    cloud.network.virtual_networks.begin_create_or_update("rg", "net", SPACE).result()
    body = {"properties": {"addressPrefix": prefix}}
    return cloud.network.subnets.begin_create_or_update("rg", "net", name, body).result()


def nic_of(cloud, name="nic", **properties):
    subnet = subnet_of(cloud)
    configuration = {"name": "one", "properties": {"subnet": {"id": subnet.id}, **properties}}
    body = {"location": "westeurope", "properties": {"ipConfigurations": [configuration]}}
    return cloud.network.network_interfaces.begin_create_or_update("rg", name, body).result()


def machine_body(nic_id, **more):
    properties = {
        "hardwareProfile": {"vmSize": "Standard_B1s"},
        "storageProfile": {
            "imageReference": {"publisher": "Debian", "offer": "debian-12", "sku": "12", "version": "latest"},
            "osDisk": {"createOption": "FromImage"},
        },
        "osProfile": {"computerName": "vm", "adminUsername": "ops", "adminPassword": "not-a-real-1!"},
        "networkProfile": {"networkInterfaces": [{"id": nic_id}]},
    }
    return {"location": "westeurope", "properties": properties | more}


def test_a_group_is_made_checked_listed_and_deleted_with_its_children(cloud):
    """resources: create, check_existence, list, begin_delete."""
    groups = cloud.resources.resource_groups
    assert groups.check_existence("RG")
    subnet_of(cloud)
    assert [each.name for each in groups.list()] == ["rg"]
    held = cloud.resources.resources.list_by_resource_group("rg")
    assert [each.type for each in held] == ["Microsoft.Network/virtualNetworks"]
    groups.begin_delete("rg").result()
    assert not groups.check_existence("rg")
    assert cloud.world.resources == {}


def test_a_network_is_made_read_and_deleted_by_the_typed_client(cloud):
    """PUT 201, final GET, location normalised, etag present; DELETE 202; then 404 and 204."""
    networks = cloud.network.virtual_networks
    made = networks.begin_create_or_update("rg", "net", SPACE).result()
    assert made.location == "westeurope"
    assert made.properties.provisioning_state == "Succeeded"
    assert networks.get("RG", "NET").etag == made.etag
    assert [each.name for each in networks.list_all()] == ["net"]
    networks.begin_delete("rg", "net").result()
    with pytest.raises(ResourceNotFoundError) as caught:
        networks.get("rg", "net")
    assert caught.value.error.code == "ResourceNotFound"
    networks.begin_delete("rg", "net").result()


def test_a_subnet_is_the_same_in_both_views(cloud):
    """A subnet made by itself is in its network's body, and one made inline is a resource."""
    subnet_of(cloud)
    inline = {"subnets": [{"name": "db", "properties": {"addressPrefix": "10.0.2.0/24"}}]}
    listed = cloud.network.virtual_networks.get("rg", "net").properties.subnets
    assert [each.name for each in listed] == ["web"]
    body = {**SPACE, "properties": {**SPACE["properties"], **inline}}
    cloud.network.virtual_networks.begin_create_or_update("rg", "net", body).result()
    assert [each.name for each in cloud.network.subnets.list("rg", "net")] == ["db"]


def test_a_network_without_the_subnets_property_keeps_its_subnets(cloud):
    """An absent list leaves them, an empty one removes them."""
    subnet_of(cloud)
    networks = cloud.network.virtual_networks
    assert networks.begin_create_or_update("rg", "net", SPACE).result().properties.subnets
    body = {**SPACE, "properties": {**SPACE["properties"], "subnets": []}}
    assert not networks.begin_create_or_update("rg", "net", body).result().properties.subnets


def test_security_rules_are_the_same_in_both_views(cloud):
    """Rules by themselves and inside of their group."""
    rule = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "*",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "80",
    }
    body = {"location": "westeurope", "properties": {"securityRules": [{"name": "http", "properties": rule}]}}
    group = cloud.network.network_security_groups.begin_create_or_update("rg", "nsg", body).result()
    assert len(group.properties.default_security_rules) == 6
    assert cloud.network.security_rules.get("rg", "nsg", "http").properties.priority == 100
    other = {"properties": rule | {"priority": 200}}
    cloud.network.security_rules.begin_create_or_update("rg", "nsg", "other", other).result()
    seen = cloud.network.network_security_groups.get("rg", "nsg").properties.security_rules
    assert [each.name for each in seen] == ["http", "other"]
    with pytest.raises(HttpResponseError) as caught:
        cloud.network.security_rules.begin_create_or_update("rg", "nsg", "third", other).result()
    assert caught.value.error.code == "SecurityRuleConflict"


def test_an_interface_leases_an_address_and_blocks_its_subnet(cloud):
    """The fifth address of the subnet; the subnet's delete is refused with the interface named."""
    nic = nic_of(cloud)
    assert nic.properties.ip_configurations[0].properties.private_ip_address == "10.0.1.4"
    with pytest.raises(HttpResponseError) as caught:
        cloud.network.subnets.begin_delete("rg", "net", "web").result()
    assert caught.value.status_code == 400
    assert caught.value.error.code == "InUseSubnetCannotBeDeleted"
    assert nic.id in caught.value.error.message
    with pytest.raises(HttpResponseError, match="InUseSubnetCannotBeDeleted"):
        cloud.network.virtual_networks.begin_delete("rg", "net").result()
    cloud.network.network_interfaces.begin_delete("rg", "nic").result()
    cloud.network.virtual_networks.begin_delete("rg", "net").result()


def test_a_reference_to_nothing_is_refused(cloud):
    """400 InvalidResourceReference."""
    body = {
        "location": "westeurope",
        "properties": {
            "ipConfigurations": [
                {
                    "name": "one",
                    "properties": {
                        "subnet": {"id": f"{ROOT}/Microsoft.Network/virtualNetworks/no/subnets/x"}
                    },
                }
            ]
        },
    }
    with pytest.raises(HttpResponseError) as caught:
        cloud.network.network_interfaces.begin_create_or_update("rg", "nic", body).result()
    assert caught.value.error.code == "InvalidResourceReference"


def test_a_machine_starts_stops_and_leaves_its_os_disk(cloud):
    """Instance view, power actions, PATCH, the disk that the service makes, the password that never shows."""
    nic = nic_of(cloud)
    machines = cloud.compute.virtual_machines
    made = machines.begin_create_or_update("rg", "vm", machine_body(nic.id)).result()
    assert made.properties.os_profile.admin_password is None

    def power():
        return [each.code for each in machines.instance_view("rg", "vm").statuses][-1]

    assert power() == "PowerState/running"
    machines.begin_power_off("rg", "vm").result()
    assert power() == "PowerState/stopped"
    machines.begin_deallocate("rg", "vm").result()
    machines.begin_start("rg", "vm").result()
    machines.begin_restart("rg", "vm").result()
    assert machines.get("rg", "vm", expand="instanceView").properties.instance_view.statuses
    bigger = {"properties": {"hardwareProfile": {"vmSize": "Standard_B2s"}}}
    patched = machines.begin_update("rg", "vm", bigger).result()
    assert patched.properties.hardware_profile.vm_size == "Standard_B2s"
    assert patched.properties.os_profile.admin_username == "ops"
    with pytest.raises(HttpResponseError, match="NicInUse"):
        cloud.network.network_interfaces.begin_delete("rg", "nic").result()
    machines.begin_delete("rg", "vm").result()
    disks = list(cloud.compute.disks.list())
    assert [each.properties.disk_state for each in disks] == ["Unattached"]


def test_a_disk_is_resized_attached_and_protected_while_attached(cloud):
    """PUT 202; PATCH grows; a shrink and the delete of an attached disk are refused."""
    disks = cloud.compute.disks
    body = {
        "location": "westeurope",
        "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 10},
    }
    disk = disks.begin_create_or_update("rg", "data", body).result()
    assert (
        disks.begin_update("rg", "data", {"properties": {"diskSizeGB": 20}}).result().properties.disk_size_gb
        == 20
    )
    with pytest.raises(HttpResponseError):
        disks.begin_update("rg", "data", {"properties": {"diskSizeGB": 5}}).result()
    nic = nic_of(cloud)
    machine = machine_body(nic.id)
    attached = {"lun": 0, "createOption": "Attach", "managedDisk": {"id": disk.id}}
    machine["properties"]["storageProfile"]["dataDisks"] = [attached]
    cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", machine).result()
    assert disks.get("rg", "data").properties.disk_state == "Attached"
    with pytest.raises(HttpResponseError) as caught:
        disks.begin_delete("rg", "data").result()
    assert (caught.value.status_code, caught.value.error.code) == (409, "OperationNotAllowed")


def test_a_public_address_answers_while_its_machine_runs(cloud):
    """503 without a running machine behind it, 200 with one."""
    body = {"location": "westeurope"}
    address = cloud.network.public_ip_addresses.begin_create_or_update("rg", "ip", body).result()
    shown = address.properties.ip_address
    assert cloud.addresses.statuses[shown] == 503
    nic = nic_of(cloud, publicIPAddress={"id": address.id})
    cloud.compute.virtual_machines.begin_create_or_update("rg", "vm", machine_body(nic.id)).result()
    assert cloud.addresses.statuses[shown] == 200
    cloud.compute.virtual_machines.begin_deallocate("rg", "vm").result()
    assert cloud.addresses.statuses[shown] == 503
    with pytest.raises(HttpResponseError, match="PublicIPAddressCannotBeDeleted"):
        cloud.network.public_ip_addresses.begin_delete("rg", "ip").result()


def test_storage_accounts_and_containers(cloud):
    """Account by Location polling, synchronous PATCH and DELETE; containers at once."""
    accounts = cloud.storage.storage_accounts
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    made = accounts.begin_create("rg", "logs0001", body).result()
    assert made.properties.primary_endpoints.blob == "https://logs0001.blob.core.windows.net/"
    assert made.sku.tier == "Standard"
    changed = accounts.update("rg", "logs0001", {"properties": {"minimumTlsVersion": "TLS1_2"}})
    assert changed.properties.minimum_tls_version == "TLS1_2"
    containers = cloud.storage.blob_containers
    assert containers.create("rg", "logs0001", "raw", {}).container_properties.public_access == "None"
    with pytest.raises(HttpResponseError, match="PublicAccessNotPermitted"):
        containers.create("rg", "logs0001", "open", {"properties": {"publicAccess": "Blob"}})
    assert [each.name for each in containers.list("rg", "logs0001")] == ["raw"]
    cloud.storage.blob_services.get_service_properties("rg", "logs0001")
    containers.delete("rg", "logs0001", "raw")
    containers.delete("rg", "logs0001", "raw")
    accounts.delete("rg", "logs0001")
    accounts.delete("rg", "logs0001")
    assert list(accounts.list()) == []


def test_compute_honours_etags(cloud):
    """If-Match with an old etag: 412."""
    nic = nic_of(cloud)
    machines = cloud.compute.virtual_machines
    machines.begin_create_or_update("rg", "vm", machine_body(nic.id)).result()
    with pytest.raises(ResourceModifiedError):
        machines.begin_create_or_update(
            "rg",
            "vm",
            machine_body(nic.id),
            etag='W/"old"',
            match_condition=MatchConditions.IfNotModified,
        ).result()


def test_lists_page_by_next_link(make_cloud):
    """Three groups on pages of two."""
    cloud = make_cloud(page_size=2)
    for name in ("a", "b", "c"):
        cloud.resources.resource_groups.create_or_update(name, {"location": "westeurope"})
    assert [each.name for each in cloud.resources.resource_groups.list()] == ["a", "b", "c"]


def test_a_failed_operation_is_http_200_and_leaves_the_resource_failed(cloud):
    """The SDK raises with status 200; the code is in the error."""
    cloud.world.fail_next("PUT Microsoft.Network/virtualNetworks", "SkuNotAvailable", "none left")
    with pytest.raises(HttpResponseError) as caught:
        cloud.network.virtual_networks.begin_create_or_update("rg", "net", SPACE).result()
    assert caught.value.status_code == 200
    assert caught.value.error.code == "SkuNotAvailable"
    assert cloud.network.virtual_networks.get("rg", "net").properties.provisioning_state == "Failed"
    again = cloud.network.virtual_networks.begin_create_or_update("rg", "net", SPACE).result()
    assert again.properties.provisioning_state == "Succeeded"
