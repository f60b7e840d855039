"""Policies that fail, and servers that do: denied, said plainly, nothing applied."""

from __future__ import annotations

import http.server
import json
import stat
import threading
from pathlib import Path

import jsonschema
import pytest

SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "policy-decision.schema.json"
HEAD = "package opsctl.t\n\nimport rego.v1\n\n"
ENDLESS = 'deny contains "x" if {\n\tsome a in numbers.range(1, 90000)\n\tsome b in numbers.range(1, 90000)\n\ta * b < 0\n}\n'


@pytest.fixture
def governed(stack):
    """A stack with a value and one policy."""

    def write(rego="", policy="bundles: [policies]"):
        if rego:
            stack.write("policies/t.rego", rego if "package" in rego else HEAD + rego)
        text = (stack.folder / "opsctl.yaml").read_text("utf-8")
        stack.write("opsctl.yaml", f"{text}policy: {{{policy}}}\n")
        stack.values(a="1")
        return stack

    return write


def refused(stack, code, *said):
    """Plan and apply end with the code and say it; nothing was made."""
    for command in (["plan"], ["apply", "--auto-approve"]):
        ran = stack.run(*command)
        assert ran.code == code, ran
        for text in said:
            assert text in ran.out + ran.err, ran
    assert "a " not in stack.run("state", "list").out


@pytest.mark.parametrize(
    ("rego", "said"),
    [
        ('deny contains "x" if {\n', ("the policies do not compile, so they deny", "policies/t.rego:")),
        ('package opsctl.t\n\ndeny[msg] { msg := "x" }\n', ("do not compile", "t.rego:3", "# rego-version: 0")),
        ('deny contains "x" if to_number("x") == 1\n', ("could not parse string as number", "policies/t.rego:5")),
        ('deny contains "x" if nosuch(1)\n', ("there is no function 'nosuch'", "policies/t.rego:5")),
        ('deny contains "x" if count(numbers.range(1, 100000000)) == 1\n', ("opsctl.t", "memory")),
        ("deny contains 3\n", ("where a string or an object with msg was expected",)),
    ],
    ids=["syntax", "legacy", "raises", "unknown function", "memory", "no message"],
)  # fmt: skip
def test_policies_that_fail_deny(governed, rego, said):
    """Whatever is wrong with a policy, it denies, names the rule and the place, and nothing is made."""
    refused(governed(rego), 3, *said)


def test_a_rule_without_end_denies(governed):
    """It has the time that the stack gives it."""
    refused(governed(ENDLESS, "bundles: [policies], timeout: 3s"), 3, "it ran for more than 3 seconds")


def test_a_syntax_error_is_shown_with_its_line(governed):
    """The check and every plan show file, line, column, the line and a caret under it; reports have it once."""
    stack = governed('deny contains "x" if input.stage == = "plan"\n')
    for command, code in ((["policy", "check"], 1), (["plan"], 3), (["validate"], 3)):
        ran = stack.run(*command)
        assert ran.code == code
        assert "policies/t.rego:5:3" in ran.err
        assert 'deny contains "x" if input.stage == = "plan"' in ran.err
        assert "^" in ran.err
    assert len(stack.run("plan", "--output", "gitlab").json) == 1


def test_marked_legacy_policies_are_asked(governed):
    """A v0 policy that says so denies by its rule."""
    stack = governed(policy="bundles: [policies]")
    stack.write("policies/t.rego", '# rego-version: 0\npackage opsctl.t\n\ndeny[msg] { msg := "old" }\n')
    ran = stack.run("plan")
    assert (ran.code, "old" in ran.out) == (3, True)


@pytest.fixture
def impostor():
    """A server that is not OPA."""
    servers = []

    def start(answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                answer(self)

            do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - the names that http.server calls

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answering(status, body, kind="text/html"):
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b"<html><body>Internal Server Error</body></html>", "not OPA's JSON"),
        (200, b"<html><body>Sign in</body></html>", "not OPA's JSON"),
        (500, b'{"code": "internal_error", "message": "disk is full"}', "refused: disk is full"),
        (200, b"", "not OPA's JSON"),
    ],
)
def test_a_server_that_answers_nonsense_denies(governed, impostor, status, body, said):
    """500, a page of a proxy, an empty answer: denied with what came."""
    url = impostor(answering(status, body))
    stack = governed('deny contains "x"\n', f'bundles: [policies], server: "{url}"')
    refused(stack, 3, said, url)


def test_a_server_that_is_down_denies(governed):
    """Nobody listens."""
    stack = governed('deny contains "x"\n', 'bundles: [policies], server: "http://127.0.0.1:9"')
    refused(stack, 3, "the OPA server at http://127.0.0.1:9 cannot be reached")


