"""Secrets of every source and sink, planted on three clouds, by the real command: they rest nowhere in plain text."""

from __future__ import annotations

import base64
import json
import urllib.parse

import boto3
import pytest

from orchestrator.adapters.secret_sources import SecretSources
from orchestrator.model.ids import ProviderName, StackId
from orchestrator.model.plan import Charter
from orchestrator.model.values import reveal
from orchestrator.testing.http_state_server import HttpStateServer
from orchestrator.testing.vault import FakeVault
from providers.azure import backend as blob
from tests.policy.conftest import opa_binary, running
from tests.state.conftest import azurite, blob_settings, postgres_address, postgres_storage

__all__ = ["azurite", "blob_settings", "opa_binary", "postgres_address", "postgres_storage"]

TAIL = '"Zq+/%&é'
"""What JSON, URLs and Base64 all write in ways of their own."""
PLANTED = {
    name: f"LeAk-{name}-7xQ{TAIL}"
    for name in ("env", "file", "aws-sm", "aws-ssm", "azure-kv", "barbican", "vault", "param", "rotated")
} | {
    "aws-sm": "LeAk-aws-sm-7xQ+%&=Zq",  # RDS takes neither quotes nor slashes
    "rotated": "LeAk-rotated-7xQ+%&=Zq",
    "aws-key": "LeAkAwsKey/7xQ+9w2Vt5Zr8",
    "vault-token": "hvs.LeAk-vault-token-7xQ",
    "admin": "LeAk-admin-7xQ+%&=Zq",
    "store": "LeAk-store-password-7xQ",
    "passphrase": "LeAk-passphrase-of-the-state-7xQ",
}
SINKS = ("aws-ssm:/leak/made", "azure-kv:leaky/made", "barbican:leak-made", "aws-sm:leak/made#password")
STACK = """apiVersion: opsctl.dev/v1
kind: Stack
metadata: {name: leak, id: NAME}
providers:
  aws: {region: eu-west-1, endpoint: sandbox, accessKeyId: sandbox, secretAccessKey: "env:LEAK_AWS"}
  azure: {endpoint: sandbox}
  openstack: {endpoint: sandbox}
secrets:
  vault: {address: "VAULT", token: "env:LEAK_TOKEN"}
policy: {bundles: [rules], decisionLog: decisions.jsonl}
STATE
params:
  pin: {type: string, sensitive: true}
outputs:
  url: "${url.status.value}"
  key: "${pair.status.private_key}"
"""
ECHO = """package opsctl.echo

import rego.v1

warn contains {"msg": json.marshal(change.change), "address": change.address} if some change in input.resource_changes

warn contains {"msg": json.marshal(resource), "address": resource.address} if some resource in input.resources

warn contains json.marshal(input.params)
"""
"""A rule that repeats all that it sees."""
DOCUMENTS = """
type: AWS::RDS::DBInstance
metadata: {name: database}
spec:
  DBInstanceIdentifier: NAME
  DBInstanceClass: db.t3.micro
  Engine: mysql
  AllocatedStorage: "20"
  MasterUsername: admin
  MasterUserPassword: "${secret('aws-sm:leak/db#password')}"
---
type: AWS::EC2::VPC
metadata: {name: vpc}
spec:
  CidrBlock: 10.19.0.0/16
  Tags: [{Key: note, Value: "${secret('file:planted.txt')}"}]
---
type: Microsoft.Resources/resourceGroups
metadata: {name: group}
spec: {name: NAME, location: westeurope, tags: {note: "${secret('azure-kv:leaky/db')}"}}
---
type: Microsoft.DBforMySQL/flexibleServers
metadata: {name: server}
spec:
  name: NAME
  parent: "${group.status.id}"
  location: westeurope
  sku: {name: Standard_B1ms, tier: Burstable}
  properties:
    administratorLogin: ops
    administratorLoginPassword: "${made['azure-kv:leaky/made'].status.value}"
    version: 8.0.21
---
type: OS::Neutron::Net
metadata: {name: net}
spec: {name: NAME}
---
type: OS::Neutron::Subnet
metadata: {name: range}
spec: {name: NAME, network: "${net.status.id}", cidr: 10.19.0.0/24, ip_version: 4}
---
type: OS::Nova::KeyPair
metadata: {name: pair}
secretSink: {private_key: "vault:kv/pair#key"}
spec: {name: NAME}
---
type: OS::Nova::Server
metadata: {name: machine}
dependsOn: [range]
spec:
  name: NAME
  image: cirros
  flavor: m1.tiny
  key_name: "${pair.status.name}"
  networks: [{network: "${net.status.id}"}]
  user_data: "password ${secret('barbican:leak-db')}"
  admin_pass: "${secret('env:LEAK_ADMIN')}"
  metadata: {token: "${secret('vault:kv/leak#token')}"}
---
type: Local::Password
metadata: {name: made}
forEach: SINKS
secretSink: {value: "${each.value}"}
spec: {length: 40}
---
type: Local::Value
metadata: {name: url}
spec:
  value: "mysql://${params.pin}:${secret('env:LEAK_ENV')}@${secret('aws-ssm:/leak/db')}/${pair.status.private_key}"
"""
FORMS = ("json", "markdown", "sarif", "junit", "github", "gitlab", "html")
LOOKS = (
    ("show",),
    ("show", "--output", "json"),
    ("state", "show"),
    ("state", "show", "url"),
    ("state", "list", "--output", "json"),
    ("state", "pull", "-o", "pulled.json"),
    ("output",),
    ("output", "--output", "json"),
    ("drift",),
    ("history",),
    ("history", "--output", "json"),
    ("diff", "1"),
    ("diff", "1", "--output", "json"),
    ("graph",),
    ("audit", "show"),
    ("audit", "export", "-o", "audit.jsonl"),
)
"""Every way to look at a stack, at its past and at its audit."""
BROKEN = """
type: Local::Command
metadata: {name: talker}
spec:
  create: [sh, -c, 'printf %s "$S" >&2; printf %s "$S" | base64 -w0 >&2; printf "x%s" "$S" | base64 -w0; exit 3']
  environment: {S: "${secret('env:LEAK_ENV')}"}
---
type: AWS::EC2::Subnet
metadata: {name: refused}
spec: {VpcId: "${vpc.status.id}", CidrBlock: "${secret('vault:kv/leak#token')}"}
"""


