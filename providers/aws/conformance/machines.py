"""A sample of an instance."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Behind, Hand, Of, Sample
from providers.aws.conformance.hands import (
    APP,
    GROUP,
    TAGGED,
    VPC,
    ec2,
    id_of,
    ids,
    subnet,
)


def _instance(**change: Any) -> Behind:
    return ec2("modify_instance_attribute", InstanceId=id_of, **change)


def _resized(hand: Hand) -> None:
    hand.raw.ec2.stop_instances(InstanceIds=[hand.id])
    hand.wait(11)
    hand.raw.ec2.modify_instance_attribute(InstanceId=hand.id, InstanceType={"Value": hand.value})
    hand.raw.ec2.start_instances(InstanceIds=[hand.id])
    hand.wait(11)


def _stopped(hand: Hand) -> None:
    hand.raw.ec2.stop_instances(InstanceIds=[hand.id])
    hand.wait(11)


_METADATA: Final = "an option beside the one that is tried"
_INSTANCE = Sample(
    type="AWS::EC2::Instance",
    minimal={"ImageId": "ami-12345678", "SubnetId": Of("subnet")},
    more={
        "InstanceType": "t3.micro",
        "SecurityGroupIds": [Of("group")],
        "MetadataOptions": {"HttpTokens": "required"},
        "UserData": "#!/bin/sh\ntrue\n",
        "Tags": APP,
    },
    parents={"vpc": VPC, "subnet": subnet(0), "group": GROUP, "other": GROUP},
    updates={
        "InstanceType": "t3.small",
        "SourceDestCheck": False,
        "Monitoring": True,
        "EbsOptimized": True,
        "MetadataOptions.HttpTokens": "optional",
        "Tags": [],
        "State.Name": "stopped",
    },
    replaces={
        "ImageId": "ami-87654321",
        "UserData": "#!/bin/sh\nfalse\n",
        "KeyName": "other",
        "AvailabilityZone": "eu-central-1c",
        "PrivateIpAddress": "10.0.0.77",
        "SubnetId": "subnet-other",
        "IamInstanceProfile": "other",
    },
    planned=dict.fromkeys(
        (
            "ImageId",
            "UserData",
            "KeyName",
            "AvailabilityZone",
            "PrivateIpAddress",
            "SubnetId",
            "IamInstanceProfile",
        ),
        "the plan says enough: an instance takes its time",
    ),
    behind={
        "State.Name": _stopped,
        "InstanceType": _resized,
        "Monitoring": ec2("monitor_instances", InstanceIds=ids),
        "EbsOptimized": _instance(EbsOptimized={"Value": True}),
        "SourceDestCheck": _instance(SourceDestCheck={"Value": False}),
        "MetadataOptions.HttpTokens": ec2(
            "modify_instance_metadata_options", InstanceId=id_of, HttpTokens="optional"
        ),
        "Tags": TAGGED,
    },
    untried={
        "SecurityGroupIds": "moto shows the groups of before beside those that replaced them",
        "BlockDeviceMappings": "a shape of its own: see the tests of the provider",
        "NetworkInterfaces": "in place of a subnet and groups",
        "MetadataOptions.HttpEndpoint": _METADATA,
        "MetadataOptions.HttpProtocolIpv6": _METADATA,
        "MetadataOptions.HttpPutResponseHopLimit": _METADATA,
        "MetadataOptions.InstanceMetadataTags": _METADATA,
    },
    kept={
        "InstanceType": "without a word the type stays",
        "SecurityGroupIds": "without a word the groups stay",
    },
)


SAMPLES: Final = (_INSTANCE,)
