"""The sandbox's databases, by the unmodified boto3."""

import socket

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def group(rds, network):
    rds.create_db_subnet_group(
        DBSubnetGroupName="g", DBSubnetGroupDescription="d", SubnetIds=network.subnets, Tags=[]
    )
    return "g"


def create(rds, network, group, **more):
    asked = {
        "DBInstanceIdentifier": "db",
        "Engine": "mysql",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "MasterUsername": "admin",
        "MasterUserPassword": "correct-horse",
        "DBSubnetGroupName": group,
        "VpcSecurityGroupIds": [network.group],
    }
    return rds.create_db_instance(**(asked | more))["DBInstance"]


def describe(rds):
    return rds.describe_db_instances(DBInstanceIdentifier="db")["DBInstances"][0]


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def test_a_database_takes_its_time_and_then_answers(cloud, rds, network, group):
    """Creating without an endpoint, then available with one that accepts connections."""
    made = create(rds, network, group)
    assert (made["DBInstanceStatus"], made.get("Endpoint")) == ("creating", None)
    assert "Endpoint" not in describe(rds)
    cloud.pass_time()
    endpoint = describe(rds)["Endpoint"]
    assert describe(rds)["DBInstanceStatus"] == "available"
    with socket.create_connection((endpoint["Address"], endpoint["Port"]), timeout=5):
        pass


def test_a_database_is_modified_only_when_available(cloud, rds, network, group):
    """A change during another state is refused; a change takes its time too."""
    create(rds, network, group)
    change = {"DBInstanceIdentifier": "db", "AllocatedStorage": 30, "ApplyImmediately": True}
    assert refused(rds.modify_db_instance, **change) == "InvalidDBInstanceState"
    cloud.pass_time()
    rds.modify_db_instance(**change)
    assert describe(rds)["DBInstanceStatus"] == "modifying"
    cloud.pass_time()
    assert (describe(rds)["DBInstanceStatus"], describe(rds)["AllocatedStorage"]) == ("available", 30)


def test_deleting_takes_its_time_and_holds_what_it_uses(cloud, rds, ec2, network, group):
    """While it is being deleted it is there, refuses a second delete, and keeps its group and subnets."""
    create(rds, network, group)
    assert refused(rds.delete_db_instance, DBInstanceIdentifier="db") == "InvalidParameterCombination"
    rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    assert describe(rds)["DBInstanceStatus"] == "deleting"
    again = {"DBInstanceIdentifier": "db", "SkipFinalSnapshot": True}
    assert refused(rds.delete_db_instance, **again) == "InvalidDBInstanceState"
    assert refused(rds.delete_db_subnet_group, DBSubnetGroupName="g") == "InvalidDBSubnetGroupStateFault"
    assert refused(ec2.delete_security_group, GroupId=network.group) == "DependencyViolation"
    assert refused(ec2.delete_subnet, SubnetId=network.subnets[0]) == "DependencyViolation"
    cloud.pass_time()
    assert refused(rds.describe_db_instances, DBInstanceIdentifier="db") == "DBInstanceNotFound"
    rds.delete_db_subnet_group(DBSubnetGroupName="g")


def test_deletion_protection_holds(rds, network, group):
    """A protected database stays as it is."""
    create(rds, network, group, DeletionProtection=True)
    asked = {"DBInstanceIdentifier": "db", "SkipFinalSnapshot": True}
    assert refused(rds.delete_db_instance, **asked) == "InvalidParameterCombination"
    assert describe(rds)["DBInstanceStatus"] == "creating"


def test_a_subnet_group_covers_two_zones_and_is_made_once(rds, network, group):
    """One zone is not enough, and a name is taken once; a change keeps the group."""
    one = {"DBSubnetGroupName": "h", "DBSubnetGroupDescription": "d", "SubnetIds": network.subnets[:1]}
    assert refused(rds.create_db_subnet_group, **one) == "DBSubnetGroupDoesNotCoverEnoughAZs"
    two = one | {"DBSubnetGroupName": "g", "SubnetIds": network.subnets}
    assert refused(rds.create_db_subnet_group, **two) == "DBSubnetGroupAlreadyExists"
    rds.modify_db_subnet_group(**(two | {"DBSubnetGroupDescription": "other"}))
    assert rds.describe_db_subnet_groups(DBSubnetGroupName="g")["DBSubnetGroups"][0][
        "DBSubnetGroupDescription"
    ] == ("other")


@pytest.mark.parametrize(
    "change",
    [{"MasterUserPassword": "short"}, {"MasterUserPassword": "with a space"}, {"DBInstanceClass": "db.x"}],
)
def test_nonsense_is_refused(rds, network, group, change):
    """Passwords and classes are checked."""
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        create(rds, network, group, **change)
