"""Policies from elsewhere, a trusted base over them, waivers and approvals: as their users type it."""

from __future__ import annotations

import http.server
import io
import json
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

RULE = """\
package opsctl.{name}

import rego.v1

{effect} contains {{"msg": "13 is unlucky", "address": change.address}} if {{
	some change in input.resource_changes
	change.change.after.value == 13
}}
"""
WAIVER = """\
apiVersion: opsctl.dev/v1
kind: Waiver
metadata: {{name: {name}}}
rule: {rule}
address: "{address}"
reason: a test of bad luck
owner: luck@example.org
expires: "{expires}"
"""
BASE = """\
apiVersion: opsctl.dev/v1
kind: PolicyBase
metadata: {name: platform}
"""


def rule(name="team", effect="deny"):
    return RULE.format(name=name, effect=effect)


def waiver(name="w", rule="opsctl.team", address="a", expires="2999-01-01"):
    return WAIVER.format(name=name, rule=rule, address=address, expires=expires)


@pytest.fixture
def outside(tmp_path_factory):
    """A folder that is not in the stack's."""
    return tmp_path_factory.mktemp("outside")


@pytest.fixture
def unlucky(stack, monkeypatch, outside):
    """A stack with one unlucky value, and a cache of its own."""
    monkeypatch.setenv("OPSCTL_CACHE", str(outside / "cache"))
    stack.values(a="13")
    head = (stack.folder / "opsctl.yaml").read_text()
    stack.policy = lambda **policy: stack.write("opsctl.yaml", head + yaml.safe_dump({"policy": policy}))
    return stack


def tarball(files):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"/{name}")
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return whole.getvalue()


def bundle(**manifest):
    return tarball({".manifest": json.dumps({"revision": "r1", **manifest}), "team/rule.rego": rule()})


def key_pair(folder, name):
    """A private key's file, and its public line."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.key"
    path.write_bytes(pem)
    path.chmod(0o600)
    line = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return path, line.decode()


def test_a_waiver_lets_a_plan_pass_and_stays_in_the_result(unlucky):
    """Planned and applied; who waived it, why and until when is in text and JSON."""
    unlucky.policy(bundles=["rules"], waivers=["waivers"])
    unlucky.write("rules/team.rego", rule())
    unlucky.write("waivers/w.yaml", waiver())
    ran = unlucky.run("plan")
    assert ran.code == 0
    assert "waiver w of luck@example.org, until 2999-01-01: a test of bad luck" in ran.out
    (verdict,) = unlucky.run("plan", "--output", "json").json["policy"]["verdicts"]
    assert (verdict["waiver"]["holds"], verdict["waiver"]["file"], verdict["blocks"]) == (
        True,
        "waivers/w.yaml",
        False,
    )
    assert unlucky.run("apply", "--auto-approve").code == 0


def test_an_expired_waiver_denies(unlucky):
    """Exit code 3, and the result says whose waiver ended when."""
    unlucky.policy(bundles=["rules"], waivers=["w.yaml"])
    unlucky.write("rules/team.rego", rule())
    unlucky.write("w.yaml", waiver(expires="2020-01-01"))
    ran = unlucky.run("plan")
    assert ran.code == 3
    assert "the waiver w of luck@example.org expired on 2020-01-01" in ran.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (waiver(expires="soon"), "w.yaml:8:10"),
        (waiver().replace("owner: luck@example.org\n", ""), "owner"),
        (waiver().replace("kind: Waiver", "kind: Waver"), "a document of kind Waiver was expected"),
        (waiver() + "---\n" + waiver(address="b"), "another waiver is called w too"),
    ],
)
def test_a_waiver_that_is_none_is_an_error(unlucky, text, said):
    """Exit code 1 with its place: a slip must not become a hole."""
    unlucky.policy(bundles=["rules"], waivers=["w.yaml"])
    unlucky.write("rules/team.rego", rule())
    unlucky.write("w.yaml", text)
    ran = unlucky.run("plan")
    assert ran.code == 1
    assert said in ran.err


def test_an_environment_raises_levels_and_sets_parameters(unlucky):
    """Advice everywhere is law in production."""
    unlucky.policy(bundles=["rules"])
    unlucky.write("rules/team.rego", rule(effect="warn"))
    unlucky.write(
        "environments/prod.yaml",
        "apiVersion: opsctl.dev/v1\nkind: Environment\npolicy: {levels: {opsctl.team: mandatory}}\n",
    )
    assert unlucky.run("plan").code == 0
    ran = unlucky.run("plan", "-e", "prod")
    assert ran.code == 3
    assert "mandatory here, advisory in the rule's metadata" in ran.out


@pytest.fixture
def based(unlucky, monkeypatch, outside):
    """The runner's own trusted base, outside of the stack."""
    place = outside / "base"
    (place / "rules").mkdir(parents=True)
    (place / "rules" / "law.rego").write_text(rule("law"))
    unlucky.base = lambda **more: (place / "policy.yaml").write_text(
        BASE + yaml.safe_dump({"bundles": ["rules"], **more})
    )
    unlucky.base()
    unlucky.place = place
    monkeypatch.setenv("OPSCTL_POLICY_BASE", str(place))
    return unlucky


