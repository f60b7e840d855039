"""What happens between the calls of one change: handles, interruptions, lost answers, secrets."""

import json

import pytest

from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.change import Action
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, TransientError
from orchestrator.model.health import Level
from orchestrator.model.ids import Token, TypeName
from orchestrator.model.provision import Done, Intent, Pending
from orchestrator.model.values import Secret

INSTANCE = "AWS::EC2::Instance"
DATABASE = "AWS::RDS::DBInstance"
GROUP = "AWS::EC2::SecurityGroup"


@pytest.fixture
def machine(network):
    return {
        "ImageId": "ami-12345678",
        "InstanceType": "t3.micro",
        "SubnetId": network.subnets[0],
        "SecurityGroupIds": [network.group],
    }


@pytest.fixture
def base(network):
    return {
        "Engine": "mysql",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": "20",
        "MasterUsername": "admin",
        "MasterUserPassword": Secret("correct-horse", "env:PASSWORD", "1"),
        "VPCSecurityGroups": [network.group],
    }


def handles(stack, type, request):
    """Every handle of one change, as it was journalled."""
    answer, seen = stack.provider.begin(request, Token("t")), []
    while isinstance(answer, Pending):
        seen.append(json.loads(json.dumps(answer.handle)))
        if answer.retry_after:
            stack.cloud.pass_time(answer.retry_after)
        answer = stack.provider.poll(TypeName(type), seen[-1])
    return seen, answer


def test_another_type_takes_a_stop_and_a_start(stack, machine):
    """Stop, change, start, each journalled before the next; the machine keeps its id and runs at the end."""
    made = stack.create(INSTANCE, machine)
    want = {**machine, "InstanceType": "t3.small"}
    changes = stack.plan(INSTANCE, made, want).changes
    request = stack.request(Action.UPDATE, INSTANCE, want, made, changes=changes)
    before = stack.provider.calls
    seen, answer = handles(stack, INSTANCE, request)
    after = stack.provider.calls
    assert (answer.observed.id, answer.observed.spec["InstanceType"]) == (made.id, "t3.small")
    assert answer.observed.status["State"]["Name"] == "running"
    for operation in ("StopInstances", "ModifyInstanceAttribute", "StartInstances"):
        assert after[operation] - before.get(operation, 0) == 1
    assert len({json.dumps(handle["steps"]) for handle in seen}) >= 4


def test_an_update_that_was_cut_off_half_way_is_seen_and_finished(stack, machine):
    """The runner dies with the machine stopped and its type changed: the next plan says that it is not running."""
    made = stack.create(INSTANCE, machine)
    want = {**machine, "InstanceType": "t3.small"}
    changes = stack.plan(INSTANCE, made, want).changes
    answer = stack.provider.begin(
        stack.request(Action.UPDATE, INSTANCE, want, made, changes=changes), Token("u")
    )
    while stack.read(INSTANCE, made.id).spec["InstanceType"] != "t3.small":
        stack.cloud.pass_time(answer.retry_after)
        answer = stack.provider.poll(TypeName(INSTANCE), answer.handle)
    left = stack.plan(INSTANCE, made, want)
    assert {change.path[0] for change in left.changes} == {"State"}
    stack.update(INSTANCE, made, want)
    assert stack.plan(INSTANCE, made, want).action is Action.NOOP


def test_every_step_may_be_taken_twice(stack, machine):
    """A handle that was journalled before a crash is polled again: the end is the same."""
    made = stack.create(INSTANCE, machine)
    want = {**machine, "InstanceType": "t3.small", "Tags": [{"Key": "a", "Value": "b"}]}
    changes = stack.plan(INSTANCE, made, want).changes
    request = stack.request(Action.UPDATE, INSTANCE, want, made, changes=changes)
    answer = stack.provider.begin(request, Token("u"))
    while isinstance(answer, Pending):
        if answer.retry_after:
            stack.cloud.pass_time(answer.retry_after)
        first = stack.provider.poll(TypeName(INSTANCE), answer.handle)
        try:
            answer = stack.provider.poll(TypeName(INSTANCE), answer.handle)
        except TransientError:
            answer = first
    assert stack.plan(INSTANCE, made, want).action is Action.NOOP


