"""What Azure's kinds do beside what the conformance suite asks of every kind: `opsctl provider test azure`."""

from __future__ import annotations

import pytest

from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, TypeName
from orchestrator.model.kind import How, ReadWay
from orchestrator.model.provision import Ref
from providers.azure.kinds import all_kinds
from providers.azure.kinds.network import PUBLIC_IP, SUBNET, VNET
from providers.azure.kinds.storage import ACCOUNT

ROOT = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/rg"
NIC = "Microsoft.Network/networkInterfaces"


def placed(name, **more):
    return {"name": name, "parent": ROOT, "location": "westeurope", **more}


NETWORK = placed("net", properties={"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}})
SPACE = {
    "name": "web",
    "parent": f"{ROOT}/providers/{VNET}/net",
    "properties": {"addressPrefix": "10.0.1.0/24"},
}
LAKE = placed("lake0001", kind="StorageV2", sku={"name": "Standard_LRS"})


@pytest.mark.parametrize(
    ("type", "spec", "other"),
    [
        (VNET, NETWORK, {"tags": {"whose": "theirs"}}),
        (ACCOUNT, LAKE, {"sku": {"name": "Standard_GRS"}}),
        (SUBNET, SPACE, {"properties": {"addressPrefix": "10.0.2.0/24"}}),
    ],
    ids=["conditional", "unconditional", "untagged"],
)
def test_creating_what_is_there_and_not_ours_is_refused(desk, type, spec, other):
    """Another marker, or an untagged object that differs: AlreadyExists, and it stays as it is."""
    if type == SUBNET:
        desk.create(VNET, NETWORK)
    created = desk.create(type, spec)
    stranger = desk.marker.__class__("other", desk.marker.address, "u2")
    with pytest.raises(PermanentError, match="AlreadyExists"):
        desk.create(type, {**spec, **other}, marker=stranger)
    assert desk.read(type, spec) == created


def test_one_list_reads_many(desk):
    """One call for all, against one each."""
    specs = {f"ip{index}": placed(f"ip{index}") for index in range(5)}
    for spec in specs.values():
        desk.create(PUBLIC_IP, spec)
    refs = [Ref(Address(name), None, spec) for name, spec in specs.items()]
    result = desk.provider.read_many(TypeName(PUBLIC_IP), refs, ReadWay(How.LIST, 100))
    assert (set(result.found), result.calls) == (set(specs), 1)


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ({}, ["a configuration with a privateIPAddress needs privateIPAllocationMethod: Static"]),
        ({"privateIPAllocationMethod": "Static"}, []),
    ],
)
def test_an_address_of_ones_own_needs_static(method, said):
    """With Dynamic Azure gives the address, so that what the spec says would never be so."""
    one = {"name": "one", "properties": {"privateIPAddress": "10.0.1.9", **method}}
    refine = all_kinds()[NIC].schema.refine
    assert refine({"properties": {"ipConfigurations": [one]}}) == said