def test_the_base_holds_whatever_the_stack_says(based):
    """A stack without any policy is judged by the runner's base."""
    ran = based.run("plan")
    assert ran.code == 3
    assert "opsctl.law" in ran.out


@pytest.mark.parametrize(
    ("policy", "files", "said"),
    [
        ({"levels": {"opsctl.law": "advisory"}}, {}, "may not be lowered to advisory"),
        ({"waivers": ["w.yaml"]}, {"w.yaml": waiver(rule="opsctl.law")}, "does not let a stack waive"),
        (
            {"data": {"unlucky": []}},
            {},
            "policy.data.unlucky: the trusted base platform does not leave it open",
        ),
        (
            {"bundles": ["mine"]},
            {"mine/x.rego": "package opsctl.law\n\nimport rego.v1\n\nwarn contains 1 if false\n"},
            "the package opsctl.law belongs to the trusted base platform",
        ),
        (
            {"bundles": ["mine"]},
            {"mine/x.rego": rule("mine"), "mine/opsctl/law/data.yaml": "x: 1\n"},
            "lies in data.opsctl.law",
        ),
        ({"base": "nowhere"}, {}, "opsctl.law"),
    ],
)
def test_a_stack_cannot_weaken_the_base(based, policy, files, said):
    """Lower, waive, steer, extend or leave it: each is refused, and says what the base would have to allow."""
    based.policy(**policy)
    for name, text in files.items():
        based.write(name, text)
    ran = based.run("plan")
    assert ran.code in (1, 3)
    assert said in ran.out + ran.err
    assert based.run("apply", "--auto-approve").code in (1, 3)
    assert based.run("state", "list").out == "The state is empty.\n"


def test_the_base_may_let_a_stack_lower_and_waive(based):
    """What allow names, a stack may do."""
    based.base(allow={"lower": ["opsctl.law"], "waive": []})
    based.policy(levels={"opsctl.law": "advisory"})
    assert based.run("plan").code == 0
    based.base(allow={"waive": ["opsctl.*"]})
    based.policy(waivers=["w.yaml"])
    based.write("w.yaml", waiver(rule="opsctl.law"))
    assert based.run("plan").code == 0


def test_a_plan_of_another_base_is_not_applied(based):
    """The base that the runner has at apply is the one that counts, not what the plan's maker had."""
    based.base(bundles=[])
    assert based.run("plan", "-o", "p.opsplan").code == 0
    based.base()
    ran = based.run("apply", "p.opsplan")
    assert ran.code == 3
    assert "was not made under the trusted base platform as it is now" in ran.err