def test_a_lost_answer_is_an_unknown_outcome_and_the_token_settles_it(stack, cloud, machine):
    """The machine is there; starting again with the same token makes no second one."""
    cloud.faults.add(Rule("lost-answer", operation="RunInstances", times=1))
    mark = stack.marker("web")
    request = stack.request(Action.CREATE, INSTANCE, machine, marker=mark)
    with pytest.raises(OutcomeUnknownError):
        stack.provider.begin(request, Token("same"))
    found = stack.find(INSTANCE, mark, machine)
    made = stack.finish(INSTANCE, stack.provider.begin(request, Token("same")))
    assert made.id == found.id
    assert len(list(stack.provider.discover(TypeName(INSTANCE)))) == 1


def test_a_lost_request_made_nothing(stack, cloud, network):
    """The family is the same, and nothing is found."""
    cloud.faults.add(Rule("lost-request", operation="CreateVpc", times=1))
    mark, want = stack.marker("net"), {"CidrBlock": "10.3.0.0/16"}
    with pytest.raises(OutcomeUnknownError):
        stack.provider.begin(stack.request(Action.CREATE, "AWS::EC2::VPC", want, marker=mark), Token("t"))
    assert stack.find("AWS::EC2::VPC", mark, want) is None


def test_a_new_object_that_does_not_show_yet_is_waited_for(stack, cloud, machine):
    """Stale reads after a create are no error: the handle counts the looks."""
    cloud.faults.add(Rule("stale", operation="DescribeInstances", seconds=5))
    made = stack.create(INSTANCE, machine)
    assert made.status["State"]["Name"] == "running"


def test_a_machine_that_dies_while_it_starts_is_an_error(stack, ec2, machine):
    """Waiting does not help: the state is told."""
    answer = stack.provider.begin(stack.request(Action.CREATE, INSTANCE, machine), Token("t"))
    ec2.terminate_instances(InstanceIds=[answer.id])
    with pytest.raises(PermanentError, match="shutting-down"):
        stack.finish(INSTANCE, answer)


def test_no_handle_holds_a_secret(stack, base):
    """The password goes with the first call, at creation and when it changes, and into no handle."""
    seen, answer = handles(stack, DATABASE, stack.request(Action.CREATE, DATABASE, base))
    want = {
        **base,
        "MasterUserPassword": Secret("battery-staple", "env:PASSWORD", "2"),
        "DBInstanceClass": "db.t3.small",
    }
    made = answer.observed
    changes = stack.provider.propose(TypeName(DATABASE), made, want, base).changes
    assert {change.path[0] for change in changes} == {"MasterUserPassword", "DBInstanceClass"}
    more, _ = handles(stack, DATABASE, stack.request(Action.UPDATE, DATABASE, want, made, changes=changes))
    told = json.dumps([*seen, *more])
    assert "correct-horse" not in told
    assert "battery-staple" not in told


def test_a_database_found_while_it_is_made_is_not_given_its_password_again(stack, cloud, base):
    """The answer of the create is lost; what is left to do waits for the database, and is not the password."""
    cloud.faults.add(Rule("lost-answer", operation="CreateDBInstance", times=1))
    mark = stack.marker("db")
    request = stack.request(Action.CREATE, DATABASE, base, marker=mark)
    with pytest.raises(OutcomeUnknownError):
        stack.provider.begin(request, Token("t"))
    found = stack.find(DATABASE, mark, base)
    assert stack.provider.assess(TypeName(DATABASE), found).level is Level.PROGRESSING
    changes = stack.provider.propose(TypeName(DATABASE), found, base, {}).changes
    before = stack.provider.calls.get("ModifyDBInstance", 0)
    stack.finish(
        DATABASE,
        stack.provider.begin(
            stack.request(Action.UPDATE, DATABASE, base, found, marker=mark, changes=changes), Token("u")
        ),
    )
    assert {change.path[0] for change in changes} == {"MasterUserPassword"}
    assert stack.provider.calls.get("ModifyDBInstance", 0) == before


def test_an_adopted_machine_is_not_replaced_for_what_nobody_can_read(stack, machine):
    """User data is only read at launch: without a record of what was applied, it is no reason to replace."""
    made = stack.create(INSTANCE, machine)
    want = {**machine, "UserData": "#!/bin/sh\n"}
    assert stack.provider.propose(TypeName(INSTANCE), made, want, {}).action is Action.NOOP
    assert stack.provider.propose(TypeName(INSTANCE), made, want, machine).action is Action.REPLACE


