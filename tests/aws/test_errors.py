"""Every error of AWS is in one of the three families, and says operation, code and request id."""

import pytest

from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, TransientError
from orchestrator.model.ids import ProviderName, StackId
from orchestrator.seams.manifest import Context
from providers.aws import manifest
from providers.aws.client import Client, Settings
from providers.aws.errors import answered


@pytest.fixture
def client(cloud):
    settings = cloud.running.settings
    return Client(
        Settings(
            settings["region"],
            settings["endpoint"],
            access_key_id=settings["accessKeyId"],
            secret_access_key=settings["secretAccessKey"],
        )
    )


MAKE = ("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})
READ = ("ec2", "DescribeVpcs", {})


@pytest.mark.parametrize(
    ("rule", "call", "family"),
    [
        (Rule("throttle"), MAKE, TransientError),
        (Rule("throttle"), READ, TransientError),
        (Rule("error", status=500, code="InternalError"), MAKE, OutcomeUnknownError),
        (Rule("error", status=500, code="InternalError"), READ, TransientError),
        (Rule("error", status=503, code="Unavailable"), MAKE, TransientError),
        (Rule("error", status=502, code="Unheard"), MAKE, OutcomeUnknownError),
        (Rule("error", status=400, code="DependencyViolation"), MAKE, TransientError),
        (Rule("error", status=400, code="VpcLimitExceeded"), MAKE, PermanentError),
        (Rule("error", status=403, code="UnauthorizedOperation"), MAKE, PermanentError),
        (Rule("lost-answer"), MAKE, OutcomeUnknownError),
        (Rule("lost-request"), MAKE, OutcomeUnknownError),
        (Rule("lost-answer"), READ, TransientError),
    ],
)
def test_each_failure_is_in_its_family(cloud, client, rule, call, family):
    """Throttled and busy may be tried again; a write without an answer is unknown; the rest is final."""
    cloud.faults.add(rule)
    with pytest.raises(family) as caught:
        client.call(*call)
    assert caught.value.operation == call[1]
    if rule.kind == "error":
        assert caught.value.code == rule.code
        assert caught.value.request_id
    if rule.kind == "throttle":
        assert caught.value.throttled


def test_the_sdk_never_repeats_a_call(cloud, client):
    """Retries belong to the core: one failure is one request."""
    cloud.faults.add(Rule("throttle"))
    with pytest.raises(TransientError):
        client.call(*MAKE)
    assert cloud.faults.hit() == [1]
    assert client.counts == {"CreateVpc": 1}


def test_an_object_of_this_run_may_not_be_known_everywhere_yet():
    """Naming it in a write is tried again; naming one that never was is final."""
    response = {
        "Error": {"Code": "InvalidSubnetID.NotFound", "Message": "The subnet ID 'subnet-1' does not exist"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    assert isinstance(answered("RunInstances", response, {"subnet-1"}), TransientError)
    assert isinstance(answered("RunInstances", response, {"subnet-2"}), PermanentError)
    assert isinstance(answered("DescribeSubnets", response, {"subnet-1"}), PermanentError)


def test_an_endpoint_that_never_answered_is_a_wrong_one(client, cloud):
    """Said at once; the same failure after a first answer is an outage, which may pass."""
    nowhere = Client(Settings("eu-central-1", "http://127.0.0.1:9", access_key_id="a", secret_access_key="b"))
    with pytest.raises(PermanentError, match=r"cannot reach AWS.*check the endpoint"):
        nowhere.call(*MAKE)
    nowhere.reached = True
    with pytest.raises(TransientError, match="cannot reach AWS"):
        nowhere.call(*MAKE)
    assert not client.reached
    client.call(*READ)
    assert client.reached


def test_without_credentials_the_message_says_what_to_set(monkeypatch):
    """No key, no profile, no metadata service: one clear message."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(PermanentError, match="accessKeyId"):
        Client(Settings("eu-central-1", "http://127.0.0.1:9")).call(*MAKE)


def test_a_profile_that_does_not_exist_is_named(monkeypatch):
    """The SDK's own error is kept in words."""
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(PermanentError, match="nobody"):
        Client(Settings("eu-central-1", profile="nobody")).call(*MAKE)


def test_parameters_that_the_sdk_refuses_are_final(client):
    """Nothing is sent."""
    with pytest.raises(PermanentError, match="CidrBlok"):
        client.call("ec2", "CreateVpc", {"CidrBlok": "10.0.0.0/16"})


def test_a_region_is_required():
    """Said when the provider is configured."""
    with pytest.raises(ValueError, match="region"):
        manifest.configure({}, Context(ProviderName("aws.eu"), StackId("s"), None))


def test_the_account_is_asked_of_sts(cloud):
    """What expectAccount is compared with."""
    told = cloud.client("sts").get_caller_identity()["Account"]
    assert cloud.provider.account() == told