@pytest.fixture
def asked(based):
    """A plan that asks for approval, with two approvers in the base."""
    (based.place / "rules" / "law.rego").write_text(rule("law", "require_approval"))
    based.alice, alice = key_pair(based.place, "alice")
    based.bob, bob = key_pair(based.place, "bob")
    based.mallory, _ = key_pair(based.place, "mallory")
    based.listed = [{"name": "alice", "key": alice}, {"name": "bob", "key": bob}]
    based.base(approvers=based.listed)
    assert based.run("plan", "-o", "p.opsplan").code == 3
    return based


def test_an_approved_plan_is_applied(asked):
    """Without the approval it is refused with what to do; with it, the result says who approved."""
    refused = asked.run("apply", "p.opsplan")
    assert (refused.code, "opsctl approve FILE --key KEY" in refused.err) == (3, True)
    signed = asked.run(
        "approve", "p.opsplan", "--key", str(asked.alice), "--by", "Alice", "--reason", "agreed"
    )
    assert signed.code == 0
    assert "opsctl apply p.opsplan --approval p.opsplan.approval" in signed.err
    done = asked.run("apply", "p.opsplan", "--approval", "p.opsplan.approval")
    assert done.code == 0, done.err
    assert "approved by Alice on" in done.out
    assert "agreed" in done.out


def test_an_objection_is_told_once_and_at_its_line(asked):
    """At apply as at plan: a saved plan has no documents, and still the property's line is named."""
    law = rule("law", "require_approval").replace('"address":', '"path": ["value"], "address":')
    (asked.place / "rules" / "law.rego").write_text(law)
    asked.run("plan", "-o", "x.opsplan")
    objection = asked.run("plan", "--output", "json").json["policy"]["verdicts"][0]
    at = f"({objection['file']}:{objection['line']})"
    refused = asked.run("apply", "x.opsplan")
    assert refused.code == 3
    assert (refused.err.count(objection["message"]), refused.err.count(at)) == (1, 1)
    asked.run("approve", "x.opsplan", "--key", str(asked.alice))
    applied = asked.run("apply", "x.opsplan", "--approval", "x.opsplan.approval")
    assert applied.code == 0, applied.err
    assert f"{objection['file']}:{objection['line']}  {objection['path']}" in applied.out


def test_two_approvers_may_be_needed(asked):
    """One signature twice is one; two people are two."""
    asked.base(approvers=asked.listed, approvals=2)
    asked.run("plan", "-o", "p.opsplan")
    for name in ("alice", "bob"):
        asked.run("approve", "p.opsplan", "--key", str(getattr(asked, name)), "-o", f"{name}.approval")
    assert asked.run("apply", "p.opsplan", *["--approval", "alice.approval"] * 2).code == 3
    both = ("--approval", "alice.approval", "--approval", "bob.approval")
    assert asked.run("apply", "p.opsplan", *both).code == 0


def test_an_approval_by_an_unknown_key_is_refused(asked):
    """A key that the trusted place does not list counts for nothing, and is named."""
    asked.run("approve", "p.opsplan", "--key", str(asked.mallory), "-o", "m.approval")
    ran = asked.run("apply", "p.opsplan", "--approval", "m.approval")
    assert ran.code == 3
    assert "is signed by an unknown key, SHA256:" in ran.err
    assert asked.run("state", "list").out == "The state is empty.\n"


def test_an_approval_that_was_changed_is_refused(asked):
    """Whoever edits it has to sign it."""
    asked.run("approve", "p.opsplan", "--key", str(asked.alice))
    path = asked.folder / "p.opsplan.approval"
    path.write_text(path.read_text().replace("reason: ''", "reason: really"))
    ran = asked.run("apply", "p.opsplan", "--approval", "p.opsplan.approval")
    assert ran.code == 3
    assert "was changed after alice signed it" in ran.err


def test_an_approval_is_for_one_plan(asked):
    """The next plan needs its own."""
    asked.run("approve", "p.opsplan", "--key", str(asked.alice))
    asked.values(a="13", b="13")
    asked.run("plan", "-o", "q.opsplan")
    ran = asked.run("apply", "q.opsplan", "--approval", "p.opsplan.approval")
    assert ran.code == 3
    assert "is for the plan" in ran.err