def test_rules_that_the_spec_no_longer_lists_are_taken_back(stack, network, ec2):
    """Left out now and listed last time means none; never listed means that they are others' business."""
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"}
    plain = {"GroupDescription": "d", "VpcId": network.vpc}
    made = stack.create(GROUP, {**plain, "SecurityGroupIngress": [rule]})
    assert stack.provider.propose(TypeName(GROUP), made, plain, plain).action is Action.NOOP
    proposal = stack.provider.propose(TypeName(GROUP), made, plain, {**plain, "SecurityGroupIngress": [rule]})
    assert {change.path[0] for change in proposal.changes} == {"SecurityGroupIngress"}
    request = stack.request(Action.UPDATE, GROUP, plain, made, changes=proposal.changes)
    healed = stack.finish(GROUP, stack.provider.begin(request, Token("u")))
    assert healed.spec["SecurityGroupIngress"] == []


def test_a_part_of_a_version_is_enough(stack, base):
    """The spec says 8.0 and the service runs 8.0.35: nothing to do; 8.4 is a change."""
    made = stack.create(DATABASE, {**base, "EngineVersion": "8.0.35"})

    def action(version):
        want = {**base, "EngineVersion": version}
        return stack.provider.propose(TypeName(DATABASE), made, want, want).action

    assert [action(v) for v in ("8.0", "8.0.35", "8", "8.4", "8.0.3")] == [
        Action.NOOP,
        Action.NOOP,
        Action.NOOP,
        Action.UPDATE,
        Action.UPDATE,
    ]


def test_a_marker_is_written_beside_the_tags_that_are_there(stack, ec2, rds, cloud):
    """Retagging changes our marker and nothing else, for each service that has tags."""
    tags = [{"Key": "app", "Value": "shop"}]
    for type, want in (
        ("AWS::EC2::VPC", {"CidrBlock": "10.3.0.0/16", "Tags": tags}),
        ("AWS::S3::Bucket", {"BucketName": "opsctl-retag", "Tags": tags}),
    ):
        made = stack.create(type, want)
        mark = stack.marker('web["b"]')
        request = stack.request(Action.RETAG, type, want, made, marker=mark)
        told = stack.finish(type, stack.provider.begin(request, Token("r")))
        assert (told.marker, told.spec["Tags"]) == (mark, tags)


def test_an_update_of_nothing_reads_what_is_there(stack):
    """Kinds without room for a marker take a retag as it is."""
    made = stack.create("AWS::EC2::InternetGateway", {})
    done = stack.provider.begin(
        stack.request(Action.UPDATE, "AWS::EC2::InternetGateway", {}, made), Token("u")
    )
    assert done == Done(made)


@pytest.mark.parametrize(
    ("type", "want"),
    [
        ("AWS::S3::Bucket", {"BucketName": "somebody-elses"}),
        ("AWS::RDS::DBSubnetGroup", {"DBSubnetGroupName": "theirs", "DBSubnetGroupDescription": "d"}),
    ],
)
def test_what_somebody_else_made_under_our_name_is_not_taken_for_ours(stack, network, type, want):
    """A create that fails because the name is taken finds nothing that it could have made."""
    if "DBSubnetGroupName" in want:
        want = {**want, "SubnetIds": network.subnets}
    stack.create(type, want, marker=stack.marker("theirs"))
    mark = stack.marker("ours")
    with pytest.raises(PermanentError, match=r"Already|exists"):
        stack.provider.begin(stack.request(Action.CREATE, type, want, marker=mark), Token(f"taken {type}"))
    assert stack.find(type, mark, want) is None
    assert stack.seek(type, want).marker.address == "theirs"


def test_a_refused_create_finds_nothing_in_its_place(stack, ec2, network):
    """The rule was there before us: what has no marker is not taken for what the refused call made."""
    want = {"GroupId": network.group, "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8"}
    name, mark = "AWS::EC2::SecurityGroupIngress", stack.marker("rule")
    stack.create(name, want)
    with pytest.raises(PermanentError, match="Duplicate"):
        stack.provider.begin(stack.request(Action.CREATE, name, want, marker=mark), Token("refused"))
    intent = Intent(Token("refused"), Action.CREATE, TypeName(name), mark.address, "aws", mark, spec=want)
    assert stack.provider.find(intent) is None
    assert stack.seek(name, want) is not None
