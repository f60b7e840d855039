"""What the conformance suite leaves to these: reads of many, and drift that the sandbox can only heal one way."""

from orchestrator.model.change import Action
from orchestrator.model.ids import Address, TypeName
from orchestrator.model.kind import How, ReadWay
from orchestrator.model.provision import Ref


def test_many_are_read_in_few_calls(stack):
    """Sixty gateways cost one call."""
    name = "AWS::EC2::InternetGateway"
    made = [stack.create(name, {}) for _ in range(60)]
    refs = [Ref(Address(str(n)), o.id) for n, o in enumerate(made)]
    result = stack.provider.read_many(TypeName(name), refs, ReadWay(How.BATCH, 200))
    assert (len(result.found), result.calls) == (60, 1)


def test_other_groups_of_a_machine_are_drift_and_healed(stack, cloud, ec2, network):
    """Named, and gone after an update."""
    other = ec2.create_security_group(VpcId=network.vpc, GroupName="h", Description="d")["GroupId"]
    want = {
        "ImageId": "ami-12345678",
        "InstanceType": "t3.micro",
        "SubnetId": network.subnets[0],
        "SecurityGroupIds": [network.group],
    }
    made = stack.create("AWS::EC2::Instance", want)
    ec2.modify_instance_attribute(InstanceId=made.id, Groups=[other])
    proposal = stack.plan("AWS::EC2::Instance", made, want)
    assert {change.path[0] for change in proposal.changes} == {"SecurityGroupIds"}
    stack.update("AWS::EC2::Instance", made, want)
    assert stack.plan("AWS::EC2::Instance", made, want).action is Action.NOOP


def test_another_engine_version_is_drift_and_replaces_nothing(stack, cloud, rds):
    """A version that was raised by hand is named."""
    want = {
        "Engine": "mysql",
        "EngineVersion": "8.0",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": "20",
        "MasterUsername": "admin",
        "MasterUserPassword": "correct-horse",
    }
    made = stack.create("AWS::RDS::DBInstance", want)
    change = {"EngineVersion": "8.4", "AllowMajorVersionUpgrade": True, "ApplyImmediately": True}
    rds.modify_db_instance(DBInstanceIdentifier=made.id, **change)
    cloud.pass_time()
    proposal = stack.plan("AWS::RDS::DBInstance", made, want)
    assert {change.path[0] for change in proposal.changes} == {"EngineVersion"}
