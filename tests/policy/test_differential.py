"""The embedded engine and a real OPA make the same of the same programs, but for the differences listed here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from orchestrator.adapters.policy_builtins import ABSENT
from orchestrator.adapters.policy_child import ChildFailedError, in_child
from orchestrator.adapters.policy_embedded import EmbeddedEngine, compile_modules, new_engine
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_rules import discover
from orchestrator.model.verdict import Stage
from tests.policy.rego_programs import INPUT, PROGRAMS, SHARED

PAGE = Path(__file__).parents[2] / "docs" / "policy-differences.md"
HEADING = f"""# Where the engines differ

Written by the test that runs the same programs on the embedded engine and on a real OPA server
(`tests/policy/test_differential.py`; `OPSCTL_UPDATE_GOLDEN=1` writes it anew). Every other program of it has the same value on both.
An error counts as undefined here; in a rule that is asked it denies.

The embedded engine has not these functions: `policy check`, and every plan, names the call, its line and what to use instead. A
real OPA has them: `policy: {{server: URL}}`.
Of `crypto.x509.parse_and_verify_certificates` it is stricter: a root must say what it is, as those of the web do (RFC 5280).

{chr(10).join(f"* `{name}{'*' * name.endswith(('.', '_'))}`{': ' * bool(do)}{do}" for name, do in ABSENT.items())}

