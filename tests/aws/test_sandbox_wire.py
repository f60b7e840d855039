"""Throttling, failures and accounts in each service's own shape, and the share of outside evidence."""

import sys

import pytest
from botocore.exceptions import ClientError

from orchestrator.kit.simulation.evidence import share
from orchestrator.kit.simulation.faults import Rule
from providers.aws.sandbox.claims import BEHAVIOURS

CALLS = [
    ("ec2", "describe_vpcs", {}, "DescribeVpcs", "RequestLimitExceeded", 503),
    ("rds", "describe_db_instances", {}, "DescribeDBInstances", "Throttling", 400),
    ("sts", "get_caller_identity", {}, "GetCallerIdentity", "Throttling", 400),
    ("s3", "create_bucket", {"Bucket": "b"}, "CreateBucket", "SlowDown", 503),
    ("s3", "put_object", {"Bucket": "b", "Key": "k/1"}, "PutObject", "SlowDown", 503),
    ("s3", "get_bucket_versioning", {"Bucket": "b"}, "GetBucketVersioning", "SlowDown", 503),
    ("s3", "list_objects_v2", {"Bucket": "b"}, "ListObjectsV2", "SlowDown", 503),
]


@pytest.mark.parametrize(("service", "method", "asked", "operation", "code", "status"), CALLS)
def test_each_service_throttles_in_its_own_words(cloud, service, method, asked, operation, code, status):
    """The SDK reads code, status and request id, and the rule's operation is the API's own name."""
    cloud.faults.add(Rule("throttle", operation=operation))
    with pytest.raises(ClientError) as caught:
        getattr(cloud.client(service), method)(**asked)
    said = caught.value.response
    assert (said["Error"]["Code"], said["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert said["ResponseMetadata"]["RequestId"]


def test_a_failure_has_the_code_that_was_asked_for(cloud, ec2):
    """An error rule speaks in the service's shape."""
    cloud.faults.add(Rule("error", operation="CreateVpc", status=400, code="VpcLimitExceeded"))
    with pytest.raises(ClientError, match="VpcLimitExceeded"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")


def test_the_account_is_told(cloud):
    """STS names the account of the sandbox."""
    told = cloud.client("sts").get_caller_identity()["Account"]
    assert told == cloud.running.world.account


def test_buckets_are_conditional_and_versioned(cloud):
    """Conditional writes and bucket settings pass through the wrapper unharmed."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="log", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="log", Key="1", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as caught:
        s3.put_object(Bucket="log", Key="1", Body=b"second", IfNoneMatch="*")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    with s3.get_object(Bucket="log", Key="1")["Body"] as body:
        assert body.read() == b"first"


def test_evidence_is_counted(capsys):
    """Most of what the wrapper adds is confirmed by somebody outside; the share is printed."""
    proved, claimed = share(BEHAVIOURS)
    with capsys.disabled():
        sys.stderr.write(f"\naws sandbox: {proved} of {claimed} added behaviours have outside evidence\n")
    assert proved / claimed >= 0.9
