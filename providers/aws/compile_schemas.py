"""Build tool: compiles CloudFormation resource schemas into one small JSON file a kind.

In: the schemas that the ``cfn-lint`` wheel carries (a development dependency), and ``SUPPORTED`` below. Out: files in
``schemas/``, committed and shipped. Holds: a property that the provider does not handle is not in the file, so that
writing it is an error and never silently without effect. Run ``python -m providers.aws.compile_schemas``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent / "schemas"
_REGION: Final = "us-east-1"

SUPPORTED: Final[Mapping[str, str]] = {
    "AWS::EC2::VPC": "CidrBlock EnableDnsHostnames EnableDnsSupport InstanceTenancy Tags VpcId",
    "AWS::EC2::Subnet": "AssignIpv6AddressOnCreation AvailabilityZone CidrBlock MapPublicIpOnLaunch SubnetId Tags VpcId",
    "AWS::EC2::InternetGateway": "InternetGatewayId Tags",
    "AWS::EC2::VPCGatewayAttachment": "AttachmentType InternetGatewayId VpcId",
    "AWS::EC2::RouteTable": "RouteTableId Tags VpcId",
    "AWS::EC2::Route": "CidrBlock DestinationCidrBlock GatewayId InstanceId NatGatewayId NetworkInterfaceId "
    "RouteTableId VpcPeeringConnectionId",
    "AWS::EC2::SubnetRouteTableAssociation": "Id RouteTableId SubnetId",
    "AWS::EC2::SecurityGroup": "GroupDescription GroupId GroupName Id SecurityGroupEgress SecurityGroupIngress Tags "
    "VpcId",
    "AWS::EC2::SecurityGroupIngress": "CidrIp CidrIpv6 Description FromPort GroupId Id IpProtocol SourcePrefixListId "
    "SourceSecurityGroupId ToPort",
    "AWS::EC2::SecurityGroupEgress": "CidrIp CidrIpv6 Description DestinationPrefixListId DestinationSecurityGroupId "
    "FromPort GroupId Id IpProtocol ToPort",
    "AWS::EC2::Instance": "AvailabilityZone BlockDeviceMappings EbsOptimized IamInstanceProfile ImageId InstanceId "
    "InstanceType KeyName MetadataOptions Monitoring NetworkInterfaces PrivateDnsName PrivateIp PrivateIpAddress "
    "PublicDnsName PublicIp SecurityGroupIds SourceDestCheck State SubnetId Tags UserData VpcId",
    "AWS::RDS::DBSubnetGroup": "DBSubnetGroupArn DBSubnetGroupDescription DBSubnetGroupName SubnetIds Tags",
    "AWS::RDS::DBInstance": "AllocatedStorage AutoMinorVersionUpgrade AvailabilityZone BackupRetentionPeriod "
    "CopyTagsToSnapshot DBInstanceArn DBInstanceClass DBInstanceIdentifier DBInstanceStatus DBName DBSubnetGroupName "
    "DbiResourceId DeletionProtection EnableCloudwatchLogsExports Endpoint Engine EngineVersion KmsKeyId MasterUserPassword MasterUsername "
    "MaxAllocatedStorage MultiAZ Port PreferredBackupWindow PreferredMaintenanceWindow PubliclyAccessible "
    "StorageEncrypted StorageType Tags VPCSecurityGroups",
    "AWS::S3::Bucket": "Arn BucketEncryption BucketName DomainName PublicAccessBlockConfiguration RegionalDomainName "
    "Tags VersioningConfiguration",
}
"""The properties that the provider handles, by kind."""

SUMMARIES: Final[Mapping[str, str]] = {
    "AWS::EC2::VPC": "A virtual network",
    "AWS::EC2::Subnet": "A part of a virtual network in one zone",
    "AWS::EC2::InternetGateway": "A way from a network to the internet",
    "AWS::EC2::VPCGatewayAttachment": "A gateway on a network",
    "AWS::EC2::RouteTable": "A table of routes",
    "AWS::EC2::Route": "Where packets for one block of addresses go",
    "AWS::EC2::SubnetRouteTableAssociation": "Which route table a subnet uses",
    "AWS::EC2::SecurityGroup": "A set of rules for traffic, with its rules inline or as documents of their own",
    "AWS::EC2::SecurityGroupIngress": "One rule for traffic that comes in",
    "AWS::EC2::SecurityGroupEgress": "One rule for traffic that goes out",
    "AWS::EC2::Instance": "A virtual machine",
    "AWS::RDS::DBSubnetGroup": "Where databases may be put: subnets in two zones at least",
    "AWS::RDS::DBInstance": "A managed database server",
    "AWS::S3::Bucket": "An object store",
}
"""What each kind is, in a line: the vendor's own sentences are long, and some say nothing."""