def documents(text):
    head = "apiVersion: opsctl.dev/v1\nkind: Resource\n"
    return "\n---\n".join(head + each.strip() for each in text.split("---\n")) + "\n"


def written(value):
    """The ways in which a value might be written."""
    raw = value.encode()
    inner = [base64.b64encode(raw[start : start + (len(raw) - start) // 3 * 3]) for start in range(3)]
    texts = [value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]]
    texts += [urllib.parse.quote(value), urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value)]
    return {
        *(text.encode() for text in texts),
        *inner,
        *(b.replace(b"+", b"-").replace(b"/", b"_") for b in inner),
    }


class Planted:
    """A stack whose every secret is known to the test."""

    def __init__(self, stack, vault, name, state):
        self.stack, self.vault, self.name = stack, vault, name
        self.elsewhere = self.bucket
        environ = {"LEAK_ENV": "env", "LEAK_AWS": "aws-key", "LEAK_TOKEN": "vault-token"}
        environ |= {"LEAK_ADMIN": "admin", "LEAK_STORE": "store", "LEAK_PASS": "passphrase"}
        stack.environ |= {variable: PLANTED[planted] for variable, planted in environ.items()}
        stack.environ["TMPDIR"] = str(stack.folder)
        stack.write(
            "opsctl.yaml", STACK.replace("NAME", name).replace("VAULT", vault.url).replace("STATE", state)
        )
        (stack.folder / "rules").mkdir(exist_ok=True)
        stack.write("rules/echo.rego", ECHO)
        self.write(DOCUMENTS)
        stack.write("planted.txt", PLANTED["file"])
        (stack.folder / "planted.txt").chmod(0o600)
        providers = {ProviderName(p): {"endpoint": "sandbox"} for p in ("aws", "azure", "openstack")}
        providers[ProviderName("aws")]["region"] = "eu-west-1"
        reach = {"vault": {"address": vault.url, "token": PLANTED["vault-token"]}}
        charter = Charter("leak", StackId("leak"), providers=providers, secrets=reach)
        self.store = SecretSources(charter, stack.folder, untrusted=False)
        for reference, planted in {
            "aws-sm:leak/db#password": "aws-sm",
            "aws-ssm:/leak/db": "aws-ssm",
            "azure-kv:leaky/db": "azure-kv",
            "barbican:leak-db": "barbican",
            "vault:kv/leak#token": "vault",
        }.items():
            self.store.store(reference, PLANTED[planted])

    def write(self, text):
        self.stack.write(
            "leak.yaml", documents(text.replace("NAME", self.name).replace("SINKS", json.dumps(SINKS)))
        )

    def run(self, *arguments, code=0):
        ended = self.stack.opsctl(*arguments, "-p", f"pin={PLANTED['param']}")
        assert ended.code == code, ended.text
        return ended

    def values(self):
        """Everything that must rest nowhere: what was planted, and what was made."""
        made = SecretSources(self.store.charter, self.stack.folder, untrusted=False)
        found = made.resolve([*SINKS, "vault:kv/pair#key"])
        keys = [line for line in found["vault:kv/pair#key"].value.splitlines() if len(line) > 40]
        return [*PLANTED.values(), *(found[r].value for r in SINKS), *keys[:3]]

    def leaks(self):
        """Where any of them stands: a file, or what a command printed."""
        forms = {form for value in self.values() for form in written(value)}
        texts = {str(p): p.read_bytes() for p in self.stack.files() if p.name != "planted.txt"}
        texts |= {f"output {n}": text.encode() for n, text in enumerate(self.stack.said)}
        texts |= {f"stored {key}": body for key, body in self.elsewhere().items()}
        return sorted({(place, form) for place, text in texts.items() for form in forms if form in text})

    def bucket(self):
        s3 = self.stack.sandbox.outside.s3
        if "leak-state" not in [b["Name"] for b in s3.list_buckets()["Buckets"]]:
            return {}
        keys = [o["Key"] for o in s3.list_objects_v2(Bucket="leak-state").get("Contents", ())]
        return {key: s3.get_object(Bucket="leak-state", Key=key)["Body"].read() for key in keys}


@pytest.fixture
def vault():
    made = FakeVault(tokens={PLANTED["vault-token"]: ("",)})
    server = made.serve()
    made.url = server.url
    yield made
    server.close()


@pytest.fixture
def planted(vault, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def plant(stack, name="leak", state=""):
        monkeypatch.setenv("OPSCTL_SANDBOX", stack.environ["OPSCTL_SANDBOX"])
        return Planted(stack, vault, name, state)

    return plant


def test_no_secret_rests_in_any_file_or_output(planted, stack):
    """Every source and sink, write-only properties, generated ones, read-back ones; plans, drift, failures, rotation.

    A policy repeats all that it sees: in results, and in the log of decisions.
    """
    leak = planted(stack)
    saved = str(stack.folder / "leak.opsplan")
    leak.run("plan", "-o", saved)
    for form in FORMS:
        leak.run("plan", "--output", form)
        leak.run("validate", "--output", form)
    leak.run("plan", "--save-input", "input.json")
    leak.run("apply", "--auto-approve", "--output", "json")
    assert stack.changes("-p", f"pin={PLANTED['param']}") == {}
    for arguments in LOOKS:
        stack.opsctl(*arguments)
    for form in FORMS:
        stack.opsctl("drift", "--output", form, "-p", f"pin={PLANTED['param']}")
    leak.store.store("aws-sm:leak/db#password", PLANTED["rotated"])
    assert {a: c["action"] for a, c in stack.changes("-p", f"pin={PLANTED['param']}").items()} == {
        "database": "update"
    }
    stack.sandbox.faults.write_text("faults:\n- {kind: error, operation: ModifyDBInstance, status: 400}\n")
    leak.run("apply", "--auto-approve", code=1)
    stack.sandbox.faults.write_text("faults: []\n")
    leak.write(f"{DOCUMENTS}---\n{BROKEN}")
    failed = leak.run("apply", "--auto-approve", code=1)
    assert "talker" in failed.text
    for form in FORMS:
        leak.run("apply", "--auto-approve", "--output", form, code=1)
    leak.write(DOCUMENTS)
    leak.run("apply", "--auto-approve")
    for arguments in LOOKS:
        stack.opsctl(*arguments)
    assert leak.leaks() == []
    stack.destroy("-p", f"pin={PLANTED['param']}")
    assert leak.leaks() == []
    assert "(sensitive)" in (stack.folder / "decisions.jsonl").read_text("utf-8")


@pytest.mark.server
def test_no_secret_rests_in_the_decision_log_of_a_real_opa(planted, stack, opa_binary, tmp_path):
    """A server that logs every question with its whole input: what is planned, made and changed is masked there too."""
    log = tmp_path / "opa.log"
    with running(opa_binary, "--set", "decision_logs.console=true", "--log-level", "info", log=log) as url:
        leak = planted(stack, "asked")
        leak.elsewhere = lambda: {"opa": log.read_bytes()}
        text = (stack.folder / "opsctl.yaml").read_text("utf-8")
        stack.write("opsctl.yaml", text.replace("{bundles: [rules]", f'{{server: "{url}", bundles: [rules]'))
        leak.run("plan")
        leak.run("apply", "--auto-approve")
        leak.store.store("aws-sm:leak/db#password", PLANTED["rotated"])
        leak.run("apply", "--auto-approve")
        stack.destroy("-p", f"pin={PLANTED['param']}")
    decided = [line for line in log.read_text("utf-8").splitlines() if '"Decision Log"' in line]
    assert any("AWS::RDS::DBInstance" in line and "(sensitive)" in line for line in decided)
    assert leak.leaks() == []


def test_no_secret_rests_in_a_state_elsewhere_nor_in_a_crash_report(planted, make_stack, mutant):
    """State in S3, and an opsctl that falls over with every secret on its tongue."""
    stack = make_stack(mutant("crashing"), "crashed")
    s3 = boto3.client(
        "s3",
        endpoint_url=stack.sandbox.outside.s3.meta.endpoint_url,
        region_name="eu-west-1",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
    )
    s3.create_bucket(Bucket="leak-state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    state = 'state: {backend: s3, bucket: leak-state, endpoint: sandbox, secretAccessKey: "env:LEAK_AWS"}'
    leak = planted(stack, "crashed", state)
    crashed = leak.run("apply", "--auto-approve", code=1)
    assert "this is a mistake in opsctl" in crashed.text
    assert [p for p in stack.files() if p.name.startswith("opsctl-crash-")]
    healthy = make_stack(mutant(""), "crashed")
    healthy.environ = stack.environ
    leak.stack = healthy
    leak.run("apply", "--auto-approve")
    assert leak.bucket()
    assert leak.leaks() == []
    healthy.destroy("-p", f"pin={PLANTED['param']}")


def rests_nowhere(stack, leak):
    """Applied, failed, applied again and destroyed, with nothing planted in what the store holds."""
    leak.run("apply", "--auto-approve")
    leak.write(f"{DOCUMENTS}---\n{BROKEN}")
    leak.run("apply", "--auto-approve", code=1)
    leak.write(DOCUMENTS)
    stack.opsctl("state", "pull", "-o", "pulled.json")
    assert leak.elsewhere(), "the store holds nothing: the search would find nothing"
    assert leak.leaks() == []
    stack.destroy("-p", f"pin={PLANTED['param']}")
    assert leak.leaks() == []


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
def test_no_secret_rests_on_an_http_server_sealed_or_not(planted, stack, sealed):
    """The store's own password and the passphrase of the seal are secrets like others."""
    server = HttpStateServer(user="ci", password=PLANTED["store"])
    state = f'state: {{backend: http, address: "{server.address}/s", lock_address: "{server.address}/s", username: ci, password: "env:LEAK_STORE"}}'
    name = "http-sealed" if sealed else "http-plain"
    leak = planted(
        stack, name, state + ('\nencryption: {key: {passphrase: "env:LEAK_PASS"}}' if sealed else "")
    )
    leak.elsewhere = lambda: {path: kept.document for path, kept in server.kept.items() if kept.document}
    rests_nowhere(stack, leak)
    server.close()


@pytest.mark.server
def test_no_secret_rests_in_postgresql(planted, stack, postgres_storage):
    stack.environ["STATE_URL"] = postgres_storage.address
    state = f'state: {{backend: postgresql, url: "env:STATE_URL", schema: {postgres_storage.schema}}}'
    leak = planted(stack, "postgres", state)
    leak.elsewhere = lambda: {
        f"{table} {number}": b"\n".join(c if isinstance(c, bytes) else str(c).encode() for c in row)
        for table, rows in postgres_storage.content().items()
        for number, row in enumerate(rows)
    }
    rests_nowhere(stack, leak)


@pytest.mark.server
def test_no_secret_rests_in_blob_storage(planted, stack, azurite, blob_settings):
    stack.environ["AZURITE"] = azurite
    state = f'state: {{backend: azureblob, container: {blob_settings["container"]}, connectionString: "env:AZURITE"}}'
    leak = planted(stack, "blob", state)
    container = blob._client(reveal(blob_settings))
    leak.elsewhere = lambda: {
        b.name: container.download_blob(b.name).readall() for b in container.list_blobs()
    }
    rests_nowhere(stack, leak)
    container.close()


@pytest.mark.parametrize("name", ["leaking-state", "leaking-words"])
def test_a_leak_is_found(planted, make_stack, mutant, name):
    """The search can fail: an opsctl that writes values into its state, or repeats what others say, is caught."""
    stack = make_stack(mutant(name), name)
    leak = planted(stack, name)
    leak.run("apply", "--auto-approve")
    leak.write(f"{DOCUMENTS}---\n{BROKEN}")
    leak.run("apply", "--auto-approve", code=1)
    assert leak.leaks()
    leak.write(DOCUMENTS)
    stack.destroy("-p", f"pin={PLANTED['param']}")
