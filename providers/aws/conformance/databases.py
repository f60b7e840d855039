"""Samples of databases and their subnet groups."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Behind, Hand, Of, Sample, Unique
from orchestrator.model.values import Secret
from providers.aws.conformance.hands import (
    APP,
    GROUP,
    NOT_HERE,
    VPC,
    subnet,
    tags,
)


def _database(**change: Any) -> Behind:
    def done(hand: Hand) -> None:
        asked = {name: value(hand) if callable(value) else value for name, value in change.items()}
        hand.raw.rds.modify_db_instance(DBInstanceIdentifier=hand.id, ApplyImmediately=True, **asked)
        hand.wait(11)

    return done


def _set(name: str, as_: type = str) -> Behind:
    return _database(**{name: lambda hand: as_(hand.value)})


def _rds_tagged(arn: str) -> Behind:
    return lambda hand: hand.raw.rds.add_tags_to_resource(
        ResourceName=hand.seen.status[arn], Tags=tags(made="by hand")
    )


def _subnet_group(hand: Hand) -> None:
    spec = {**hand.seen.spec, hand.path: hand.value}
    hand.raw.rds.modify_db_subnet_group(
        DBSubnetGroupName=hand.id,
        DBSubnetGroupDescription=spec["DBSubnetGroupDescription"],
        SubnetIds=spec["SubnetIds"],
    )


_DATABASES = (
    Sample(
        type="AWS::RDS::DBSubnetGroup",
        minimal={
            "DBSubnetGroupName": Unique(),
            "DBSubnetGroupDescription": "d",
            "SubnetIds": [Of("one"), Of("two")],
        },
        more={"Tags": APP},
        parents={"vpc": VPC, "one": subnet(0), "two": subnet(1), "three": subnet(2)},
        updates={
            "DBSubnetGroupDescription": "said otherwise",
            "SubnetIds": [Of("one"), Of("two"), Of("three")],
            "Tags": [],
        },
        replaces={"DBSubnetGroupName": Unique("{}-other")},
        write=_subnet_group,
        behind={"Tags": _rds_tagged("DBSubnetGroupArn")},
    ),
    Sample(
        type="AWS::RDS::DBInstance",
        minimal={
            "DBInstanceIdentifier": Unique(),
            "Engine": "mysql",
            "DBInstanceClass": "db.t3.micro",
            "AllocatedStorage": "20",
            "MasterUsername": "admin",
            "MasterUserPassword": Secret("correct-horse", "env:PASSWORD", "v1"),
        },
        more={
            "EngineVersion": "8.0",
            "VPCSecurityGroups": [Of("group")],
            "Port": "3307",
            "MaxAllocatedStorage": 100,
            "PreferredBackupWindow": "03:00-03:30",
            "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
            "PubliclyAccessible": False,
            "StorageType": "gp3",
            "Tags": APP,
        },
        parents={"vpc": VPC, "group": GROUP, "other": GROUP},
        updates={
            "DBInstanceClass": "db.t3.small",
            "AllocatedStorage": "30",
            "AutoMinorVersionUpgrade": False,
            "BackupRetentionPeriod": 3,
            "CopyTagsToSnapshot": True,
            "MasterUserPassword": Secret("battery-staple", "env:PASSWORD", "v2"),
            "MaxAllocatedStorage": 200,
            "MultiAZ": True,
            "Port": "3399",
            "PreferredBackupWindow": "04:00-04:30",
            "PreferredMaintenanceWindow": "mon:05:00-mon:06:00",
            "PubliclyAccessible": True,
            "StorageType": "gp2",
            "Tags": tags(app="x"),
            "VPCSecurityGroups": [Of("other")],
            "DeletionProtection": True,
        },
        replaces={
            "Engine": "postgres",
            "MasterUsername": "root",
            "StorageEncrypted": True,
            "DBInstanceIdentifier": Unique("{}-other"),
            "AvailabilityZone": "eu-central-1c",
            "DBName": "other",
            "DBSubnetGroupName": "other",
            "KmsKeyId": "other",
        },
        planned=dict.fromkeys(
            (
                "Engine",
                "MasterUsername",
                "StorageEncrypted",
                "DBInstanceIdentifier",
                "AvailabilityZone",
                "DBName",
                "DBSubnetGroupName",
                "KmsKeyId",
            ),
            "the plan says enough: a database takes its time",
        ),
        behind={
            "DBInstanceClass": _set("DBInstanceClass"),
            "AllocatedStorage": _set("AllocatedStorage", int),
            "AutoMinorVersionUpgrade": _set("AutoMinorVersionUpgrade", bool),
            "BackupRetentionPeriod": _set("BackupRetentionPeriod", int),
            "CopyTagsToSnapshot": _set("CopyTagsToSnapshot", bool),
            "MaxAllocatedStorage": _set("MaxAllocatedStorage", int),
            "MultiAZ": _set("MultiAZ", bool),
            "Port": _database(DBPortNumber=lambda hand: int(hand.value)),
            "PreferredBackupWindow": _set("PreferredBackupWindow"),
            "PreferredMaintenanceWindow": _set("PreferredMaintenanceWindow"),
            "PubliclyAccessible": _set("PubliclyAccessible", bool),
            "StorageType": _set("StorageType"),
            "Tags": _rds_tagged("DBInstanceArn"),
            "VPCSecurityGroups": _database(VpcSecurityGroupIds=lambda hand: hand.value),
            "DeletionProtection": _set("DeletionProtection", bool),
        },
        untried={
            "EnableCloudwatchLogsExports": NOT_HERE,
            "EngineVersion": "it goes in one direction, by a list of the cloud's",
        },
        kept=dict.fromkeys(
            (
                "EngineVersion",
                "VPCSecurityGroups",
                "Port",
                "MaxAllocatedStorage",
                "PreferredBackupWindow",
                "PreferredMaintenanceWindow",
                "PubliclyAccessible",
                "StorageType",
            ),
            "without a word the cloud's present value counts",
        ),
    ),
)


SAMPLES: Final = _DATABASES
