"""The sandbox's network: what is in use stays, and reads may be stale."""

import pytest
from botocore.exceptions import ClientError

from orchestrator.kit.simulation.faults import Rule


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_vpc_in_use_stays(ec2, network):
    """Subnets, groups and a gateway each keep a VPC."""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    assert refused(ec2.delete_vpc, VpcId=network.vpc) == "DependencyViolation"
    for subnet in network.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    assert refused(ec2.delete_vpc, VpcId=network.vpc) == "DependencyViolation"
    ec2.delete_security_group(GroupId=network.group)
    assert refused(ec2.delete_vpc, VpcId=network.vpc) == "DependencyViolation"
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    ec2.delete_vpc(VpcId=network.vpc)


def test_a_gateway_stays_while_addresses_are_mapped(cloud, ec2, network):
    """An instance with a public address keeps the gateway attached."""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    interface = {"DeviceIndex": 0, "SubnetId": network.subnets[0], "AssociatePublicIpAddress": True}
    made = ec2.run_instances(
        ImageId="ami-12345678", InstanceType="t3.micro", MinCount=1, MaxCount=1, NetworkInterfaces=[interface]
    )["Instances"][0]
    asked = {"InternetGatewayId": gateway, "VpcId": network.vpc}
    assert refused(ec2.detach_internet_gateway, **asked) == "DependencyViolation"
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    cloud.pass_time()
    ec2.detach_internet_gateway(**asked)


def test_a_group_that_another_refers_to_stays(ec2, network):
    """A rule that names a group keeps that group."""
    other = ec2.create_security_group(VpcId=network.vpc, GroupName="o", Description="d")["GroupId"]
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 80,
        "ToPort": 80,
        "UserIdGroupPairs": [{"GroupId": network.group}],
    }
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[permission])
    assert refused(ec2.delete_security_group, GroupId=network.group) == "DependencyViolation"
    ec2.delete_security_group(GroupId=other)
    ec2.delete_security_group(GroupId=network.group)


def ids(answer, listed, name):
    return {item[name] for item in answer[listed]}


def test_stale_reads_hide_what_is_new(cloud, ec2, network):
    """Lists leave it out and naming it is not found, for as long as the rule says; what is older shows."""
    cloud.pass_time(60)
    fresh = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    cloud.faults.add(Rule("stale", operation="Describe*", seconds=5))
    seen = ids(ec2.describe_vpcs(), "Vpcs", "VpcId")
    assert network.vpc in seen
    assert fresh not in seen
    assert refused(ec2.describe_vpcs, VpcIds=[fresh]) == "InvalidVpcID.NotFound"
    assert ids(ec2.describe_subnets(), "Subnets", "SubnetId") >= set(network.subnets)
    cloud.pass_time(6)
    assert fresh in ids(ec2.describe_vpcs(VpcIds=[fresh]), "Vpcs", "VpcId")


def test_a_stale_instance_is_hidden_with_its_reservation(cloud, ec2):
    """A reservation without visible instances is not listed either."""
    ec2.run_instances(ImageId="ami-12345678", InstanceType="t3.micro", MinCount=1, MaxCount=1)
    cloud.faults.add(Rule("stale", operation="DescribeInstances", seconds=5))
    assert ec2.describe_instances()["Reservations"] == []
    cloud.pass_time(6)
    assert len(ec2.describe_instances()["Reservations"]) == 1
