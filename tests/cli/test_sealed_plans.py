"""Plans that are sealed and signed, the audit, and stale plans: as somebody types it."""

from __future__ import annotations

import base64
import json
import sqlite3

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

HEAD = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: shop, id: shop-1}\n"
FILE = """\
apiVersion: opsctl.dev/v1
kind: Resource
type: Local::File
metadata: {name: letter}
spec: {path: letter.txt, content: "%s"}
"""


@pytest.fixture
def alice(stack):
    """A private key in a file; returns the public one as a stack file names it."""
    key = ed25519.Ed25519PrivateKey.generate()
    path = stack.folder / "alice"
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
    )
    form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(*form).decode()


@pytest.fixture
def sealed(stack, monkeypatch):
    """A stack whose state and plans are sealed by a key file."""
    path = stack.folder / "state.key"
    path.touch(0o600)
    path.write_bytes(base64.b64encode(bytes(range(32))))
    stack.write("opsctl.yaml", HEAD + "encryption: {key: {file: state.key}}\n")
    stack.write("letter.yaml", FILE % "planted words")
    return stack


def signing(stack, alice, required="true"):
    stack.write(
        "opsctl.yaml",
        HEAD + f"signatures: {{required: {required}, keys: [{{name: alice, ed25519: '{alice}'}}]}}\n",
    )
    stack.values(a="1")


def test_a_sealed_plan_shows_nothing_and_applies(sealed):
    assert sealed.run("plan", "-o", "p.opsplan").code == 0
    text = (sealed.folder / "p.opsplan").read_text()
    assert "planted" not in text
    assert "letter.txt" not in text
    assert "planted words" in sealed.run("show", "p.opsplan").out
    assert sealed.run("apply", "p.opsplan").code == 0
    assert "planted" not in (sealed.folder / ".opsctl/state.db").read_bytes().decode("latin-1")
    assert "planted words" in sealed.run("state", "show", "letter").out


def test_a_plain_plan_is_refused_where_plans_are_sealed(sealed):
    """Somebody who has no key cannot make one that is applied."""
    settings = (sealed.folder / "opsctl.yaml").read_text()
    sealed.write("opsctl.yaml", HEAD)
    sealed.run("plan", "-o", "p.opsplan")
    sealed.write("opsctl.yaml", settings)
    ran = sealed.run("apply", "p.opsplan")
    assert ran.code == 1
    assert "is not encrypted, and opsctl.yaml says that it must be" in ran.err
    assert not (sealed.folder / "letter.txt").exists()


def test_a_wrong_key_names_the_one_that_is_wanted(sealed):
    sealed.apply()
    by = json.loads(_journal(sealed)[0])["by"]
    (sealed.folder / "state.key").write_bytes(base64.b64encode(b"k" * 32))
    ran = sealed.run("plan")
    assert ran.code == 1
    assert f"is encrypted by the key {by}" in ran.err
    assert "encryption.fallback" in ran.err


def _journal(stack):
    with sqlite3.connect(stack.folder / ".opsctl/state.db") as connection:
        return [body for (body,) in connection.execute("SELECT body FROM journal ORDER BY sequence")]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("encryption: {}\n", "encryption.key is required", ""),
        ("encryption: {key: off}\n", "encryption.key is 'off', which is no key", "or none"),
        ("encryption: {key: {file: a, passphrase: b}}\n", "names 2", "write one"),
        ("encryption: {key: {file: a}, fallbak: []}\n", "unknown property encryption.fallbak", "'fallback'"),
        ("encryption: {key: {fil: a}}\n", "no source of keys 'fil' is installed", "'file'"),
        ("encryption: {key: {passphrase: hunter2}}\n", "by reference", "env:OPSCTL_PASSPHRASE"),
        ("encryption: {key: {file: '${params.x}'}}\n", "params", "env and stack"),
        ("signatures: {required: true}\n", "no key is trusted", "add keys"),
        ("signatures: {keys: [{name: a}]}\n", "either ed25519 or hmac", "one of them"),
        ("signatures: {keys: [{name: a, hmac: hunter2}]}\n", "not allowed here", "by reference"),
    ],
)
def test_a_mistake_in_the_settings_says_what_to_write(stack, text, said, hint):
    stack.values(a="1")
    stack.write("opsctl.yaml", HEAD + "params: {x: {type: string, default: y}}\n" + text)
    ran = stack.run("validate")
    assert ran.code == 1
    assert said in ran.err
    assert hint in ran.err


