"""The sandbox's instances, by the unmodified boto3."""

import socket
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

from orchestrator.kit.simulation.faults import Rule


def run(ec2, network, **more):
    interface = {
        "DeviceIndex": 0,
        "SubnetId": network.subnets[0],
        "AssociatePublicIpAddress": True,
        "Groups": [network.group],
    }
    asked = {"ImageId": "ami-12345678", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    return ec2.run_instances(**asked, NetworkInterfaces=[interface], **more)["Instances"][0]


def describe(ec2, instance):
    found = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
    return found["Reservations"][0]["Instances"][0]


def state(ec2, instance):
    return describe(ec2, instance)["State"]["Name"]


def http_status(address):
    try:
        with urllib.request.urlopen(f"http://{address}:8080/", timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def refused(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["ResponseMetadata"]["RequestId"]
    return caught.value.response["Error"]["Code"]


def test_an_instance_is_pending_before_it_runs(cloud, ec2, network):
    """Running takes its time."""
    instance = run(ec2, network)
    assert state(ec2, instance) == "pending"
    cloud.pass_time()
    assert state(ec2, instance) == "running"


def test_the_public_address_answers(cloud, ec2, network):
    """What the API calls a public address is one on loopback that serves HTTP, until the instance is gone."""
    instance = run(ec2, network)
    address = describe(ec2, instance)["PublicIpAddress"]
    assert address.startswith("127.")
    assert instance["PublicIpAddress"] == address
    with urllib.request.urlopen(f"http://{address}:8080/health", timeout=5) as answer:
        assert answer.status == 200
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, 8080), timeout=5)


def test_a_token_makes_one_instance(ec2, network):
    """The same token answers the same instance; with other parameters it is refused."""
    first, second = (run(ec2, network, ClientToken="once") for _ in range(2))
    assert first["InstanceId"] == second["InstanceId"]
    assert run(ec2, network, ClientToken="twice")["InstanceId"] != first["InstanceId"]
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        run(ec2, network, ClientToken="once", EbsOptimized=True)


def test_a_lost_answer_is_found_by_its_token(cloud, ec2, network):
    """The answer is cut off, the instance is there, and the token finds it."""
    cloud.faults.add(Rule("lost-answer", operation="RunInstances", times=1))
    with pytest.raises(Exception, match=r"(?i)connection"):
        run(ec2, network, ClientToken="once")
    found = ec2.describe_instances()["Reservations"]
    assert [i["InstanceId"] for r in found for i in r["Instances"]] == [
        run(ec2, network, ClientToken="once")["InstanceId"]
    ]


def test_stop_change_start(cloud, ec2, network):
    """The type changes only when stopped; a new start has a new public address."""
    instance = run(ec2, network)
    cloud.pass_time()
    ids, change = [instance["InstanceId"]], {"InstanceId": instance["InstanceId"]}
    change["InstanceType"] = {"Value": "t3.small"}
    assert refused(ec2.modify_instance_attribute, **change) == "IncorrectInstanceState"
    ec2.stop_instances(InstanceIds=ids)
    assert state(ec2, instance) == "stopping"
    assert refused(ec2.start_instances, InstanceIds=ids) == "IncorrectInstanceState"
    cloud.pass_time()
    assert "PublicIpAddress" not in describe(ec2, instance)
    ec2.modify_instance_attribute(**change)
    ec2.start_instances(InstanceIds=ids)
    cloud.pass_time()
    seen = describe(ec2, instance)
    assert (seen["InstanceType"], seen["State"]["Name"]) == ("t3.small", "running")
    assert seen["PublicIpAddress"] != instance["PublicIpAddress"]


def test_what_an_instance_uses_stays(cloud, ec2, network):
    """Group and subnet go only after the instance is terminated."""
    instance = run(ec2, network)
    assert refused(ec2.delete_security_group, GroupId=network.group) == "DependencyViolation"
    assert refused(ec2.delete_subnet, SubnetId=network.subnets[0]) == "DependencyViolation"
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert refused(ec2.delete_subnet, SubnetId=network.subnets[0]) == "DependencyViolation"
    cloud.pass_time()
    ec2.delete_security_group(GroupId=network.group)
    ec2.delete_subnet(SubnetId=network.subnets[0])
    assert state(ec2, instance) == "terminated"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"InstanceType": "t3.enormous"}, "InvalidParameterValue"),
        ({"ImageId": "ubuntu"}, "InvalidAMIID.Malformed"),
    ],
)
def test_nonsense_is_refused(ec2, change, code):
    """Types and images are checked as the real service does."""
    asked = {"ImageId": "ami-12345678", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1} | change
    assert refused(ec2.run_instances, **asked) == code


def test_what_a_machine_answers_can_be_chosen(ec2, network):
    """A tag says what its HTTP ports answer, and can be changed while it runs."""
    tag = {"Key": "opsctl-sandbox-http-status", "Value": "503"}
    marked = [{"ResourceType": "instance", "Tags": [tag]}]
    address = run(ec2, network, TagSpecifications=marked)["PublicIpAddress"]
    assert http_status(address) == 503
    found = ec2.describe_instances()["Reservations"][0]["Instances"][0]["InstanceId"]
    ec2.create_tags(Resources=[found], Tags=[tag | {"Value": "200"}])
    assert http_status(address) == 200
