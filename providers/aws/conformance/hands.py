"""boto3 as it is for changes by hand, and the parents that many samples have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from orchestrator.kit.sample import Behind, Hand, Of, Parent

REGION_ZONES: Final = ("a", "b", "c")
TARGET: Final = "another sort of target: seen as a difference of the one that is wanted"
NOT_HERE: Final = "the sandbox has none of these"


def connect(settings: Mapping[str, Any], _folder: Path) -> Any:
    """The vendor's own clients, connected as the provider is."""
    import boto3  # noqa: PLC0415 - lazy: the SDK costs 0.3 s
    from botocore.config import Config  # noqa: PLC0415

    session = boto3.Session(
        region_name=settings["region"],
        aws_access_key_id=settings.get("accessKeyId"),
        aws_secret_access_key=settings.get("secretAccessKey"),
        profile_name=settings.get("profile"),
    )
    made = {
        name: session.client(
            name,
            endpoint_url=settings.get("endpoint"),
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )
        for name in ("ec2", "rds", "s3")
    }
    return SimpleNamespace(**made, region=settings["region"])


def close(raw: Any) -> None:
    """Let go of their connections."""
    for client in (raw.ec2, raw.rds, raw.s3):
        client.close()


def tags(**pairs: str) -> list[dict[str, str]]:
    """As AWS writes them."""
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def ec2(operation: str, **params: Any) -> Behind:
    """One call of EC2; a parameter that is a function is given the hand."""

    def change(hand: Hand) -> None:
        asked = {name: value(hand) if callable(value) else value for name, value in params.items()}
        getattr(hand.raw.ec2, operation)(**asked)

    return change


def id_of(hand: Hand) -> str:
    """The object's id."""
    return hand.id


def ids(hand: Hand) -> list[str]:
    """The object's id, where AWS takes many."""
    return [hand.id]


def parent(name: str) -> Callable[[Hand], str]:
    """The id of what was made before."""
    return lambda hand: hand.parents[name].id


TAGGED: Final = ec2("create_tags", Resources=ids, Tags=tags(made="by hand"))
VPC: Final = Parent("AWS::EC2::VPC", {"CidrBlock": "10.0.0.0/16"})
GROUP: Final = Parent("AWS::EC2::SecurityGroup", {"GroupDescription": "d", "VpcId": Of("vpc")})
GATEWAY: Final = Parent("AWS::EC2::InternetGateway", {})
ATTACHED: Final = Parent(
    "AWS::EC2::VPCGatewayAttachment", {"VpcId": Of("vpc"), "InternetGatewayId": Of("gateway")}
)
TABLE: Final = Parent("AWS::EC2::RouteTable", {"VpcId": Of("vpc")})
APP: Final = tags(app="shop")


def subnet(number: int) -> Parent:
    """A subnet in a zone of its own."""
    zone = f"eu-central-1{REGION_ZONES[number]}"
    spec = {"VpcId": Of("vpc"), "CidrBlock": f"10.0.{number}.0/24", "AvailabilityZone": zone}
    return Parent("AWS::EC2::Subnet", spec)


def switched(name: str) -> Behind:
    """Switch an attribute of a network."""
    return ec2("modify_vpc_attribute", VpcId=id_of, **{name: lambda hand: {"Value": hand.value}})