def test_a_signed_plan_is_applied_and_its_signer_told(stack, alice):
    signing(stack, alice)
    assert "signed by SHA256:" in stack.run("plan", "-o", "p.opsplan", "--sign", "alice").err
    assert "(alice, trusted)" in stack.run("verify", "p.opsplan").out
    assert "(alice, trusted)" in stack.run("show", "p.opsplan").out
    ran = stack.run("apply", "p.opsplan")
    assert ran.code == 0
    assert "Signed by alice (SHA256:" in ran.err
    assert "signed by alice (SHA256:" in stack.run("audit", "show").out


def test_an_unsigned_plan_is_refused_and_can_be_signed_by_its_reviewer(stack, alice):
    """What must be done is said; signing changes nothing of the plan."""
    signing(stack, alice)
    stack.run("plan", "-o", "p.opsplan")
    for command in (("apply", "p.opsplan"), ("verify", "p.opsplan"), ("apply", "--auto-approve")):
        ran = stack.run(*command)
        assert ran.code == 1
        assert "sign" in ran.err
    assert not (stack.folder / ".opsctl").exists()
    before = json.loads((stack.folder / "p.opsplan").read_text())
    assert stack.run("sign", "p.opsplan", "--key", "alice").code == 0
    after = json.loads((stack.folder / "p.opsplan").read_text())
    assert (after["plan"], after["digest"]) == (before["plan"], before["digest"])
    assert stack.run("apply", "p.opsplan").code == 0


def test_a_signature_is_asked_for_where_the_stack_does_not(stack, alice):
    """--require-signature; a plan that nobody signed is fine without it."""
    signing(stack, alice, required="false")
    stack.run("plan", "-o", "p.opsplan")
    assert stack.run("apply", "p.opsplan", "--require-signature").code == 1
    assert stack.run("apply", "p.opsplan").code == 0
    assert stack.run("apply", "--require-signature").code == 1


@pytest.mark.parametrize(
    ("old", "new"), [('"value":1', '"value":2'), ('"created":', '"created":9'), ("shop-1", "shop-2")]
)
def test_a_plan_that_was_changed_after_it_was_signed_is_refused(stack, alice, old, new):
    """In what it does, and in what only stands in it."""
    signing(stack, alice)
    stack.run("plan", "-o", "p.opsplan", "--sign", "alice")
    path = stack.folder / "p.opsplan"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    ran = stack.run("apply", "p.opsplan")
    assert ran.code == 1
    assert not (stack.folder / ".opsctl").exists()