def test_what_is_denied_cannot_be_approved(based):
    """No approval helps: it is said so, and signs nothing."""
    key, _ = key_pair(based.place, "k")
    based.run("plan", "-o", "p.opsplan")
    ran = based.run("approve", "p.opsplan", "--key", str(key))
    assert ran.code == 3
    assert "no approval changes that" in ran.err
    assert not (based.folder / "p.opsplan.approval").exists()


def test_a_tarball_counts_as_it_is_pinned(unlucky):
    """Not pinned: refused with the command; pinned: asked; changed: refused, and nothing is applied."""
    (unlucky.folder / "b.tar.gz").write_bytes(bundle())
    unlucky.policy(bundles=["b.tar.gz"])
    ran = unlucky.run("plan")
    assert (ran.code, "opsctl policy update" in ran.err) == (1, True)
    assert unlucky.run("policy", "update").code == 0
    assert "revision: r1" in (unlucky.folder / "opsctl.lock").read_text()
    assert unlucky.run("plan").code == 3
    (unlucky.folder / "b.tar.gz").write_bytes(bundle(revision="r2"))
    ran = unlucky.run("apply", "--auto-approve")
    assert ran.code == 1
    assert "these policies have changed: pinned is sha256:" in ran.err


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"no tarball", "it is no tarball that can be read"),
        (tarball({"readme.txt": "x"}), "there is no policy in here"),
        (tarball({"../x.rego": rule()}), "there is no policy in here"),
        (tarball({"x.rego": rule(), "data.json": "[1"}), "not JSON"),
    ],
    ids=["text", "empty", "outside", "data"],
)
def test_a_tarball_that_is_no_bundle_is_refused(unlucky, raw, said):
    """Said plainly, before anything is pinned."""
    (unlucky.folder / "b.tar.gz").write_bytes(raw)
    unlucky.policy(bundles=["b.tar.gz"])
    ran = unlucky.run("policy", "update")
    assert ran.code == 1
    assert said in ran.err
    assert not (unlucky.folder / "opsctl.lock").exists()


def test_a_manifest_marks_legacy_rego(unlucky):
    """``rego_version: 0`` of OPA's manifest is the mark that legacy Rego needs."""
    legacy = 'package opsctl.old\n\ndeny["never"] { input.stage == "plan" }\n'
    files = {".manifest": json.dumps({"revision": "", "rego_version": 0}), "old.rego": legacy}
    (unlucky.folder / "b.tar.gz").write_bytes(tarball(files))
    unlucky.policy(bundles=["b.tar.gz"])
    unlucky.run("policy", "update")
    ran = unlucky.run("plan")
    assert (ran.code, "never" in ran.out) == (3, True)


def git(folder, *arguments):
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def test_policies_come_from_git_at_a_ref(unlucky, outside):
    """A folder at a tag, pinned by its commit; a tag that was moved is not believed until it is pinned again."""
    place = outside / "policies"
    (place / "rego").mkdir(parents=True)
    (place / "rego" / "team.rego").write_text(rule())
    for arguments in (["init"], ["add", "."], ["commit", "-m", "one"], ["tag", "v1"]):
        git(place, *arguments)
    unlucky.policy(bundles=[f"git+file://{place}//rego?ref=v1"])
    assert unlucky.run("plan").code == 1
    pinned = unlucky.run("policy", "update")
    assert (pinned.code, "pinned" in pinned.out) == (0, True)
    assert unlucky.run("plan").code == 3
    (place / "rego" / "team.rego").write_text(rule(effect="warn"))
    git(place, "commit", "-am", "two")
    git(place, "tag", "-f", "v1")
    assert unlucky.run("plan").code == 3, "the cache holds what was pinned"
    for path in sorted((outside / "cache").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    ran = unlucky.run("plan")
    assert (ran.code, "these policies have changed" in ran.err) == (1, True)
    assert "changed" in unlucky.run("policy", "update").out
    assert unlucky.run("plan").code == 0


@pytest.mark.parametrize(
    "address", ["git+file:///x?ref=--upload-pack=x", "git+ext://x//y", "git+file:///x//../y"]
)
def test_an_address_that_would_do_more_is_refused(unlucky, address):
    """No option of git, no helper, no way out of the repository."""
    unlucky.policy(bundles=[address])
    ran = unlucky.run("policy", "update")
    assert (ran.code, "is no address of policies in Git" in ran.err) == (1, True)


class BundleServer(http.server.BaseHTTPRequestHandler):
    """OPA's bundle service: one bundle with an ETag, for who has the token."""

    body, etag, seen = b"", '"1"', []

    def do_GET(self):
        self.seen.append(dict(self.headers))
        if self.headers.get("Authorization") != "Bearer hunter2":
            self.send_error(401)
            return
        if self.headers.get("If-None-Match") == self.etag:
            self.send_response(304)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("ETag", self.etag)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args):
        pass


