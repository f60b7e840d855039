"""Faults on request."""

import http.client
import os

import pytest
from werkzeug.wrappers import Request, Response

from orchestrator.kit.simulation.faults import STALE, Faults, FaultyApplication, Rule, rules_of
from orchestrator.kit.simulation.server import serve


class World:
    """A simulator that counts what reached it."""

    def __init__(self):
        self.reached = []
        self.slept = []
        self.faults = Faults()
        self.server = serve(
            FaultyApplication(
                self.application,
                self.faults,
                operation=lambda e: f"{e['REQUEST_METHOD']} {e['PATH_INFO']}",
                cloud="test",
                failed=lambda _e, status, code: Response(code, status=status),
                sleep=self.slept.append,
            )
        )

    def application(self, environ, start):
        self.reached.append(Request(environ).path)
        return Response(str(environ.get(STALE, "")))(environ, start)

    def ask(self, path="/", method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


@pytest.fixture
def world():
    made = World()
    yield made
    made.server.close()


def test_without_rules_nothing_happens(world):
    """No rule, no fault."""
    assert world.ask() == (200, "")


def test_a_throttle_ends_after_its_times(world):
    """Two throttled, then through; the throttled ones never reach the simulator."""
    world.faults.add(Rule("throttle", times=2))
    assert [world.ask()[0] for _ in range(3)] == [429, 429, 200]
    assert len(world.reached) == 1


def test_the_operation_is_a_glob_and_other_calls_pass(world):
    """Only what the glob names is hit."""
    world.faults.add(Rule("error", operation="PUT /disks/*", status=503, code="Busy"))
    assert world.ask("/disks/a") == (200, "")
    assert world.ask("/disks/a", "PUT") == (503, "Busy")


def test_another_clouds_rule_is_not_ours(world):
    """A rule that names a cloud speaks of that cloud alone."""
    world.faults.replace([Rule("error", cloud="other"), Rule("error", cloud="test", after=1)])
    assert [world.ask()[0] for _ in range(2)] == [200, 500]
    assert world.faults.hit() == [0, 1]


def test_a_lost_answer_has_taken_effect(world):
    """The simulator did it; the caller never hears of it."""
    world.faults.add(Rule("lost-answer", times=1))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        world.ask("/made")
    assert world.reached == ["/made"]
    assert world.ask()[0] == 200


def test_a_severed_answer_has_taken_effect_and_looks_like_an_empty_one(world):
    """What Python's client makes of a head that is cut off: 200, and nothing in it."""
    world.faults.add(Rule("severed-answer", times=1))
    assert world.ask("/thing") == (200, "")
    assert world.reached == ["/thing"]


def test_a_lost_request_has_no_effect(world):
    """The caller sees the same, but nothing was done."""
    world.faults.add(Rule("lost-request", times=1))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        world.ask("/made")
    assert world.reached == []


def test_latency_and_staleness_let_the_call_through(world):
    """Both may strike the same call."""
    world.faults.replace([Rule("latency", seconds=2.5), Rule("stale", seconds=7)])
    assert world.ask() == (200, "7")
    assert world.slept == [2.5]


def test_chance_is_repeatable():
    """The same seed strikes the same calls."""

    def struck(seed):
        faults = Faults([Rule("throttle", probability=0.5)], seed=seed)
        return [bool(faults.strike("", "x")) for _ in range(40)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 5 < sum(struck(1)) < 35


def test_a_faults_file_is_read_again_when_it_changes(tmp_path):
    """Rules of the file come and go with it, and a half-written file changes nothing."""
    file = tmp_path / "faults.yaml"
    faults = Faults(file=file)

    def write(text, stamp):
        file.write_text(text)
        os.utime(file, ns=(stamp, stamp))

    assert faults.strike("aws", "Run") == []
    write("faults:\n- {kind: throttle, operation: Run, times: 1}\n", 10**9)
    assert [r.kind for r in faults.strike("aws", "Run")] == ["throttle"]
    assert faults.strike("aws", "Run") == []
    write("faults: [", 2 * 10**9)
    assert faults.strike("aws", "Run") == []
    write("- {kind: error, code: Boom}\n", 3 * 10**9)
    assert [r.code for r in faults.strike("aws", "Run")] == ["Boom"]
    file.unlink()
    assert faults.strike("aws", "Run") == []


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([{"kind": "explode"}], "explode"),
        ([{"kind": "error", "tines": 1}], "tines"),
        (["error"], "mapping"),
        ([{"kind": "error", "probability": 2}], "probability"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(document, message):
    """A faults file with a mistake is refused by name."""
    with pytest.raises(ValueError, match=message):
        rules_of(document)
