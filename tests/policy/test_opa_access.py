"""A real OPA server that does not let everybody in: TLS by a CA of one's own, client certificates, tokens.

Everything is asked through the command line, as a stack says it.
"""

from __future__ import annotations

import datetime as dt
import io
import ipaddress
import json
import tarfile

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orchestrator.cli.running import run
from tests.policy.conftest import running

pytestmark = pytest.mark.server

STACK = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: shop}\npolicy: %s\n"
VALUE = (
    "apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\nmetadata: {name: a}\nspec: {value: 1}\n"
)
RULE = 'package opsctl.t\n\nimport rego.v1\n\nwarn contains "seen by a real OPA"\n'
AUTHZ = """package system.authz

import rego.v1

default allow := false

allow if input.identity == "s3cr3t"
"""


class Authority:
    """A private CA, and the files of those it vouches for."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._signed("test CA", self.key.public_key(), ca=True)
        self.ca = self._write("ca.pem", self.certificate)

    def _signed(self, name, public, *, ca=False):
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = who if ca else self.certificate.subject
        now = dt.datetime.now(dt.UTC)
        addresses = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = (
            x509.CertificateBuilder()
            .subject_name(who)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(addresses, critical=False)
            .add_extension(usage, critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name, certificate):
        path = self.folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def issue(self, name):
        """Certificate and key of somebody, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._write(f"{name}.pem", self._signed(name, key.public_key()))
        private = self.folder / f"{name}.key"
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        private.chmod(0o600)
        return certificate, private


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def planned(tmp_path, monkeypatch, capsys):
    """Plans a stack with a policy setting; the exit code and everything that was said."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "t.rego").write_text(RULE)
    (tmp_path / "a.yaml").write_text(VALUE)

    def plan(environ=(), bundles='["policies"]', **server):
        said = json.dumps({"server": server, "decisionLog": "log.jsonl", "bundles": json.loads(bundles)})
        (tmp_path / "opsctl.yaml").write_text(STACK % said)
        for name, value in dict(environ).items():
            monkeypatch.setenv(name, value)
        code = run(["plan"], {})
        return code, "".join(capsys.readouterr())

    return plan


@pytest.fixture(scope="module")
def tls(opa_binary, authority):
    """A server with a certificate of the private CA."""
    certificate, key = authority.issue("opa")
    with running(
        opa_binary, "--tls-cert-file", certificate, "--tls-private-key-file", key, scheme="https"
    ) as url:
        yield url


def test_a_private_ca_is_named(planned, tls, authority):
    """With its CA the server is asked, whatever the environment says; without it is not believed, and that denies."""
    code, said = planned({"REQUESTS_CA_BUNDLE": certifi.where()}, url=tls, ca=str(authority.ca))
    assert (code, "seen by a real OPA" in said) == (0, True)
    code, said = planned(url=tls)
    assert code == 3
    assert "certificate" in said
    assert "Traceback" not in said


def test_another_ca_is_not_believed(planned, tls, tmp_path):
    """A server that anybody could have signed for denies."""
    (tmp_path / "other").mkdir()
    code, said = planned(url=tls, ca=str(Authority(tmp_path / "other").ca))
    assert (code, "certificate" in said) == (3, True)


def test_plain_http_at_a_tls_port_denies(planned, tls):
    """The wrong scheme is told as what it is: no OPA answers there."""
    code, said = planned(url=tls.replace("https", "http"))
    assert code == 3
    assert "OPA server at http://127.0.0.1" in said


def test_a_client_certificate_lets_in(opa_binary, planned, authority):
    """Mutual TLS: with our certificate the server answers, without one it does not."""
    certificate, key = authority.issue("opa-mutual")
    ours, our_key = authority.issue("opsctl")
    arguments = ["--tls-cert-file", certificate, "--tls-private-key-file", key]
    arguments += ["--tls-ca-cert-file", authority.ca, "--authentication=tls"]
    with running(opa_binary, *arguments, scheme="https") as url:
        ca = str(authority.ca)
        code, said = planned(url=url, ca=ca, certificate=str(ours), key=str(our_key))
        assert (code, "seen by a real OPA" in said) == (0, True), said
        code, said = planned(url=url, ca=ca)
        assert code == 3
        assert f"the OPA server at {url}" in said


def test_a_token_lets_in(opa_binary, planned, tmp_path):
    """A bearer token by reference: the right one is let in, a wrong one or none is refused, and none is shown."""
    (tmp_path / "authz.rego").write_text(AUTHZ)
    arguments = ["--authentication=token", "--authorization=basic", tmp_path / "authz.rego"]
    with running(opa_binary, *arguments) as url:
        code, said = planned({"TOKEN": "s3cr3t"}, url=url, token="env:TOKEN")
        assert (code, "seen by a real OPA" in said) == (0, True), said
        code, said = planned({"TOKEN": "wr0ng"}, url=url, token="env:TOKEN")
        assert (code, "wr0ng" in said) == (3, False)
        assert "refused" in said
        code, said = planned(url=url)
        assert (code, "refused" in said) == (3, True)


def test_its_decision_id_and_revision_are_kept(opa_binary, planned, tmp_path):
    """A server with a bundle of its own and a decision log: both ids stand in ours."""
    archive = tmp_path / "theirs.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        manifest = json.dumps({"revision": "r42", "roots": ["opsctl/t"]})
        for name, text in ((".manifest", manifest), ("opsctl/t/t.rego", RULE)):
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    with running(opa_binary, "--set", "decision_logs.console=true", "--bundle", archive) as url:
        code, said = planned(url=url, bundles="[]")
    assert (code, "seen by a real OPA" in said) == (0, True), said
    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert list(last["policies"]["server_revisions"].values()) == ["r42"]
    assert last["policies"]["sha256"] is None
    assert len(last["id"]) == 36
    assert last["engine"] == f"OPA server {url}"
