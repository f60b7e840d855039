"""opsctl permissions: what the clouds must allow, from the files alone."""

from __future__ import annotations

import json

import pytest

from orchestrator import bootstrap
from orchestrator.model.kind import only_reads
from tests.cli.test_json import fits

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: shop, id: shop}
providers:
  aws.eu: {region: eu-central-1, secretAccessKey: "env:NOT_SET"}
  openstack: {cloud: nowhere}
encryption: {key: {aws-kms: alias/opsctl}}
outputs: {it: "${secret('aws-ssm:/it')}"}
"""
FILES = """apiVersion: opsctl.dev/v1
kind: Resource
type: AWS::EC2::VPC
metadata: {name: main}
provider: aws.eu
spec: {CidrBlock: 10.0.0.0/16}
---
apiVersion: opsctl.dev/v1
kind: Data
type: AWS::EC2::Subnet
metadata: {name: there}
provider: aws.eu
spec: {CidrBlock: 10.0.1.0/24}
---
apiVersion: opsctl.dev/v1
kind: Resource
type: OS::Nova::KeyPair
metadata: {name: deploy}
secretSink: {private_key: "aws-sm:deploy#key"}
spec: {name: deploy}
"""


@pytest.fixture
def shop(stack):
    """Two clouds that cannot be reached, and secrets that nobody has."""
    stack.write("opsctl.yaml", STACK)
    stack.write("shop.yaml", FILES)
    return stack


def needed(ran):
    assert ran.code == 0, ran.err
    fits(json.loads(ran.out))
    found = json.loads(ran.out)["needed"]
    return {n["name"]: {p["name"]: (p["for"], p["by"]) for p in n["permissions"]} for n in found}


def test_a_stack_is_listed_without_a_cloud_a_credential_or_a_key(shop):
    found = needed(shop.run("permissions", "--output", "json"))
    assert list(found) == ["aws.eu", "openstack", "secrets aws-sm", "secrets aws-ssm", "encryption aws-kms"]
    assert found["aws.eu"]["ec2:CreateVpc"] == ("apply", ["AWS::EC2::VPC"])
    assert found["aws.eu"]["ec2:DescribeVpcs"] == ("plan", ["AWS::EC2::VPC"])
    assert found["openstack"]["os_compute_api:os-keypairs:create"][0] == "apply"


def test_what_is_only_looked_up_needs_no_right_to_change_it(shop):
    found = needed(shop.run("permissions", "--output", "json"))["aws.eu"]
    assert found["ec2:DescribeSubnets"] == ("plan", ["AWS::EC2::Subnet"])
    assert not {"ec2:CreateSubnet", "ec2:DeleteSubnet"} & set(found)


def test_secrets_that_are_read_and_stored_and_keys_are_part_of_it(shop):
    found = needed(shop.run("permissions", "--output", "json"))
    assert found["secrets aws-ssm"] == {
        "ssm:GetParameters": ("plan", ["aws-ssm:/it"]),
        "kms:Decrypt": ("plan", ["aws-ssm:/it"]),
    }
    assert found["secrets aws-sm"]["secretsmanager:PutSecretValue"] == ("apply", ["aws-sm:deploy#key"])
    assert set(found["encryption aws-kms"]) == {"kms:GenerateDataKey", "kms:Decrypt"}


def test_read_only_is_what_a_plan_needs(shop):
    found = needed(shop.run("permissions", "--read-only", "--output", "json"))
    assert {for_ for each in found.values() for for_, _ in each.values()} == {"plan"}
    assert "ec2:DescribeVpcs" in found["aws.eu"]


def test_the_iam_policy_allows_what_is_listed_and_no_more(shop):
    policy = json.loads(shop.run("permissions", "--as", "iam-policy").out)
    listed = needed(shop.run("permissions", "--output", "json"))
    assert policy["Version"] == "2012-10-17"
    assert [s["Sid"] for s in policy["Statement"]] == ["OpsctlPlan", "OpsctlApply"]
    assert {s["Effect"] for s in policy["Statement"]} == {"Allow"}
    allowed = [action for s in policy["Statement"] for action in s["Action"]]
    assert len(allowed) == len(set(allowed))
    assert set(allowed) == {n for name, each in listed.items() if name != "openstack" for n in each}


def test_the_azure_role_parts_actions_from_data_actions(stack):
    stack.write("opsctl.yaml", STACK.replace("aws-kms: alias/opsctl", "azure-kv: my-vault/opsctl"))
    stack.write(
        "group.yaml",
        "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Microsoft.Resources/resourceGroups\n"
        "metadata: {name: main}\nprovider: azure\nspec: {name: main, location: westeurope}\n",
    )
    (stack.folder / "opsctl.yaml").write_text(
        (stack.folder / "opsctl.yaml")
        .read_text()
        .replace("providers:\n", "providers:\n  azure: {subscription: s}\n")
    )
    ran = stack.run("permissions", "--as", "azure-role")
    assert ran.code == 0, ran.err
    role = json.loads(ran.out)
    assert "Microsoft.Resources/subscriptions/resourceGroups/write" in role["Actions"]
    assert "Microsoft.KeyVault/vaults/keys/unwrap/action" in role["DataActions"]
    assert not set(role["Actions"]) & set(role["DataActions"])


def test_types_need_no_stack(stack):
    ran = stack.run("permissions", "AWS::EC2::VPC", "OS::Neutron::Net")
    assert ran.code == 0, ran.err
    assert "aws\n  ec2:DescribeVpcAttribute  plan   AWS::EC2::VPC" in ran.out
    assert "\nopenstack\n  get_network     plan   OS::Neutron::Net" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("AWS::EC2::VPc",), 1, "did you mean 'AWS::EC2::VPC'"),
        (("DatabaseInstance",), 1, "depends on the cloud"),
        (("OS::Neutron::Net", "--as", "iam-policy"), 1, "nothing here needs a permission of aws"),
        (("--as", "iam"), 1, "write one of list, iam-policy, azure-role"),
    ],
)
def test_a_mistake_says_what_to_write(stack, arguments, code, said):
    ran = stack.run("permissions", *arguments)
    assert (ran.code, said in ran.err) == (code, True), ran.err


@pytest.mark.parametrize("family", ["aws", "azure", "openstack"])
def test_every_kind_of_a_cloud_says_what_it_needs(family):
    """To read it; and to make it, where it is not only looked up."""
    catalogue = bootstrap.catalogue()
    for type in catalogue.types(family):
        kind = catalogue.kind(type)
        assert kind.reading, type
        assert kind.data_only or set(kind.permissions) - set(kind.reading), type
        assert len(set(kind.permissions)) == len(kind.permissions), type


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("ec2:DescribeVpcs", True),
        ("s3:ListAllMyBuckets", True),
        ("Microsoft.Network/virtualNetworks/read", True),
        ("get_port", True),
        ("volume:get_all", True),
        ("os_compute_api:servers:detail", True),
        ("os_load-balancer_api:listener:post", False),
        ("Microsoft.Storage/storageAccounts/listKeys/action", False),
        ("ec2:CreateTags", False),
        ("volume:create", False),
    ],
)
def test_what_only_reads_is_told_by_its_name(name, reads):
    assert only_reads(name) is reads
