"""A plan made by hand in which everything occurs once, and the comparison with a golden file.

To update the files: ``OPSCTL_UPDATE_GOLDEN=1 pytest tests/golden``, and look at the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.engine.applying import Applied
from orchestrator.model.change import Action, Cause, Change, Gate, PropertyChange
from orchestrator.model.ids import Address, ProviderName, StackId, TypeName
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.plan import Charter, Plan
from orchestrator.model.values import UNKNOWN, Secret
from orchestrator.model.verdict import Effect, Verdict

FOLDER = Path(__file__).parent


@pytest.fixture
def golden():
    """Compares a text with a file beside the tests, or writes it where that is asked for."""

    def compare(name: str, text: str) -> None:
        path = FOLDER / name
        if os.environ.get("OPSCTL_UPDATE_GOLDEN"):
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8")

    return compare


def _change(address: str, type: str, action: Action, **more) -> Change:
    provider = more.pop("provider", "aws")
    return Change(Address(address), TypeName(type), ProviderName(provider), action, **more)


CHANGES = (
    _change(
        "main",
        "AWS::EC2::VPC",
        Action.CREATE,
        reason="it is not there yet",
        after={
            "CidrBlock": "10.0.0.0/16",
            "Tags": [{"Key": "app", "Value": "shop"}, {"Key": "cost", "Value": UNKNOWN}],
        },
        labels={"app": "shop"},
        file="network.yaml",
        line=4,
    ),
    _change(
        'web["a"]',
        "OS::Nova::Server",
        Action.CREATE,
        provider="openstack.eu",
        reason="it was deleted outside opsctl",
        after={
            "flavor": "m1.small",
            "networks": [{"port": UNKNOWN}],
            "user_data": "#cloud-config\nruncmd: []\n",
        },
        gates=(
            Gate("status", within=300.0),
            Gate("http", {"url": "http://${self.status.ip}:8080/"}, 90.0, successes=3, on_failure="undo"),
        ),
        undo="delete",
        file="web.yaml",
        line=1,
    ),
    _change(
        "db",
        "AWS::RDS::DBInstance",
        Action.UPDATE,
        reason="config, drift",
        id="shop-db",
        before={"AllocatedStorage": 20, "DBInstanceClass": "db.t3.large"},
        after={"AllocatedStorage": 40, "DBInstanceClass": "db.t3.micro"},
        properties=(
            PropertyChange(("AllocatedStorage",), 20, 40),
            PropertyChange(("DBInstanceClass",), "db.t3.large", "db.t3.micro", Cause.DRIFT),
            PropertyChange(("MasterUserPassword",), Secret(None, "env:DB"), Secret(None, "env:DB", "2")),
            PropertyChange(("VPCSecurityGroups", 0), "sg-1", UNKNOWN, Cause.UPSTREAM),
            PropertyChange(("Engine",), "MySQL", "mysql", Cause.COSMETIC),
        ),
        gates=(Gate("status", within=1800.0),),
        irreversible="the old value of a secret is not kept",
        file="db.yaml",
        line=7,
    ),
    _change(
        "disk",
        "Microsoft.Compute/disks",
        Action.REPLACE,
        provider="azure",
        reason="config",
        id="/subscriptions/0/resourceGroups/shop/providers/Microsoft.Compute/disks/d",
        before={"location": "westeurope", "note": "one\ntwo\nthree\n"},
        after={"location": "northeurope", "note": "one\n2\nthree\n"},
        properties=(
            PropertyChange(("location",), "westeurope", "northeurope", replaces=True),
            PropertyChange(("note",), "one\ntwo\nthree\n", "one\n2\nthree\n"),
        ),
        create_first=True,
    ),
    _change("old", "AWS::S3::Bucket", Action.DELETE, reason="the spec no longer has it", id="shop-old"),
    _change(
        "disk (old)", "Microsoft.Compute/disks", Action.DELETE, provider="azure", id="d0", deposed="uid-1"
    ),
    _change("kept", "AWS::S3::Bucket", Action.FORGET, reason="the spec says to keep the object"),
    _change("net", "OS::Neutron::Net", Action.ADOPT, provider="openstack", reason="it is there already"),
    _change("ip", "OS::Neutron::FloatingIP", Action.MOVE, provider="openstack", reason="it was called addr"),
    _change("sg", "AWS::EC2::SecurityGroup", Action.RETAG, reason="its marker is missing"),
    _change(
        "api",
        "OS::Nova::Server",
        Action.GATE,
        provider="openstack",
        reason="it is as desired, but its health gate has not passed",
        gates=(Gate("tcp", {"host": "127.0.0.1", "port": 22}, 5.0, on_failure="continue"),),
    ),
    _change("image", "OS::Glance::Image", Action.READ, provider="openstack", reason="looked up"),
    _change("a", "AWS::EC2::Subnet", Action.NOOP),
    _change("b", "AWS::EC2::Subnet", Action.NOOP),
)
VERDICTS = (
    Verdict(
        Effect.DENY,
        "port 22 is open to the world",
        "opsctl.baseline.ingress",
        address="sg",
        path="spec.SecurityGroupIngress[0]",
        severity="high",
        links=("https://example.org/rules/ingress",),
        file="network.yaml",
        line=19,
    ),
    Verdict(Effect.WARN, "old has no owner", "opsctl.baseline.labels", address="old"),
)


@pytest.fixture
def plan() -> Plan:
    """Every action, every kind of property change, gates, secrets, unknowns, outputs and verdicts."""
    charter = Charter("shop", StackId("shop-1"), "dev")
    return Plan(
        charter=charter,
        resources=(),
        changes=CHANGES,
        verdicts=VERDICTS,
        engine="embedded",
        reads={ProviderName("aws"): 3, ProviderName("azure"): 1, ProviderName("local"): 0},
        outputs={"url": UNKNOWN, "region": "eu-central-1", "key": Secret(None, "env:KEY"), "n": 3},
        created=1_700_000_000.0,
        opsctl="0.1.0",
        digest="0123456789abcdef",
    )


@pytest.fixture
def outputs_before():
    """What the outputs were."""
    return {"url": "http://127.0.0.1/", "n": 3, "gone": True, "region": "eu-west-1"}


@pytest.fixture
def applied(plan: Plan) -> Applied:
    """An apply in which steps end in every way there is."""

    def outcome(address: str, action: Action, result: Result, message: str = "", **more) -> Outcome:
        return Outcome(Address(address), action, result, message, **more)

    create = Action.CREATE
    outcomes = [
        outcome("main", create, Result.DONE, seconds=0.42),
        outcome("db", Action.UPDATE, Result.DONE, seconds=75.0),
        outcome("same", Action.UPDATE, Result.NOTHING),
        outcome("a", Action.NOOP, Result.NOTHING),
        outcome("net", create, Result.FAILED, "CreateNetwork: Quota: no more networks (request id req-1)"),
        outcome("port", create, Result.SKIPPED, "net failed", cause=Address("net")),
        outcome("server", create, Result.SKIPPED, "net failed", cause=Address("net")),
        outcome("web", create, Result.UNDONE, "http gate: 503; the step was taken back", seconds=12.0),
        outcome("lb", create, Result.GATE_FAILED, "status gate: ERROR"),
        outcome("dns", create, Result.DEGRADED, "tcp gate: refused"),
        outcome("ip", create, Result.UNSETTLED, "no answer"),
        outcome("disk", Action.REPLACE, Result.STALE, "a value is not what the plan says: plan again"),
        outcome("late", create, Result.INTERRUPTED, "not started"),
    ]
    outputs = {"region": "eu-central-1", "hosts": ["a", "b"], "key": Secret(None, "env:KEY")}
    return Applied(plan, {o.address: o for o in outcomes}, outputs, {"aws": 12, "openstack": 1, "local": 0})