`http.send` is refused on both engines: policies do not reach the network.
"""
NOTHING = "(undefined)"
KNOWN = {
    "v := upper(input.s)": "ß in capitals is SS",
    "v := json.marshal(1e3)": "numbers are written plainly",
    'v := sprintf("%5d|%-5s|", [42, "ab"])': "%-5s is not known to sprintf",
    "v := {k: v | some k, v in input.c}": "an own name in a comprehension may not be that of the rule's variable",
    "v := {c.type: n | some c in input.changes; n := count([1 | some d in input.changes; d.type == c.type])}": (
        "a key that an object comprehension makes twice is an error, though the values are equal"
    ),
    "v := crypto.x509.parse_certificates(input.pem.ROOT)[0].PublicKey.X": (
        "numbers of a certificate beyond 2^53 are decimal text (SerialNumber too), for they would be rounded"
    ),
    "v := object.keys(crypto.x509.parse_certificate_request(input.pem.REQUEST))": (
        "a request has no Attributes; its Extensions say the same"
    ),
    'v := is_string(io.jwt.encode_sign({"alg": "ES256"}, {}, input.key["P-384"]))': (
        "a key of another curve does not sign (RFC 7518, 3.4)"
    ),
    "v := 0.1 + 0.2": "fractions are binary",
    "v := 100000000000000000000 + 1": "arithmetic beyond 2^64 is of fractions",
}
"""Program to what the embedded engine does."""


def page(different):
    """What is published: each program on which the engines differ, what either makes of it, and why."""
    rows = [
        f"| `{body.replace('|', '&#124;')}` | `{shown(ours)}` | `{shown(theirs)}` | {KNOWN[body]} |"
        for body, (ours, theirs) in sorted(different.items())
    ]
    head = "| program | embedded | a real OPA | why |\n|---|---|---|---|"
    return "\n".join([HEADING, head, *rows, ""])


def shown(value):
    text = value if value == NOTHING else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "&#124;")


def module(programs):
    rules = "\n".join(f"r{n} := v if {{\n\t{body}\n}}\n" for n, body in programs)
    return f"package diff\n\nimport rego.v1\n{SHARED}\n{rules}"


def embedded(programs):
    """Value by number; what raises is undefined, as it is for a server that is not strict."""

    def work():
        values = {}
        for n, body in programs:
            engine = new_engine({"d.rego": module([(n, body)])}, {})
            engine.set_input_json(json.dumps(INPUT))
            try:
                found = json.loads(engine.eval_query_as_json(f"data.diff.r{n}"))
            except RuntimeError:
                found = {}
            values[n] = found["result"][0]["expressions"][0]["value"] if found.get("result") else NOTHING
        return json.dumps(values).encode()

    return {int(n): v for n, v in json.loads(in_child(work, seconds=120, memory=2 << 30)).items()}


def real(programs, url):
    place = f"{url}/v1/policies/diff"
    put = urllib.request.Request(place, module(programs).encode(), method="PUT")
    with urllib.request.urlopen(put):
        pass
    values = {}
    try:
        for n, _ in programs:
            body = json.dumps({"input": INPUT}).encode()
            ask = urllib.request.Request(
                f"{url}/v1/data/diff/r{n}", body, {"Content-Type": "application/json"}
            )
            try:
                with urllib.request.urlopen(ask) as answer:
                    values[n] = json.load(answer).get("result", NOTHING)
            except urllib.error.HTTPError:
                values[n] = NOTHING
    finally:
        with urllib.request.urlopen(urllib.request.Request(place, method="DELETE")):
            pass
    return values


def test_there_are_enough_programs():
    """At least 300, each once."""
    assert len(set(PROGRAMS)) >= 300


@pytest.mark.server
def test_both_engines_say_the_same(opa_server):
    """Every program has the same value on both, or none on both; a known difference that is gone is told too."""
    programs = list(enumerate(dict.fromkeys(PROGRAMS)))
    ours, theirs = embedded(programs), real(programs, opa_server)
    different = {body: (ours[n], theirs[n]) for n, body in programs if ours[n] != theirs[n]}
    assert set(different) == set(KNOWN), "\n".join(
        f"{k}: {v}" for k, v in different.items() if k not in KNOWN
    )
    table = page(different)
    if os.environ.get("OPSCTL_UPDATE_GOLDEN"):
        PAGE.write_text(table, "utf-8")
    assert PAGE.read_text("utf-8") == table


@pytest.mark.server
def test_an_opa_in_this_process_says_the_same():
    """OPA as a library differs from the embedded engine where its server does, and on every policy that ships not at all."""
    programs = list(enumerate(dict.fromkeys(PROGRAMS)))
    ours = embedded(programs)
    found = in_process({"d.rego": module(programs)}, {"diff": [f"r{n}" for n, _ in programs]}, INPUT)["diff"]
    different = {body for n, body in programs if found.get(f"r{n}", NOTHING) != ours[n]}
    assert different == set(KNOWN)


@pytest.mark.server
def test_an_opa_in_this_process_judges_the_same(shipped, awkward_plan):
    bundle = load_bundle([shipped])
    engine = EmbeddedEngine()
    assert not engine.load(bundle)
    ours = {(v.rule, v.address, v.message) for v in engine.evaluate(awkward_plan, Stage.PLAN).verdicts}
    rules, _ = discover(compile_modules(bundle.modules, bundle.data)[0])
    asked: dict[str, list[str]] = {}
    for rule in rules:
        if rule.asked_at(Stage.PLAN):
            asked.setdefault(rule.package, []).append(rule.name)
    found = in_process(bundle.modules, asked, awkward_plan)
    theirs = {
        (rule.label, verdict.address, verdict.message)
        for rule in rules
        for verdict in rule.verdicts(found.get(rule.package, {}).get(rule.name), Stage.PLAN)
    }
    assert theirs == ours
    assert len(ours) > 10


def in_process(modules, packages, input):
    """What OPA as a library makes of rules, by package and name; what is undefined is absent."""
    path = os.environ["OPSCTL_TEST_OPA_IN_PROCESS"]
    asked = {"modules": dict(modules), "packages": packages, "input": input}
    ran = subprocess.run(
        [sys.executable, Path(__file__).with_name("in_process.py")],
        input=json.dumps(asked),
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_every_known_difference_is_published():
    """The page has a row for each, and none for another."""
    rows = re.findall(r"^\| `(v := .*?)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert [row.replace("&#124;", "|") for row in rows] == sorted(KNOWN)


def test_the_comparison_can_fail():
    """A program that does not compile is an error, never an equal nothing."""
    with pytest.raises(ChildFailedError):
        embedded([(0, "v := nosuch(1")])
