"""Stale reads of EC2: an object may be missing from reads for a while after it was made.

Source: "Ensuring eventual consistency in the Amazon EC2 API". S3 and RDS make no such reservation, so their reads are
never stale here. Only absence is simulated: a list leaves the object out, and naming it is an Invalid...NotFound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from providers.aws.sandbox.refusals import Refusal
from providers.aws.sandbox.wire import Call

if TYPE_CHECKING:
    from providers.aws.sandbox.world import World

_MADE: Final = {
    "RunInstances": b"instanceId",
    "CreateVpc": b"vpcId",
    "CreateSubnet": b"subnetId",
    "CreateInternetGateway": b"internetGatewayId",
    "CreateRouteTable": b"routeTableId",
    "CreateSecurityGroup": b"groupId",
}
_READ: Final = {
    "DescribeInstances": ("reservationSet", "instanceId", "InvalidInstanceID.NotFound", "InstanceId"),
    "DescribeVpcs": ("vpcSet", "vpcId", "InvalidVpcID.NotFound", "VpcId"),
    "DescribeSubnets": ("subnetSet", "subnetId", "InvalidSubnetID.NotFound", "SubnetId"),
    "DescribeInternetGateways": (
        "internetGatewaySet",
        "internetGatewayId",
        "InvalidInternetGatewayID.NotFound",
        "InternetGatewayId",
    ),
    "DescribeRouteTables": ("routeTableSet", "routeTableId", "InvalidRouteTableID.NotFound", "RouteTableId"),
    "DescribeSecurityGroups": ("securityGroupInfo", "groupId", "InvalidGroup.NotFound", "GroupId"),
}


def remember(call: Call, world: World, body: bytes) -> None:
    """Note when an object was made."""
    tag = _MADE.get(call.operation)
    if tag is not None:
        for found in re.findall(rb"<" + tag + rb">([^<]+)<", body):
            world.created.setdefault(found.decode(), world.now())


def _fresh(world: World, seconds: float) -> set[str]:
    return {i for i, at in world.created.items() if world.now() - at < seconds}


def refusal(call: Call, world: World, seconds: float) -> Refusal | None:
    """What naming an object too early is answered."""
    if not seconds or call.operation not in _READ:
        return None
    _, _, code, parameter = _READ[call.operation]
    early = sorted(set(call.each(parameter)) & _fresh(world, seconds))
    return Refusal(code, f"The ID '{early[0]}' does not exist") if early else None


def strip(call: Call, world: World, body: bytes, seconds: float) -> bytes:
    """A list without the objects that do not show yet."""
    hidden = _fresh(world, seconds) if seconds and call.operation in _READ else set()
    if not hidden:
        return body
    group, tag, _, _ = _READ[call.operation]
    root = ET.fromstring(body)  # noqa: S314 - moto's own answer
    space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
    for listed in root.findall(space + group):
        for parent, item in list(_items(listed, space)):
            if item.findtext(space + tag) in hidden:
                parent.remove(item)
        for reservation in listed.findall(f"{space}item[{space}instancesSet]"):
            if not len(reservation.find(space + "instancesSet") or ()):
                listed.remove(reservation)
    if space:
        ET.register_namespace("", space.strip("{}"))
    stripped: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return stripped


def _items(listed: ET.Element, space: str) -> Iterator[tuple[ET.Element, ET.Element]]:
    for item in listed.findall(space + "item"):
        yield listed, item
        nested = item.find(space + "instancesSet")
        if nested is not None:
            for inner in nested.findall(space + "item"):
                yield nested, inner
