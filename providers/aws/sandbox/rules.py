"""What the real AWS refuses and moto lets pass: objects in use, wrong states, unknown types.

Each rule looks at one call before it reaches moto. Codes and messages are those of the service's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from moto.ec2.models.instance_types import INSTANCE_TYPES

from providers.aws.sandbox.refusals import Refusal
from providers.aws.sandbox.wire import Call

if TYPE_CHECKING:
    from providers.aws.sandbox.world import World

Rule = Callable[[Call, "World"], Refusal | None]


def refusal(call: Call, world: World) -> Refusal | None:
    """Why the call is refused, or None where it may pass."""
    for rule in _RULES.get(call.operation, ()):
        wrong = rule(call, world)
        if wrong is not None:
            return wrong
    return None


def _group_ids(instance: Any) -> set[str]:
    return {group.id for nic in instance.nics.values() for group in nic.group_set}


def _databases(call: Call, world: World) -> Iterator[Any]:
    yield from world.rds(call.region).databases.values()


def _group_in_use(call: Call, world: World) -> Refusal | None:
    group = call.params.get("GroupId", "")
    used = any(group in _group_ids(i) for i in world.live_instances(call.region))
    used = used or any(group in d.vpc_security_group_ids for d in _databases(call, world))
    used = used or any(group in _referenced(other) for other in _groups(call, world) if other.id != group)
    return Refusal("DependencyViolation", f"resource {group} has a dependent object") if used else None


def _groups(call: Call, world: World) -> Iterator[Any]:
    for groups in world.ec2(call.region).groups.values():
        yield from groups.values()


def _referenced(group: Any) -> set[str]:
    rules = [*group.ingress_rules, *group.egress_rules]
    return {rule.source_group.get("GroupId", "") for rule in rules}


def _subnet_in_use(call: Call, world: World) -> Refusal | None:
    subnet = call.params.get("SubnetId", "")
    used = any(i.subnet_id == subnet for i in world.live_instances(call.region))
    for database in _databases(call, world):
        group = getattr(database, "db_subnet_group", None)
        used = used or (group is not None and subnet in {s["SubnetIdentifier"] for s in group.subnets})
    if not used:
        return None
    return Refusal("DependencyViolation", f"The subnet '{subnet}' has dependencies and cannot be deleted.")


def _vpc_in_use(call: Call, world: World) -> Refusal | None:
    vpc, ec2 = call.params.get("VpcId", ""), world.ec2(call.region)
    used = any(g.vpc and g.vpc.id == vpc for g in ec2.internet_gateways.values())
    used = used or any(g.name != "default" for g in ec2.groups.get(vpc, {}).values())
    if not used:
        return None
    return Refusal("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted.")


def _gateway_in_use(call: Call, world: World) -> Refusal | None:
    vpc = call.params.get("VpcId", "")
    if not any(i.vpc_id == vpc and i.public_ip for i in world.live_instances(call.region)):
        return None
    said = f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."  # fmt: skip
    return Refusal("DependencyViolation", said)


def _instance_type(call: Call, _world: World) -> Refusal | None:
    wanted = call.params.get("InstanceType") or call.params.get("InstanceType.Value")
    if wanted is None or wanted in INSTANCE_TYPES:
        return None
    return Refusal("InvalidParameterValue", f"Invalid value '{wanted}' for InstanceType.")


def _image_id(call: Call, _world: World) -> Refusal | None:
    wanted = call.params.get("ImageId", "")
    if re.fullmatch(r"ami-[0-9a-f]{8,17}|resolve:ssm:.+", wanted) or not wanted:
        return None
    return Refusal("InvalidAMIID.Malformed", f'Invalid id: "{wanted}" (expecting "ami-...")')


def _type_of_running(call: Call, world: World) -> Refusal | None:
    if not ({"InstanceType.Value", "UserData.Value"} & set(call.params)):
        return None
    wanted = call.params.get("InstanceId", "")
    for instance in world.live_instances(call.region):
        if instance.id == wanted and instance.state != "stopped":
            return Refusal(
                "IncorrectInstanceState", f"The instance '{wanted}' is not in the 'stopped' state."
            )
    return None


def _startable(call: Call, world: World) -> Refusal | None:
    wanted = set(call.each("InstanceId"))
    for instance in world.live_instances(call.region):
        if instance.id in wanted and instance.state in {"stopping", "shutting-down"}:
            said = f"The instance '{instance.id}' is not in a state from which it can be started."
            return Refusal("IncorrectInstanceState", said)
    return None


def _password(call: Call, _world: World) -> Refusal | None:
    password = call.params.get("MasterUserPassword")
    if password is None or (len(password) >= 8 and not set(password) & set('/@" ')):
        return None
    said = "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used, and at least 8 of them."  # fmt: skip
    return Refusal("InvalidParameterValue", said)


def _database_class(call: Call, _world: World) -> Refusal | None:
    wanted = call.params.get("DBInstanceClass")
    if wanted is None or (wanted.startswith("db.") and wanted.removeprefix("db.") in INSTANCE_TYPES):
        return None
    return Refusal("InvalidParameterValue", f"Invalid DB Instance class: {wanted}")


def _database_ready(call: Call, world: World) -> Refusal | None:
    wanted = call.params.get("DBInstanceIdentifier", "").lower()
    for database in _databases(call, world):
        if database.db_instance_identifier == wanted and database.status != "available":
            return Refusal("InvalidDBInstanceState", "Database instance is not in available state.")
    return None


def _database_going(call: Call, world: World) -> Refusal | None:
    wanted = call.params.get("DBInstanceIdentifier", "").lower()
    for database in _databases(call, world):
        if database.db_instance_identifier == wanted and database.status == "deleting":
            return Refusal("InvalidDBInstanceState", f"Instance {wanted} is already being deleted.")
    return None


def _final_snapshot(call: Call, _world: World) -> Refusal | None:
    skip = call.params.get("SkipFinalSnapshot", "false") == "true"
    if skip or call.params.get("FinalDBSnapshotIdentifier"):
        return None
    said = "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
    return Refusal("InvalidParameterCombination", said)


def _zones(call: Call, world: World) -> Refusal | None:
    wanted = call.each("SubnetIds.SubnetIdentifier") or call.each("SubnetIds.member")
    known = {
        s.id: s.availability_zone for zone in world.ec2(call.region).subnets.values() for s in zone.values()
    }
    if not wanted or not set(wanted) <= set(known) or len({known[w] for w in wanted}) >= 2:
        return None
    said = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: {}. Add subnets to cover at least 2 AZs."  # fmt: skip
    return Refusal("DBSubnetGroupDoesNotCoverEnoughAZs", said.format(known[wanted[0]]))


def _group_exists(call: Call, world: World) -> Refusal | None:
    name = call.params.get("DBSubnetGroupName", "").lower()
    if name not in world.rds(call.region).subnet_groups:
        return None
    return Refusal("DBSubnetGroupAlreadyExists", f"The DB subnet group '{name}' already exists.")


def _subnet_group_in_use(call: Call, world: World) -> Refusal | None:
    name = call.params.get("DBSubnetGroupName", "").lower()
    for database in _databases(call, world):
        group = getattr(database, "db_subnet_group", None)
        if group is not None and group.name == name:
            said = f"Cannot delete the subnet group '{name}' because at least one database instance: {database.db_instance_identifier} is still using it."  # fmt: skip
            return Refusal("InvalidDBSubnetGroupStateFault", said)
    return None


_RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "DeleteSecurityGroup": (_group_in_use,),
    "DeleteSubnet": (_subnet_in_use,),
    "DeleteVpc": (_vpc_in_use,),
    "DetachInternetGateway": (_gateway_in_use,),
    "RunInstances": (_instance_type, _image_id),
    "ModifyInstanceAttribute": (_instance_type, _type_of_running),
    "StartInstances": (_startable,),
    "CreateDBInstance": (_password, _database_class),
    "ModifyDBInstance": (_password, _database_class, _database_ready),
    "DeleteDBInstance": (_database_going, _final_snapshot),
    "CreateDBSubnetGroup": (_group_exists, _zones),
    "ModifyDBSubnetGroup": (_zones,),
    "DeleteDBSubnetGroup": (_subnet_group_in_use,),
}