def test_a_server_that_is_slow_denies(governed, impostor):
    """It has the time that the stack gives it."""
    release = threading.Event()
    url = impostor(lambda _: release.wait(10))
    stack = governed('deny contains "x"\n', f'bundles: [policies], timeout: 0.2s, server: "{url}"')
    ran = stack.run("plan")
    release.set()
    assert ran.code == 3
    assert "did not answer within 0.2 seconds" in ran.out


def entries(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def logged(governed, monkeypatch):
    """A stack that keeps its decisions, with a secret in a spec."""
    monkeypatch.setenv("SECRET", "hunter2")
    rego = 'deny contains {"msg": msg, "address": c.address} if {\n\tsome c in input.resource_changes\n\tc.change.after.value == "bad"\n\tmsg := sprintf("%v", [c.change.after])\n}\nwarn contains "w"\n'
    stack = governed(rego, "bundles: [policies], decisionLog: decisions.jsonl")
    stack.values(a="1", b="'${secret(\"env:SECRET\")}'")
    return stack


def test_every_decision_is_kept(logged):
    """A line an asking, by the published schema, with digests in the place of what was asked about."""
    assert logged.run("plan").code == 0
    log = logged.folder / "decisions.jsonl"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    first = log.read_bytes()
    logged.apply()
    assert log.read_bytes().startswith(first)
    assert b"hunter2" not in log.read_bytes()
    kept = entries(log)
    assert [e["stage"] for e in kept] == ["spec", "plan", "spec", "apply"]
    for entry in kept:
        jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(entry)
    plan = kept[1]
    assert [(v["rule"], v["message"]) for v in plan["verdicts"]] == [("opsctl.t", "w")]
    assert (plan["denied"], plan["input"]["changes"], plan["stack"]["name"]) == (False, 2, "shop")
    assert [s["name"] for s in plan["policies"]["sources"]] == ["policies"]
    assert len({e["id"] for e in kept}) == 4
    assert plan["policies"] == kept[3]["policies"]
    assert plan["input"]["sha256"] != kept[3]["input"]["sha256"]


def test_a_denial_is_kept_too(logged):
    """With the rule, the address and what it said."""
    logged.values(a="bad")
    assert logged.run("apply", "--auto-approve").code == 3
    last = entries(logged.folder / "decisions.jsonl")[-1]
    assert last["denied"] is True
    assert [v["address"] for v in last["verdicts"] if v["blocks"]] == ["a"]


@pytest.mark.parametrize("spoil", ["readable", "folder", "link", "missing"])
def test_a_decision_that_cannot_be_kept_is_none(logged, spoil):
    """A log that others can read, that is no file, or that leads elsewhere: nothing is applied."""
    log = logged.folder / "decisions.jsonl"
    match spoil:
        case "readable":
            log.write_text("")
            log.chmod(0o644)
        case "folder":
            log.mkdir()
        case "link":
            log.symlink_to(logged.folder / "elsewhere")
        case _:
            text = (logged.folder / "opsctl.yaml").read_text("utf-8")
            logged.write("opsctl.yaml", text.replace("decisions.jsonl", "nowhere/decisions.jsonl"))
    refused(logged, 3, "the decision of policy cannot be kept in", "nothing was applied")
    assert not (logged.folder / "elsewhere").exists()


def test_validate_asks_about_the_specs(governed):
    """A rule of the stage spec denies where only files are looked at; the others wait for a plan."""
    rego = (
        '# METADATA\n# custom: {stages: [spec]}\ndeny contains {"msg": "odd", "address": r.address} if {\n'
        "\tsome r in input.resources\n\tr.spec.value == 1\n}\n\ndeny_later := true\n"
    )
    stack = governed(rego, "bundles: [policies]")
    ran = stack.run("validate")
    assert ran.code == 3
    assert "Valid: 1 resource, and denied by policy." in ran.out
    assert "values.yaml:" in ran.out
    ran = stack.run("validate", "--output", "json")
    assert (ran.code, ran.json["valid"], ran.json["exit_code"]) == (3, True, 3)
    assert [v["message"] for v in ran.json["policy"]["verdicts"]] == ["odd"]
    schema = json.loads((SCHEMA.parent / "problems.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema).validate(ran.json)
    ran = stack.run("validate", "--output", "sarif")
    assert [r["message"]["text"] for r in json.loads(ran.out)["runs"][0]["results"]] == ["a: odd"]
    stack.values(a="2")
    assert stack.run("validate").code == 0