def test_a_plan_says_nothing_of_whose_signatures_count(stack, alice, tmp_path):
    """Made where another key is trusted: the folder in which it is applied decides."""
    signing(stack, alice, required="false")
    stack.run("plan", "-o", "p.opsplan", "--sign", "alice")
    other = base64.b64encode(ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    signing(stack, other)
    ran = stack.run("apply", "p.opsplan")
    assert ran.code == 1
    assert "which is not trusted" in ran.err


def test_a_plan_of_another_stack_gets_round_no_guard(stack, alice):
    signing(stack, alice)
    guarded = (stack.folder / "opsctl.yaml").read_text()
    stack.write("opsctl.yaml", HEAD.replace("shop-1", "other"))
    stack.run("plan", "-o", "p.opsplan")
    stack.write("opsctl.yaml", guarded)
    ran = stack.run("apply", "p.opsplan")
    assert ran.code == 1
    assert "is a plan of the stack other, and opsctl.yaml guards shop-1" in ran.err


def test_the_audit_shows_and_verifies_runs(stack):
    """Also refused ones; the head that apply printed is in the chain, another one is not."""
    stack.values(a="1")
    head = stack.run("apply", "--auto-approve", "--output", "json").json["audit"]["head"]
    stack.values(a="2")
    stack.run("plan", "-o", "p.opsplan")
    stack.apply()
    assert stack.run("apply", "p.opsplan").code == 6
    shown = stack.run("audit", "show", "--output", "json").json
    assert [(r["result"], r["exit"]) for r in shown["runs"]] == [("done", 0), ("done", 0), ("refused", 6)]
    assert shown["runs"][0]["results"] == {"a": "create: done"}
    assert shown["runs"][0]["link"] == head
    assert shown["runs"][0]["actor"]["host"]
    assert "stale" in stack.run("audit", "show").out
    lines = stack.run("audit", "export").out.splitlines()
    assert [json.loads(line)["run"] for line in lines] == [r["run"] for r in shown["runs"]]
    assert stack.run("audit", "verify", "--head", head).code == 0
    assert stack.run("audit", "verify", "--head", "0" * 64).code == 1


def test_an_old_row_that_is_put_back_is_found(stack):
    """It was true once, and its checksum is right: the journal tells."""
    stack.values(a="1")
    stack.apply()
    path = stack.folder / ".opsctl/state.db"
    with sqlite3.connect(path) as connection:
        old = connection.execute("SELECT body, sum FROM part WHERE key = 'a'").fetchone()
    stack.values(a="2")
    stack.apply()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE part SET body = ?, sum = ? WHERE key = 'a'", old)
        (total,) = connection.execute("SELECT sum(sum) FROM part").fetchone()
        _put_sum(connection, total)
    ran = stack.run("audit", "verify")
    assert ran.code == 1
    assert "the state of a is not what the journal says" in ran.out


def _put_sum(connection, total):
    import zlib  # noqa: PLC0415

    head = json.loads(connection.execute("SELECT body FROM head").fetchone()[0])
    body = json.dumps({**head, "parts_sum": total}, separators=(",", ":"), sort_keys=True).encode()
    connection.execute("UPDATE head SET body = ?, sum = ?", (body, zlib.crc32(body)))


def test_a_stale_plan_says_what_was_read_then_and_now(stack):
    """The same action, and another value: both are shown."""
    stack.write("letter.yaml", FILE % "one")
    stack.apply()
    stack.write("letter.yaml", FILE % "two")
    stack.run("plan", "-o", "p.opsplan")
    (stack.folder / "letter.txt").write_text("by somebody else")
    ran = stack.run("apply", "p.opsplan")
    assert ran.code == 6
    assert "letter: update (content) -> update (content)" in ran.err
    assert 'content: "one" when it was planned, "by somebody else" now' in ran.err


def test_an_absence_that_ended_makes_a_plan_stale(stack):
    """It was to be created, and by now it is there: not as it is wanted."""
    stack.write("letter.yaml", FILE % "one")
    stack.apply()
    (stack.folder / "letter.txt").unlink()
    stack.run("plan", "-o", "p.opsplan")
    (stack.folder / "letter.txt").write_text("by somebody else")
    ran = stack.run("apply", "p.opsplan")
    assert ran.code == 6
    assert "letter: create -> update (content, mode)" in ran.err
    assert 'absent when it was planned, "by somebody else" now' in ran.err


def test_encryption_is_switched_on_rotated_and_lifted_by_explicit_steps(stack):
    """Each step says what is missing before it, and everything is there after it."""
    for name, byte in (("one.key", b"1"), ("two.key", b"2")):
        path = stack.folder / name
        path.touch(0o600)
        path.write_bytes(byte * 32)
    stack.write("letter.yaml", FILE % "planted words")
    stack.apply()
    stack.write("opsctl.yaml", HEAD + "encryption: {key: {file: one.key}}\n")
    ran = stack.run("plan")
    assert (ran.code, "opsctl state rekey" in ran.err) == (1, True), (ran.err, ran.out)
    assert stack.run("state", "rekey").code == 0
    assert not any(b"planted" in body for body in _journal(stack))
    stack.write("opsctl.yaml", HEAD + "encryption: {key: {file: two.key}, fallback: [{file: one.key}]}\n")
    assert stack.run("plan", "--detailed-exitcode").code == 0
    assert "Encrypted by the present key" in stack.run("state", "rekey").out
    stack.write("opsctl.yaml", HEAD + "encryption: {key: {file: two.key}}\n")
    assert stack.run("plan", "--detailed-exitcode").code == 0
    stack.write("opsctl.yaml", HEAD + "encryption: {key: none, fallback: [{file: two.key}]}\n")
    assert "Decrypted" in stack.run("state", "rekey").out
    stack.write("opsctl.yaml", HEAD)
    assert stack.run("plan", "--detailed-exitcode").code == 0
    assert stack.run("audit", "verify").code == 0
    assert stack.run("audit", "show").out.count("state rekey: done") == 3
    assert stack.run("state", "rekey").code == 1
