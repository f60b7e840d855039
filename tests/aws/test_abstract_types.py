"""The abstract types on AWS: made, gated, unchanged, taken back when the gate fails, and gone."""

import pytest

from orchestrator import bootstrap
from orchestrator.adapters.silent import Silent
from orchestrator.engine import applying, planning
from orchestrator.model.change import Action
from orchestrator.model.errors import InvalidSpecError
from orchestrator.seams.state import Holder

STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: shop, id: shop}
providers:
  aws: {region: eu-central-1, endpoint: "URL", accessKeyId: sandbox, secretAccessKey: sandbox}
params:
  answer: {type: string, default: "200"}
outputs:
  web: "${web.status.address}"
  orders: "${orders.status.host}:${orders.status.port}"
  lake: "${lake.status.name}"
  subnets: "${inner.status.subnets}"
"""
RESOURCES = """apiVersion: opsctl.dev/v1
kind: ComputeInstance
metadata: {name: web}
provider: aws
health:
  - http: {url: "http://${self.status.address}:8080/"}
    within: 2s
    interval: 200ms
    onFailure: undo
spec: {image: ami-12345678, labels: {app: shop}, metadata: {opsctl-sandbox-http-status: "${params.answer}"}}
---
apiVersion: opsctl.dev/v1
kind: DatabaseInstance
metadata: {name: orders}
provider: aws
health:
  - tcp: {host: "${self.status.host}", port: "${self.status.port}"}
    within: 30s
spec: {password: "${secret('env:DATABASE_PASSWORD')}", region: eu-central-1, labels: {app: shop}}
---
apiVersion: opsctl.dev/v1
kind: ObjectStore
metadata: {name: lake}
provider: aws
spec: {name: shoplake1, labels: {app: shop}}
---
apiVersion: opsctl.dev/v1
kind: Network
metadata: {name: inner}
provider: aws
spec: {subnets: {web: 10.40.1.0/24, data: 10.40.2.0/24}, labels: {app: shop}}
---
apiVersion: opsctl.dev/v1
kind: Network
metadata: {name: closed}
provider: aws
spec: {cidr: 10.41.0.0/16, subnets: {only: 10.41.1.0/24}, external: false}
"""


class Shop:
    """The stack in a folder; every use opens it anew, as a command does."""

    def __init__(self, folder, cloud):
        self.folder = folder
        (folder / "opsctl.yaml").write_text(STACK.replace("URL", cloud.running.endpoint))
        (folder / "shop.yaml").write_text(RESOURCES)

    def run(self, stage, **options):
        session = bootstrap.open_stack(self.folder, progress=Silent(), **options)
        try:
            return stage(session)
        finally:
            session.close()

    def changes(self, **options):
        planned = self.run(lambda s: planning.plan(s.blueprint, s.workspace), **options)
        return {change.address: change.action for change in planned.plan.pending}

    def apply(self, **options):
        holder = Holder("tests")
        return self.run(
            lambda s: applying.apply(s.blueprint, s.workspace, holder=holder, approve=lambda _: True),
            **options,
        )


@pytest.fixture
def shop(tmp_path, ticking, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "plain-text-1")
    return Shop(tmp_path, ticking)


def test_the_abstract_types_live_on_aws(shop, ticking):
    """One machine, one database, one store: gated, then nothing to do; a bad update is taken back; all go."""
    applied = shop.apply()
    assert applied.exit_code == 0, {a: o.message for a, o in applied.outcomes.items() if o.message}
    assert applied.outputs["web"].startswith("127.")
    assert applied.outputs["orders"].endswith(":3306")
    assert applied.outputs["lake"] == "shoplake1"
    ec2 = ticking.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=applied.outputs["subnets"])["Subnets"]
    assert {s["CidrBlock"] for s in subnets} == {"10.40.1.0/24", "10.40.2.0/24"}
    tables = ec2.describe_route_tables()["RouteTables"]
    out = {
        each["SubnetId"]
        for table in tables
        for each in table["Associations"]
        if "SubnetId" in each and any(r.get("GatewayId", "").startswith("igw-") for r in table["Routes"])
    }
    assert set(applied.outputs["subnets"]) <= out
    (closed,) = ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.41.0.0/16"]}])["Vpcs"]
    inside = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [closed["VpcId"]]}])["Subnets"]
    assert not {s["SubnetId"] for s in inside} & out, "no way out was asked for"
    assert shop.changes() == {}

    ill = shop.apply(params={"answer": "503"})
    assert ill.exit_code == 4
    assert shop.changes() == {}
    assert shop.changes(params={"answer": "503"}) == {"web/server": Action.UPDATE}

    gone = shop.apply(destroy=True)
    assert gone.exit_code == 0, {a: o.message for a, o in gone.outcomes.items() if o.message}
    assert ticking.client("rds").describe_db_instances()["DBInstances"] == []
    assert ticking.client("s3").list_buckets()["Buckets"] == []
    assert [v for v in ticking.client("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]] == []


@pytest.mark.parametrize(
    ("kind", "spec"),
    [("LoadBalancer", '{subnet: "x"}'), ("Volume", "{sizeGb: 2}")],
    ids=["LoadBalancer", "Volume"],
)
def test_what_aws_has_no_kind_for_is_refused_when_it_is_validated(shop, kind, spec):
    """By name, with where it can be placed instead, at its line: before anything is asked of any cloud."""
    text = f"apiVersion: opsctl.dev/v1\nkind: {kind}\nmetadata: {{name: it}}\nprovider: aws\nspec: {spec}\n"
    (shop.folder / "shop.yaml").write_text(text)
    stack = (shop.folder / "opsctl.yaml").read_text()
    (shop.folder / "opsctl.yaml").write_text(stack.partition("outputs:")[0])
    with pytest.raises(InvalidSpecError) as refused:
        shop.changes()
    (found,) = refused.value.diagnostics
    assert f"{kind} cannot be placed on aws: it has sides for " in found.message
    assert "place it on " in found.hint
    assert "or write a CompositeType with a side for aws" in found.hint
    assert (found.position.line, found.position.file.endswith("shop.yaml")) == (4, True)
