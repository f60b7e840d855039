"""Samples of networks, routes and security groups."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Hand, Of, Sample, Unique
from providers.aws.conformance.hands import (
    APP,
    ATTACHED,
    GATEWAY,
    GROUP,
    TABLE,
    TAGGED,
    TARGET,
    VPC,
    ec2,
    id_of,
    ids,
    parent,
    subnet,
    switched,
    tags,
)

_NETWORK = (
    Sample(
        type="AWS::EC2::VPC",
        minimal={"CidrBlock": "10.9.0.0/16"},
        more={"EnableDnsHostnames": True, "EnableDnsSupport": True, "Tags": APP},
        updates={"EnableDnsHostnames": False, "EnableDnsSupport": False, "Tags": tags(app="other", new="x")},
        replaces={"CidrBlock": "10.8.0.0/16", "InstanceTenancy": "dedicated"},
        behind={
            "EnableDnsHostnames": switched("EnableDnsHostnames"),
            "EnableDnsSupport": switched("EnableDnsSupport"),
            "Tags": TAGGED,
        },
    ),
    Sample(
        type="AWS::EC2::Subnet",
        minimal={"VpcId": Of("vpc"), "CidrBlock": "10.0.9.0/24"},
        more={
            "AvailabilityZone": "eu-central-1b",
            "MapPublicIpOnLaunch": False,
            "AssignIpv6AddressOnCreation": False,
            "Tags": APP,
        },
        parents={"vpc": VPC},
        updates={"MapPublicIpOnLaunch": True, "AssignIpv6AddressOnCreation": True, "Tags": []},
        replaces={"CidrBlock": "10.0.8.0/24", "AvailabilityZone": "eu-central-1a", "VpcId": "vpc-other"},
        planned={"VpcId": "there is no such network"},
        behind={
            "MapPublicIpOnLaunch": ec2(
                "modify_subnet_attribute", SubnetId=id_of, MapPublicIpOnLaunch=lambda h: {"Value": h.value}
            ),
            "AssignIpv6AddressOnCreation": ec2(
                "modify_subnet_attribute",
                SubnetId=id_of,
                AssignIpv6AddressOnCreation=lambda h: {"Value": h.value},
            ),
            "Tags": ec2("delete_tags", Resources=ids, Tags=[{"Key": "app"}]),
        },
    ),
    Sample(
        type="AWS::EC2::InternetGateway",
        minimal={},
        more={"Tags": APP},
        updates={"Tags": tags(app="x")},
        behind={"Tags": TAGGED},
    ),
    Sample(
        type="AWS::EC2::RouteTable",
        minimal={"VpcId": Of("vpc")},
        more={"Tags": APP},
        parents={"vpc": VPC},
        updates={"Tags": tags(app="x")},
        replaces={"VpcId": "vpc-other"},
        planned={"VpcId": "there is no such network"},
        behind={"Tags": TAGGED},
    ),
)


def _swapped_gateway(hand: Hand) -> None:
    vpc, old = hand.parents["vpc"].id, hand.seen.spec["InternetGatewayId"]
    hand.raw.ec2.detach_internet_gateway(VpcId=vpc, InternetGatewayId=old)
    hand.raw.ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=hand.value)


def _swapped_route(hand: Hand) -> None:
    table, block = hand.id.split("|")
    hand.raw.ec2.replace_route(RouteTableId=table, DestinationCidrBlock=block, GatewayId=hand.value)


_ROUTING = (
    Sample(
        type="AWS::EC2::VPCGatewayAttachment",
        minimal={"VpcId": Of("vpc"), "InternetGatewayId": Of("gateway")},
        parents={"vpc": VPC, "gateway": GATEWAY, "other": GATEWAY},
        updates={"InternetGatewayId": Of("other")},
        replaces={"VpcId": "vpc-other"},
        planned={"VpcId": "there is no such network"},
        behind={"InternetGatewayId": _swapped_gateway},
    ),
    Sample(
        type="AWS::EC2::Route",
        minimal={
            "RouteTableId": Of("table"),
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": Of("gateway"),
        },
        parents={"vpc": VPC, "gateway": GATEWAY, "other": GATEWAY, "attached": ATTACHED, "table": TABLE},
        updates={"GatewayId": Of("other")},
        replaces={"DestinationCidrBlock": "10.77.0.0/16", "RouteTableId": "rtb-other"},
        planned={"RouteTableId": "there is no such table"},
        behind={"GatewayId": _swapped_route},
        untried=dict.fromkeys(
            ("InstanceId", "NatGatewayId", "NetworkInterfaceId", "VpcPeeringConnectionId"), TARGET
        ),
    ),
    Sample(
        type="AWS::EC2::SubnetRouteTableAssociation",
        minimal={"SubnetId": Of("subnet"), "RouteTableId": Of("table")},
        parents={"vpc": VPC, "subnet": subnet(0), "table": TABLE},
        replaces={"RouteTableId": "rtb-other", "SubnetId": "subnet-other"},
        planned={"RouteTableId": "there is no such table", "SubnetId": "there is no such subnet"},
    ),
)
HTTP: Final = {
    "IpProtocol": "tcp",
    "FromPort": 80,
    "ToPort": 80,
    "CidrIp": "10.0.0.0/8",
    "Description": "web",
}
_RAW_HTTP: Final = {
    "IpProtocol": "tcp",
    "FromPort": 80,
    "ToPort": 80,
    "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "other"}],
}
_RAW_SSH: Final = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_RAW_ALL: Final = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def _rule(type: str, reworded: str, more: tuple[str, ...]) -> Sample:
    peers = ("CidrIpv6", *more)
    return Sample(
        type=type,
        minimal={"GroupId": Of("group"), **{k: v for k, v in HTTP.items() if k != "Description"}},
        more={"Description": "web"},
        parents={"vpc": VPC, "group": GROUP},
        updates={"Description": "other"},
        replaces={
            "FromPort": 79,
            "ToPort": 81,
            "CidrIp": "10.0.0.0/9",
            "IpProtocol": "udp",
            "GroupId": "sg-other",
        },
        planned={"GroupId": "there is no such group"},
        kept={"Description": "moto keeps one that is left out; EC2 takes it away, as its API reference says"},
        behind={"Description": ec2(reworded, GroupId=parent("group"), IpPermissions=[_RAW_HTTP])},
        untried=dict.fromkeys(peers, "in place of addresses"),
    )


_GROUPS = (
    Sample(
        type="AWS::EC2::SecurityGroup",
        minimal={"GroupDescription": "web", "VpcId": Of("vpc")},
        more={
            "SecurityGroupIngress": [HTTP, {"IpProtocol": "all", "SourceSecurityGroupId": Of("group")}],
            "SecurityGroupEgress": [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}],
            "Tags": APP,
        },
        parents={"vpc": VPC, "group": GROUP},
        updates={
            "SecurityGroupIngress": [HTTP | {"Description": "said otherwise"}, HTTP | {"FromPort": 79}],
            "SecurityGroupEgress": [
                {"IpProtocol": "TCP", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8"}
            ],
            "Tags": tags(app="x"),
        },
        replaces={"GroupDescription": "other", "GroupName": Unique(), "VpcId": "vpc-other"},
        planned={"VpcId": "there is no such network"},
        behind={
            "SecurityGroupIngress": ec2(
                "authorize_security_group_ingress", GroupId=id_of, IpPermissions=[_RAW_SSH]
            ),
            "SecurityGroupEgress": ec2(
                "revoke_security_group_egress", GroupId=id_of, IpPermissions=[_RAW_ALL]
            ),
            "Tags": TAGGED,
        },
    ),
    _rule(
        "AWS::EC2::SecurityGroupIngress",
        "update_security_group_rule_descriptions_ingress",
        ("SourcePrefixListId", "SourceSecurityGroupId"),
    ),
    _rule(
        "AWS::EC2::SecurityGroupEgress",
        "update_security_group_rule_descriptions_egress",
        ("DestinationPrefixListId", "DestinationSecurityGroupId"),
    ),
)


SAMPLES: Final = (*_NETWORK, *_ROUTING, *_GROUPS)
