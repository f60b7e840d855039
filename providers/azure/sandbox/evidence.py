"""What the simulator claims about Azure, and who outside this repository says the same.

Enters: nothing. Leaves: `BEHAVIOURS`. Holds no state. "none" is said where nobody was found to say it.
"""

from __future__ import annotations

from typing import Final

from orchestrator.kit.simulation.evidence import Behaviour

ASYNC_DOC = "vendor-doc:azure-resource-manager/management/async-operations"
SPECS = "vendor-doc:azure-rest-api-specs mysql FlexibleServers 2023-12-30"
BUG = "recorded:Azure as quoted in"

BEHAVIOURS: Final = (
    Behaviour(
        "PUT answers 201 or 200 for machines and networks", "sdk:virtual_machines.begin_create_or_update"
    ),
    Behaviour("PUT answers 202 or 200 for disks", "sdk:disks.begin_create_or_update"),
    Behaviour("PUT of an account answers 202, then its Location", "sdk:storage_accounts.begin_create"),
    Behaviour("PUT of a container answers 201 or 200 at once", "sdk:blob_containers.create"),
    Behaviour("PUT of a group answers 201 or 200 at once", "sdk:resource_groups.create_or_update"),
    Behaviour("PUT of a server, database or firewall rule answers 202", SPECS),
    Behaviour("DELETE of a group answers 202 with a Location", "sdk:resource_groups.begin_delete"),
    Behaviour("a group lists what is directly in it", "sdk:resources.list_by_resource_group"),
    Behaviour("DELETE of an account or container is synchronous", "sdk:storage_accounts.delete"),
    Behaviour("DELETE of a missing resource answers 204", SPECS),
    Behaviour("DELETE of a missing group answers 404", "none"),
    Behaviour("an operation document is always 200 and says status", ASYNC_DOC),
    Behaviour("Location answers 202 until the end, then 200 or 204", ASYNC_DOC),
    Behaviour("a 201 without header is polled by provisioningState", ASYNC_DOC),
    Behaviour("a failed operation has an error with code and message", ASYNC_DOC),
    Behaviour("a resource whose operation failed stays, as Failed", "none"),
    Behaviour("Retry-After is integer seconds", ASYNC_DOC),
    Behaviour("ids are case-insensitive", "vendor-doc:resource-provider-operations/naming"),
    Behaviour("lists page by an absolute nextLink", "sdk:virtual_networks.list_all"),
    Behaviour("lists by subscription, by group and below a parent", "sdk:network_interfaces.list"),
    Behaviour("404 has ResourceNotFound or ResourceGroupNotFound", "sdk:virtual_networks.get"),
    Behaviour("404 ParentResourceNotFound on a nested resource", f"{BUG} terraform-provider-azurerm#7809"),
    Behaviour("409 AnotherOperationInProgress on a resource or its siblings", f"{BUG} AzureTRE#2222"),
    Behaviour(
        "409 ResourceGroupBeingDeleted",
        "vendor-doc:azure-resource-manager/troubleshooting/common-deployment-errors",
    ),
    Behaviour("400 MissingApiVersionParameter", f"{BUG} cloudquery#6626"),
    Behaviour("404 InvalidResourceType, InvalidResourceNamespace", f"{BUG} cloudquery#6629"),
    Behaviour("412 on If-Match of an old etag", "sdk:virtual_machines.begin_create_or_update(etag=)"),
    Behaviour(
        "412 on If-None-Match: * of something that exists",
        "sdk:virtual_machines.begin_create_or_update(etag=)",
    ),
    Behaviour("network types honour conditional headers", "none"),
    Behaviour(
        "429 with Retry-After and SubscriptionRequestsThrottled", "vendor-doc:request-limits-and-throttling"
    ),
    Behaviour("PUT sets absent properties back to their defaults", "vendor-doc:api-guidelines azure put"),
    Behaviour("PATCH merges, tags are replaced as a whole", "sdk:virtual_machines.begin_update"),
    Behaviour("network types PATCH tags alone", "sdk:virtual_networks.update_tags"),
    Behaviour("a wrong provisioningState in a body is 400", "none"),
    Behaviour("the same goal during an operation starts no new one", "none"),
    Behaviour(
        "a network's PUT without subnets keeps them",
        "vendor-doc:Azure Virtual Network now supports updates without subnet property",
    ),
    Behaviour("subnets and rules are the same in both views", "sdk:virtual_networks.get"),
    Behaviour("400 InUseSubnetCannotBeDeleted", f"{BUG} cluster-api-provider-azure#172"),
    Behaviour("400 InUseNetworkSecurityGroupCannotBeDeleted", f"{BUG} pulumi-azure-native#3051"),
    Behaviour("400 PublicIPAddressCannotBeDeleted", f"{BUG} ernest#514"),
    Behaviour("400 NicInUse", f"{BUG} terraform-provider-azurerm#8105"),
    Behaviour("409 OperationNotAllowed for an attached disk", f"{BUG} ansible#54644"),
    Behaviour("409 PropertyChangeNotAllowed for create-only properties", f"{BUG} azure-powershell#7621"),
    Behaviour("400 InvalidResourceReference", f"{BUG} MCW-Building-a-resilient-IaaS-architecture#35"),
    Behaviour("400 for subnets that overlap or lie outside", "none"),
    Behaviour(
        "a group has six default security rules",
        "vendor-doc:virtual-network/network-security-groups-overview",
    ),
    Behaviour(
        "400 for conflicting or out of range priorities",
        "vendor-doc:virtual-network/network-security-groups-overview",
    ),
    Behaviour(
        "a subnet's first four addresses are reserved", "vendor-doc:virtual-network/virtual-networks-faq"
    ),
    Behaviour("a machine's OS disk is a disk of its own and stays", "vendor-doc:virtual-machines/delete"),
    Behaviour("deleteOption Delete takes disks and interfaces along", "vendor-doc:virtual-machines/delete"),
    Behaviour("instance view shows ProvisioningState and PowerState", "sdk:virtual_machines.instance_view"),
    Behaviour("powerOff, deallocate, start, restart", "sdk:virtual_machines.begin_power_off"),
    Behaviour("passwords and custom data never show", "sdk:virtual_machines.get"),
    Behaviour("account names are lower case and unique", "sdk:storage_accounts.check_name_availability"),
    Behaviour(
        "storage defaults: TLS1_0, no public access, Hot", "sdk:storage_accounts.get_properties docstring"
    ),
    Behaviour("409 PublicAccessNotPermitted", "none"),
    Behaviour("server state is Ready when it is usable", SPECS),
    Behaviour("a server's region shows by its display name", SPECS),
    Behaviour("server defaults for storage, backup, availability", SPECS),
    Behaviour("vaults answer a challenge before anything else", "sdk:SecretClient.get_secret"),
    Behaviour("secrets are set, read by version, listed in pages", "sdk:SecretClient.set_secret"),
    Behaviour(
        "404 SecretNotFound, 403 for a disabled one, 409 for a deleted one",
        "vendor-doc:keyvault/secrets REST",
    ),
    Behaviour("a vault is there as soon as somebody names it", "none"),
    Behaviour("public addresses and server names are loopback addresses", "none"),
)
