"""Whatever a cloud does: one clear line, exit code 1, and state that a good run goes on from."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator import bootstrap
from orchestrator.adapters import sandbox_host
from orchestrator.model.ids import ProviderName, StackId, TypeName
from orchestrator.seams.manifest import Context

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
PATIENCE = {"giveUpAfter": "2s"}


class Cloud:
    """How one cloud is asked for something small, and how its calls are named."""

    def __init__(self, name, type, spec, operations):
        self.name, self.type, self.spec = name, type, spec
        self.create, self.read = operations

    def resource(self, name="main", **spec):
        return {"type": self.type, "metadata": {"name": name}, "spec": {**self.spec(name), **spec}}

    def use(self, stack, *names, **settings):
        """A stack with resources of this cloud, on the sandbox."""
        stack.settings(providers={self.name: {"endpoint": "sandbox", **PATIENCE, **settings}})
        stack.resources(*(self.resource(f"{n}{stack.identity[-8:]}".lower()) for n in names or ["main"]))

    def fault(self, kind, operation, **more):
        return {"kind": kind, "operation": operation, "cloud": self.name, **more}

    def mine(self, stack):
        """What carries the stack's marker, by the provider's own discovery."""
        manifest = bootstrap.catalogue().manifests[self.name]
        settings = sandbox_host.sandbox_settings(self.name)
        provider = manifest.configure(settings, Context(ProviderName(self.name), StackId("x"), Path()))
        seen = list(provider.discover(TypeName(self.type)))
        return [o.id for o in seen if o.marker and o.marker.stack == stack.identity]


CLOUDS = {
    c.name: c
    for c in (
        Cloud("aws", "AWS::EC2::VPC", lambda _: {"CidrBlock": "10.0.0.0/16"}, ("CreateVpc", "DescribeVpcs")),
        Cloud(
            "azure",
            "Microsoft.Resources/resourceGroups",
            lambda name: {"name": f"rg-{name}", "location": "westeurope"},
            ("PUT Microsoft.Resources/resourceGroups", "GET Microsoft.Resources/resourceGroups"),
        ),
        Cloud(
            "openstack",
            "OS::Neutron::Net",
            lambda name: {"name": name},
            ("POST /v2.0/networks", "GET /v2.0/networks*"),
        ),
    )
}
each_cloud = pytest.mark.parametrize("cloud", CLOUDS.values(), ids=lambda c: c.name)


@contextmanager
def server() -> Iterator[int]:
    """A port that takes every call and never answers."""
    listener = socket.create_server(("127.0.0.1", 0))
    held = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            held.append(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in held:
            connection.close()
        thread.join(5)


def elsewhere(cloud: str, address: str) -> dict[str, object]:
    """Settings that lead to another endpoint."""
    match cloud:
        case "aws":
            keys = {"accessKeyId": "key", "secretAccessKey": "sesame"}
            return {"region": "eu-central-1", "endpoint": address, **keys, "timeout": 1, **PATIENCE}
        case "azure":
            given = {"subscription": "s", "credential": "sandbox", "timeout": 1}
            return {**given, "endpoint": address, **PATIENCE}
        case _:
            user = {"username": "u", "password": "sesame", "project_name": "p", "timeout": 1}
            return {"auth_url": f"{address}/v3", **user, **PATIENCE}


WITHOUT = {
    "aws": ({"region": "eu-central-1"}, ["AWS_ACCESS_KEY_ID", "accessKeyId", "CreateVpc"]),
    "azure": ({"subscription": "s", "credential": "environment"}, ["az login", "AZURE_CLIENT_ID"]),
    "openstack": ({}, ["clouds.yaml", "auth_url", "OS_*"]),
}


@each_cloud
def test_without_credentials_the_message_says_what_to_set(stack, cloud):
    """Nothing is asked of anybody, and the next run may go on."""
    settings, said = WITHOUT[cloud.name]
    stack.settings(providers={cloud.name: settings})
    stack.resources(cloud.resource())
    ran = stack.apply()
    assert ran.code == 1
    assert all(words in ran.said for words in said), ran.said
    assert stack.addresses() == set()


def test_a_cloud_that_clouds_yaml_does_not_have_is_named(stack):
    """The name, and what else can be set."""
    stack.settings(providers={"openstack": {"cloud": "nowhere"}})
    stack.resources(CLOUDS["openstack"].resource())
    ran = stack.apply()
    assert ran.code == 1
    assert "nowhere" in ran.said
    assert "clouds.yaml" in ran.said


@each_cloud
def test_a_wrong_account_is_refused_before_the_first_write(stack, sandbox, cloud):
    """Both accounts are named, nothing is made, and the right account goes on."""
    cloud.use(stack, expectAccount="somebody-else")
    ran = stack.apply()
    assert ran.code == 1
    assert f"wrong account: {cloud.name} is " in ran.err
    assert "expects somebody-else; nothing was applied" in ran.err
    assert cloud.mine(stack) == []
    assert stack.addresses() == set()
    cloud.use(stack)
    stack.recovers()


@each_cloud
@pytest.mark.parametrize("down", ["refused", "silent"])
def test_an_endpoint_that_is_none_is_said_at_once(stack, cloud, down):
    """Nobody listens, or nobody answers in time: its address, and no long patience."""
    with server() as port:
        address = f"http://127.0.0.1:{1 if down == 'refused' else port}"
        stack.settings(providers={cloud.name: elsewhere(cloud.name, address)})
        stack.resources(cloud.resource())
        ran = stack.apply()
    assert ran.code == 1, ran.said
    assert cloud.name in ran.said
    assert "127.0.0.1" in ran.said, ran.said
    assert "sesame" not in ran.said
    assert stack.addresses() == set()


@pytest.mark.parametrize("cloud", ["aws", "openstack"])
def test_a_name_that_does_not_resolve_is_said(stack, cloud):
    """The name is in the message."""
    stack.settings(providers={cloud: elsewhere(cloud, "https://no-such-cloud.invalid")})
    stack.resources(CLOUDS[cloud].resource())
    ran = stack.apply()
    assert ran.code == 1
    assert "no-such-cloud.invalid" in ran.said


@pytest.mark.parametrize(
    ("cloud", "fault", "said"),
    [
        ("aws", {"status": 400, "code": "ExpiredToken"}, ["ExpiredToken", "check the credentials"]),
        ("azure", {"status": 401, "code": "InvalidAuthenticationToken"}, ["sign in again"]),
    ],
)
def test_credentials_that_are_refused_are_said_as_such(stack, sandbox, cloud, fault, said):
    """An expired token or a wrong password is no reason to try again."""
    CLOUDS[cloud].use(stack)
    sandbox.faults({"kind": "error", "operation": "*", "cloud": cloud, **fault})
    ran = stack.apply()
    assert ran.code == 1
    assert all(words in ran.said for words in said), ran.said
    assert "given up" not in ran.said
    sandbox.faults()
    stack.recovers()


@each_cloud
@pytest.mark.parametrize("fault", ["throttle", "error"])
def test_what_fails_for_ever_is_given_up_and_said(stack, sandbox, cloud, fault):
    """The plan's line names the resource, its place, the tries and the request; nothing changes."""
    cloud.use(stack)
    assert stack.apply().code == 0
    sandbox.faults(cloud.fault(fault, "*"))
    ran = stack.run("plan")
    assert (ran.code, ran.out) == (1, "")
    assert "error: cannot read main" in ran.err, ran.err
    assert "; given up after " in ran.err
    assert "(request id " in ran.err
    assert "--> main.yaml:5" in ran.err
    sandbox.faults()
    stack.recovers()