@pytest.fixture
def bundle_server():
    """The handler's class, to be set up, and its address."""
    handler = type("Handler", (BundleServer,), {"seen": [], "body": bundle()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield handler, f"http://127.0.0.1:{server.server_port}/bundle.tar.gz"
    server.shutdown()
    server.server_close()


def test_policies_come_from_a_bundle_server(unlucky, bundle_server, monkeypatch):
    """With a token by reference; a second update asks with the ETag; a pinned bundle needs no server."""
    handler, url = bundle_server
    monkeypatch.setenv("BUNDLE_TOKEN", "hunter2")
    source = {"source": url, "token": "env:BUNDLE_TOKEN"}
    unlucky.policy(bundles=[source])
    assert unlucky.run("policy", "update").code == 0
    assert "hunter2" not in (unlucky.folder / "opsctl.lock").read_text()
    assert "unchanged" in unlucky.run("policy", "update").out
    assert handler.seen[-1]["If-None-Match"] == handler.etag
    count = len(handler.seen)
    assert unlucky.run("plan").code == 3
    assert len(handler.seen) == count
    unlucky.policy(bundles=[{**source, "pin": False}])
    handler.body, handler.etag = tarball({"t.rego": rule(effect="warn")}), '"2"'
    assert unlucky.run("plan").code == 0


def test_a_bundle_server_that_fails_is_said_plainly(unlucky, bundle_server):
    """No token: HTTP 401; a password in the address, or plain HTTP to elsewhere: never sent."""
    _, url = bundle_server
    for address, said in [
        (url, "answered HTTP 401"),
        (url.replace("http://", "http://me:pw@"), "no password in an address"),
        ("http://bundles.example.org/b.tar.gz", "plain HTTP is for loopback only"),
        ("http://127.0.0.1:9/b.tar.gz", "cannot be reached"),
    ]:
        unlucky.policy(bundles=[address])
        ran = unlucky.run("policy", "update")
        assert (ran.code, said in ran.err) == (1, True), ran.err


def test_a_strangers_waivers_do_not_count(unlucky, outside):
    """``plan --untrusted --trusted``: policies, waivers and levels come from the trusted folder."""
    trusted = outside / "trusted"
    (trusted / "rules").mkdir(parents=True)
    (trusted / "rules" / "team.rego").write_text(rule())
    unlucky.policy(bundles=["rules"], waivers=["w.yaml"])
    unlucky.write("w.yaml", waiver())
    unlucky.write("rules/team.rego", rule(effect="warn"))
    text = (unlucky.folder / "opsctl.yaml").read_text()
    Path(trusted, "opsctl.yaml").write_text(
        text.replace("waivers:\n  - w.yaml\n", "").replace("- w.yaml\n", "")
    )
    assert unlucky.run("plan").code == 0
    (unlucky.folder / "w.yaml").unlink()
    ran = unlucky.run("plan", "--untrusted", "--trusted", str(trusted))
    assert ran.code == 3, ran.err
