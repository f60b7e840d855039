"""The IAM actions that each kind needs, as the Service Authorization Reference names them.

Enters: a type. Leaves: actions. Holds: a test runs every kind through its life and compares what it called. An action
has the name of its operation, but for those of S3 in ``ACTIONS``; what an operation asks for beside itself is listed too
(tags that are set at creation, a role that is passed on).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACTIONS: Final[Mapping[str, str]] = {
    "ListBuckets": "ListAllMyBuckets",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
"""Operations of S3 whose action has another name."""
_TAGS: Final = ("CreateTags", "DeleteTags")
_RDS_TAGS: Final = ("AddTagsToResource", "RemoveTagsFromResource")
_EC2: Final[Mapping[str, tuple[str, ...]]] = {
    "VPC": ("DescribeVpcs", "DescribeVpcAttribute", "CreateVpc", "ModifyVpcAttribute", "DeleteVpc", *_TAGS),
    "Subnet": ("DescribeSubnets", "CreateSubnet", "ModifySubnetAttribute", "DeleteSubnet", *_TAGS),
    "InternetGateway": ("DescribeInternetGateways", "CreateInternetGateway", "DeleteInternetGateway", *_TAGS),
    "VPCGatewayAttachment": ("DescribeInternetGateways", "AttachInternetGateway", "DetachInternetGateway"),
    "RouteTable": ("DescribeRouteTables", "CreateRouteTable", "DeleteRouteTable", *_TAGS),
    "Route": ("DescribeRouteTables", "CreateRoute", "ReplaceRoute", "DeleteRoute"),
    "SubnetRouteTableAssociation": ("DescribeRouteTables", "AssociateRouteTable", "DisassociateRouteTable"),
    "SecurityGroup": (
        "DescribeSecurityGroups",
        "CreateSecurityGroup",
        "DeleteSecurityGroup",
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "UpdateSecurityGroupRuleDescriptionsIngress",
        "UpdateSecurityGroupRuleDescriptionsEgress",
        *_TAGS,
    ),
    "SecurityGroupIngress": (
        "DescribeSecurityGroupRules",
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
        "UpdateSecurityGroupRuleDescriptionsIngress",
    ),
    "SecurityGroupEgress": (
        "DescribeSecurityGroupRules",
        "AuthorizeSecurityGroupEgress",
        "RevokeSecurityGroupEgress",
        "UpdateSecurityGroupRuleDescriptionsEgress",
    ),
    "Instance": (
        "DescribeInstances",
        "RunInstances",
        "StartInstances",
        "StopInstances",
        "TerminateInstances",
        "ModifyInstanceAttribute",
        "ModifyInstanceMetadataOptions",
        "MonitorInstances",
        "UnmonitorInstances",
        *_TAGS,
    ),
}
_RDS: Final[Mapping[str, tuple[str, ...]]] = {
    "DBInstance": (
        "DescribeDBInstances",
        "CreateDBInstance",
        "ModifyDBInstance",
        "DeleteDBInstance",
        *_RDS_TAGS,
    ),
    "DBSubnetGroup": (
        "DescribeDBSubnetGroups",
        "ListTagsForResource",
        "CreateDBSubnetGroup",
        "ModifyDBSubnetGroup",
        "DeleteDBSubnetGroup",
        *_RDS_TAGS,
    ),
}
_BUCKET: Final = (
    "ListBuckets",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketEncryption",
    "GetPublicAccessBlock",
    "CreateBucket",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutBucketEncryption",
    "PutPublicAccessBlock",
    "DeleteBucket",
)
_BESIDE: Final[Mapping[str, tuple[str, ...]]] = {"AWS::EC2::Instance": ("iam:PassRole",)}
"""What is needed and is no call of ours: an instance profile is passed on."""
OPERATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    **{f"AWS::EC2::{name}": called for name, called in _EC2.items()},
    **{f"AWS::RDS::{name}": called for name, called in _RDS.items()},
    "AWS::S3::Bucket": _BUCKET,
}
"""The operations of the API that a kind calls."""


def actions(type: str) -> tuple[str, ...]:
    """All that a kind needs. Raises KeyError for a type that is not in the table."""
    service = type.split("::")[1].lower()
    own = (f"{service}:{ACTIONS.get(name, name)}" for name in OPERATIONS[type])
    return (*own, *_BESIDE.get(type, ()))