@each_cloud
@pytest.mark.parametrize("fault", ["throttle", "lost-answer", "lost-request", "error"])
def test_what_fails_for_a_while_passes_and_is_made_once(stack, sandbox, cloud, fault):
    """A throttled, lost or failed create is tried again or settled; there is one object in the end."""
    cloud.use(stack, giveUpAfter="30s")
    sandbox.faults(cloud.fault(fault, cloud.create, times=1))
    ran = stack.apply()
    assert ran.code == 0, ran.said
    sandbox.faults()
    assert len(cloud.mine(stack)) == 1
    stack.recovers()
    assert len(cloud.mine(stack)) == 1


REFUSALS = {
    "aws": {"status": 400, "code": "VpcLimitExceeded"},
    "azure": {"status": 409, "code": "QuotaExceeded"},
    "openstack": {"status": 409, "code": "OverQuota"},
}


@each_cloud
def test_a_quota_that_is_used_up_in_the_middle_keeps_what_was_made(stack, sandbox, cloud):
    """One line: address, operation, code, request id; what was made is in the state, the rest follows later."""
    cloud.use(stack, "one", "two", "three")
    sandbox.faults(cloud.fault("error", cloud.create, after=1, **REFUSALS[cloud.name]))
    ran = stack.apply()
    assert ran.code == 1
    lines = [line for line in ran.out.splitlines() if "create failed" in line]
    assert len(lines) == 2, ran.out
    assert all("(request id " in line for line in lines), lines
    wanted = {"aws": "CreateVpc: VpcLimitExceeded: ", "azure": "QuotaExceeded: ", "openstack": "uota"}
    assert all(wanted[cloud.name] in line for line in lines), lines
    assert len(stack.addresses()) == 1
    sandbox.faults()
    stack.recovers()
    assert len(cloud.mine(stack)) == 3
