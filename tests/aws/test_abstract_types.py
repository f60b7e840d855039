"""The abstract types on AWS: made, gated, unchanged, taken back when the gate fails, and gone."""

import pytest

from orchestrator import bootstrap
from orchestrator.adapters.silent import Silent
from orchestrator.engine import applying, planning
from orchestrator.model.change import Action
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
