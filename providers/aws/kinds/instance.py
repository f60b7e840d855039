"""Instances: made under a client token, stopped and started where a change needs it."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.model.health import Health
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Observed, Request
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from providers.aws import health, tags
from providers.aws.client import Client
from providers.aws.kind import ABSENT, Creation, Step, Wait
from providers.aws.kinds.ec2 import Raw, Tagged, ec2
from providers.aws.kinds.network import tagged_schema

_GOING: Final = ("shutting-down", "terminated")
_RUNNING: Final = ("pending", "running")
_LAUNCH: Final = (
    "EbsOptimized",
    "ImageId",
    "InstanceType",
    "KeyName",
    "MetadataOptions",
    "PrivateIpAddress",
    "SecurityGroupIds",
    "SubnetId",
)
_METADATA: Final = ("HttpEndpoint", "HttpPutResponseHopLimit", "HttpTokens")


class Instance(Tagged):
    """A machine. ``State.Name`` is ours: ``running`` unless the spec says ``stopped``."""

    type = "AWS::EC2::Instance"
    resource = "instance"
    describe = ("DescribeInstances", "Reservations")
    create = ("RunInstances", "")
    delete = "TerminateInstances"
    id_key = "InstanceId"
    failed = ("terminated", "shutting-down")
    pause = 2.0

    def make_schema(self) -> KindSchema:
        """Type and storage path change with a stop; what is only read at launch replaces the machine."""
        wanted_state = Property("string", enum=("running", "stopped"), description="running, or stopped")
        notes: dict[str, dict[str, Any]] = {
            "ImageId": {"required": True},
            "InstanceType": {"default": "m1.small"},
            "EbsOptimized": {"default": False},
            "Monitoring": {"default": False},
            "SourceDestCheck": {"default": True},
            "IamInstanceProfile": {"create_only": True},
            "State": {
                "read_only": False,
                "default": {"Name": "running"},
                "properties": {"Name": wanted_state},
            },
        }
        for name in ("UserData", "NetworkInterfaces", "BlockDeviceMappings"):
            notes[name] = {"create_only": True, "write_only": True}
        status = {"AvailabilityZone": "string", "SubnetId": "string"}
        moving = ("PublicIp", "PublicDnsName", "State")
        return tagged_schema(self.type, notes, status, moving=moving, marking=Marking.TOKEN, readiness=True)

    def items(self, client: Client, params: Mapping[str, Any]) -> Iterator[Raw]:
        """Out of their reservations."""
        for reservation in super().items(client, params):
            yield from reservation["Instances"]

    def spec(self, raw: Raw) -> dict[str, Any]:
        """What can be read back; what is only read at launch cannot."""
        primary: Raw = next(iter(raw.get("NetworkInterfaces", ())), {})
        groups = primary.get("Groups") or raw.get("SecurityGroups", ())
        told = {
            **{
                name: raw.get(name)
                for name in ("ImageId", "InstanceType", "KeyName", "SubnetId", "PrivateIpAddress")
            },
            "EbsOptimized": bool(raw.get("EbsOptimized")),
            "Monitoring": raw.get("Monitoring", {}).get("State") in {"enabled", "pending"},
            "SourceDestCheck": raw.get("SourceDestCheck", True),
            "AvailabilityZone": raw.get("Placement", {}).get("AvailabilityZone"),
            "SecurityGroupIds": sorted(group["GroupId"] for group in groups),
            "IamInstanceProfile": raw.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2] or None,
            "MetadataOptions": {n: v for n, v in raw.get("MetadataOptions", {}).items() if n in _METADATA},
            "State": {"Name": "running" if raw["State"]["Name"] in _RUNNING else "stopped"},
        }
        return {name: value for name, value in told.items() if value is not None}

    def status(self, raw: Raw) -> dict[str, Any]:
        """Addresses are there while it runs."""
        told = {
            "InstanceId": raw["InstanceId"],
            "PrivateIp": raw.get("PrivateIpAddress"),
            "PrivateDnsName": raw.get("PrivateDnsName"),
            "PublicIp": raw.get("PublicIpAddress"),
            "PublicDnsName": raw.get("PublicDnsName"),
            "VpcId": raw.get("VpcId"),
            "SubnetId": raw.get("SubnetId"),
            "AvailabilityZone": raw.get("Placement", {}).get("AvailabilityZone"),
            "State": {"Code": str(raw["State"].get("Code", "")), "Name": raw["State"]["Name"]},
        }
        return {name: value for name, value in told.items() if value not in (None, "")}

    def creation(self, request: Request, token: str) -> Creation:
        """One machine under the intent's token."""
        asked = {
            **_launch(request.want),
            "MinCount": 1,
            "MaxCount": 1,
            "ClientToken": str(token)[:64],
            "TagSpecifications": [{"ResourceType": self.resource, "Tags": tags.wanted(request)}],
        }
        return Creation(
            ec2("RunInstances", asked),
            id=lambda answer: str(answer["Instances"][0]["InstanceId"]),
            then=lambda made: self._after_launch(made, request),
        )

    def _after_launch(self, id: str, request: Request) -> list[Step]:
        steps: list[Step] = [Wait(("running", "stopped"))]
        if request.want.get("SourceDestCheck", True) is False:
            steps.append(_attribute(id, "SourceDestCheck", value=False))
        if request.want.get("State", {}).get("Name") == "stopped":
            steps += _stop(id)
        return steps

    def changes(self, id: str, request: Request, names: set[str]) -> list[Step]:
        """First what a running machine takes, then what needs it stopped, then the state that is wanted."""
        want, steps = request.want, list[Step]()
        if "SecurityGroupIds" in names & want.keys():
            steps.append(
                ec2("ModifyInstanceAttribute", {"InstanceId": id, "Groups": want["SecurityGroupIds"]})
            )
        if "SourceDestCheck" in names:
            steps.append(_attribute(id, "SourceDestCheck", value=want.get("SourceDestCheck", True)))
        if "Monitoring" in names:
            word = "MonitorInstances" if want.get("Monitoring") else "UnmonitorInstances"
            steps.append(ec2(word, {"InstanceIds": [id]}))
        if "MetadataOptions" in names & want.keys():
            steps.append(ec2("ModifyInstanceMetadataOptions", {"InstanceId": id, **want["MetadataOptions"]}))
        cold = [n for n in ("InstanceType", "EbsOptimized") if n in names]
        if cold:
            steps += _stop(id)
            usual = {name: self.schema.spec.properties[name].default for name in cold}
            steps += [_attribute(id, name, value=want.get(name, usual[name])) for name in cold]
        if cold or "State" in names:
            stopped = want.get("State", {}).get("Name") == "stopped"
            steps += _stop(id) if stopped else _start(id)
        return steps

    def deletion(self, id: str, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """It holds its addresses and groups until it is terminated."""
        return [ec2("TerminateInstances", {"InstanceIds": [id]}, "missing"), Wait(("terminated", ABSENT))]

    def state(self, observed: Observed | None) -> str:
        """EC2's own word."""
        return ABSENT if observed is None else str(observed.status["State"]["Name"])

    def is_going(self, observed: Observed) -> bool:
        """A terminated machine is listed for about an hour."""
        return self.state(observed) in _GOING

    def assess(self, observed: Observed) -> Health:
        """By its state."""
        wanted = str(observed.spec.get("State", {}).get("Name", "running"))
        return health.instance(self.state(observed), wanted)


def _launch(want: Mapping[str, Any]) -> dict[str, Any]:
    asked = {name: want[name] for name in _LAUNCH if name in want}
    if "UserData" in want:
        asked["UserData"] = _plain(reveal(want["UserData"]))
    if "Monitoring" in want:
        asked["Monitoring"] = {"Enabled": want["Monitoring"]}
    if "AvailabilityZone" in want:
        asked["Placement"] = {"AvailabilityZone": want["AvailabilityZone"]}
    if "IamInstanceProfile" in want:
        asked["IamInstanceProfile"] = {"Name": want["IamInstanceProfile"]}
    if "BlockDeviceMappings" in want:
        asked["BlockDeviceMappings"] = want["BlockDeviceMappings"]
    if "NetworkInterfaces" in want:
        asked["NetworkInterfaces"] = [_interface(each) for each in want["NetworkInterfaces"]]
    return asked


def _plain(data: str) -> str:
    """CloudFormation wants user data in base64, and the SDK encodes it: both ways of writing it are taken."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except ValueError:
        return data


def _interface(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The API counts where CloudFormation writes, and calls the groups otherwise."""
    asked = {name: value for name, value in spec.items() if name not in {"DeviceIndex", "GroupSet"}}
    asked["DeviceIndex"] = int(spec["DeviceIndex"])
    if "GroupSet" in spec:
        asked["Groups"] = spec["GroupSet"]
    return {"DeleteOnTermination": True, **asked}


def _attribute(id: str, name: str, *, value: Any) -> Step:
    return ec2("ModifyInstanceAttribute", {"InstanceId": id, name: {"Value": value}})


def _stop(id: str) -> list[Step]:
    return [ec2("StopInstances", {"InstanceIds": [id]}), Wait(("stopped",))]


def _start(id: str) -> list[Step]:
    return [ec2("StartInstances", {"InstanceIds": [id]}), Wait(("running",))]