_LEFT_OUT: Final = {
    "/properties/SecurityGroupIngress/*/SourceSecurityGroupName",
    "/properties/SecurityGroupIngress/*/SourceSecurityGroupOwnerId",
    "/properties/NetworkInterfaces/*/AssociateCarrierIpAddress",
    "/properties/NetworkInterfaces/*/EnaSrdSpecification",
    "/properties/BlockDeviceMappings/*/NoDevice",
    "/properties/BlockDeviceMappings/*/VirtualName",
    "/properties/BucketEncryption/ServerSideEncryptionConfiguration/*/BlockedEncryptionTypes",
}
_PLAIN: Final = ("string", "integer", "number", "boolean", "object", "array")


class Compiler:
    """One kind's schema on its way into a file."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema
        self.create_only = set(schema.get("createOnlyProperties", ()))
        self.read_only = set(schema.get("readOnlyProperties", ()))
        self.write_only = set(schema.get("writeOnlyProperties", ()))

    def compile(self, supported: Iterable[str]) -> dict[str, Any]:
        """The file's content: only what is supported, and only what opsctl asks of a schema."""
        required = set(self.schema.get("required", ()))
        properties = {
            name: self._node(self.schema["properties"][name], f"/properties/{name}", needed=name in required)
            for name in sorted(supported)
        }
        return {
            "type": self.schema["typeName"],
            "description": SUMMARIES[self.schema["typeName"]],
            "primaryIdentifier": [p.removeprefix("/properties/") for p in self.schema["primaryIdentifier"]],
            "taggable": bool(self.schema.get("tagging", {}).get("taggable")),
            "properties": properties,
        }

    def _node(self, raw: Mapping[str, Any], at: str, *, needed: bool) -> dict[str, Any]:
        node = self._resolved(raw)
        made: dict[str, Any] = {"type": _type(node)}
        if text := _sentence(raw.get("description") or node.get("description", "")):
            made["description"] = text
        flags = {
            "required": needed,
            "createOnly": at in self.create_only,
            "readOnly": at in self.read_only,
            "writeOnly": at in self.write_only,
        }
        made |= {name: True for name, set_ in flags.items() if set_}
        made |= {name: node[name] for name in ("enum", "minimum", "maximum") if name in node}
        if "items" in node:
            made["items"] = self._node(node["items"], f"{at}/*", needed=False)
            made["unordered"] = not node.get("insertionOrder", True)
        if "properties" in node:
            required = set(node.get("required", ()))
            made["properties"] = {
                name: self._node(inner, f"{at}/{name}", needed=name in required)
                for name, inner in sorted(node["properties"].items())
                if f"{at}/{name}" not in _LEFT_OUT
            }
        return made

    def _resolved(self, raw: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = raw.get("$ref")
        return self.schema["definitions"][reference.rpartition("/")[2]] if reference else raw


def _type(node: Mapping[str, Any]) -> str | list[str]:
    given = node.get("type", "object" if "properties" in node else "string")
    return given if isinstance(given, str) else [t for t in given if t in _PLAIN]


def _sentence(text: str) -> str:
    """The first sentence, without markup."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text.replace("``", "")).replace("*", "")
    first = re.split(r"(?<=[.!?])\s", plain.strip().replace("\n", " "), maxsplit=1)[0]
    return re.sub(r"\s+", " ", first)[:300]


def compiled() -> dict[str, dict[str, Any]]:
    """Every supported kind's content by its type name."""
    source = files("cfnlint") / "data" / "schemas"
    index = json.loads((source / "providers" / f"{_REGION}.json").read_text("utf-8"))
    made = {}
    for name, supported in SUPPORTED.items():
        schema = json.loads((source / "resources" / f"{index[name]}.json").read_text("utf-8"))
        made[name] = Compiler(schema).compile(supported.split())
    return made


def file_of(type_name: str) -> Path:
    """Where a kind's content is kept."""
    return FOLDER / f"{type_name.replace('::', '-').lower()}.json"


def render(content: Mapping[str, Any]) -> str:
    """A file's text: stable, so that a newer schema shows as a small difference."""
    return json.dumps(content, indent=1, sort_keys=False) + "\n"


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in compiled().items():
        file_of(name).write_text(render(content), "utf-8")


if __name__ == "__main__":
    main()
