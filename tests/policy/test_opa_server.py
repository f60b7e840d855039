"""A real OPA server as the engine: the conformance suite, and servers that fail."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.request

import pytest

from orchestrator.adapters.policy_embedded import EmbeddedEngine
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_opa import OpaEngine
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.verdict import Bundle, Effect, Stage
from orchestrator.stages.policy import ask
from orchestrator.testing.policy_conformance import CASES, Case, verify

BUNDLE = Bundle({"t.rego": 'package opsctl.t\n\nimport rego.v1\n\ndeny contains "x"\n'})


def modules_on(server):
    with urllib.request.urlopen(f"{server}/v1/policies") as answer:
        return [module["id"] for module in json.load(answer)["result"]]


@pytest.mark.server
@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case: Case, opa_server):
    """A real OPA does what every engine must, and keeps nothing of ours."""
    verify(case, OpaEngine(opa_server))
    assert modules_on(opa_server) == []


@pytest.mark.server
def test_many_runs_may_share_a_server(opa_server):
    """Runs that put and remove the same policies at the same time never hear silence."""
    said = []

    def run():
        said.extend(ask(OpaEngine(opa_server), BUNDLE, {}, Stage.PLAN) for _ in range(5))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 20
    assert all(verdicts and verdicts[0].effect is Effect.DENY for verdicts in said)


@pytest.mark.server
def test_a_server_may_have_policies_of_its_own(opa_server):
    """Without a bundle the server's own rules are asked, and stay; a server without any denies."""
    (none,) = ask(OpaEngine(opa_server), Bundle(), {}, Stage.PLAN)
    assert none.effect is Effect.DENY
    assert "has no policies of packages opsctl.*" in none.message
    url = f"{opa_server}/v1/policies/team/t.rego"
    put = urllib.request.Request(url, BUNDLE.modules["t.rego"].encode(), method="PUT")
    with urllib.request.urlopen(put):
        (said,) = ask(OpaEngine(opa_server), Bundle(), {}, Stage.PLAN)
    assert (said.effect, said.message, said.rule) == (Effect.DENY, "x", "opsctl.t")
    assert modules_on(opa_server) == ["team/t.rego"]
    with urllib.request.urlopen(urllib.request.Request(url, method="DELETE")):
        assert modules_on(opa_server) == []


@pytest.mark.server
def test_shipped_policies_say_the_same_on_both(opa_server, shipped, awkward_plan):
    """The guardrails, asked about one plan that offends against most of them."""
    bundle = load_bundle([shipped], {"required_labels": ["owner"], "allowed_regions": ["eu-west-1"]})
    embedded = ask(EmbeddedEngine(), bundle, awkward_plan, Stage.PLAN)
    assert len({v.rule for v in embedded}) > 8
    assert ask(OpaEngine(opa_server), bundle, awkward_plan, Stage.PLAN) == embedded


class Answer(http.server.BaseHTTPRequestHandler):
    """A server that is not OPA: one status and body for everything."""

    status, body = 200, b""

    def do_PUT(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_POST = do_DELETE = do_PUT  # noqa: N815 - the names that http.server calls

    def log_message(self, *args):
        pass


@pytest.fixture
def impostor():
    """Start a server with the given handler; returns its URL."""
    servers = []

    def start(**attributes):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Answer,), attributes))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b"<html>Internal Server Error</html>", "not OPA's JSON"),
        (200, b"<html>welcome</html>", "not OPA's JSON"),
        (200, b"[]", "not OPA's JSON"),
        (401, b'{"code": "unauthorized", "message": "no token"}', "refused: no token"),
        (500, b'{"code": "internal_error", "message": "broken"}', "refused: broken"),
    ],
)
def test_a_server_that_answers_nonsense_denies(impostor, status, body, said):
    """Whatever stands there instead of OPA, the plan is denied and the reason is plain."""
    (verdict,) = ask(OpaEngine(impostor(status=status, body=body)), BUNDLE, {}, Stage.PLAN)
    assert verdict.effect is Effect.DENY
    assert said in verdict.message


def test_a_slow_server_denies(impostor):
    """A server that does not answer in time is said to be slow."""
    release = threading.Event()

    def wait(self):
        release.wait(5)

    url = impostor(do_PUT=wait, do_GET=wait, do_DELETE=wait)
    (verdict,) = ask(OpaEngine(url, timeout=0.2), BUNDLE, {}, Stage.PLAN)
    release.set()
    assert verdict.effect is Effect.DENY
    assert "did not answer within 0.2 seconds" in verdict.message


def test_a_server_that_is_down_denies():
    """Nobody listens: denied, and the address is named."""
    (verdict,) = ask(OpaEngine("http://127.0.0.1:9"), BUNDLE, {}, Stage.PLAN)
    assert verdict.effect is Effect.DENY
    assert "the OPA server at http://127.0.0.1:9 cannot be reached" in verdict.message


@pytest.mark.parametrize("url", ["", "localhost:8181", "ftp://opa", "http://opa/path", "http://opa:port"])
def test_an_address_that_is_none_is_a_diagnostic(url):
    """A mistake in the address is told before anything is asked."""
    with pytest.raises(InvalidSpecError, match="not the address of an OPA server"):
        OpaEngine(url)


def test_credentials_are_not_shown():
    """A password in the address does not reach any output."""
    assert OpaEngine("http://me:hunter2@opa:8181").name == "OPA server http://opa:8181"
