"""The embedded engine: the conformance suite, and what only it must survive."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest

from orchestrator.adapters.policy_builtins import ARITY, REFUSED, absent
from orchestrator.adapters.policy_embedded import EmbeddedEngine, Limits
from orchestrator.model.verdict import POLICY_ERROR, Bundle, Effect, Source, Stage
from orchestrator.testing.policy_conformance import CASES, Case, verify
from tests.policy.tokens import SIGNED, call

HEAD = "package opsctl.t\n\nimport rego.v1\n\n"


def verdicts(program, *, limits=None, data=None, **modules):
    engine = EmbeddedEngine(limits)
    assert not list(engine.load(Bundle({"t.rego": HEAD + program, **modules}, data or {})))
    return list(engine.evaluate({}, Stage.PLAN).verdicts)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_conforms(case: Case):
    """The embedded engine does what every engine must."""
    verify(case, EmbeddedEngine())


def test_a_policy_without_end_denies():
    """A rule that would run for ever is stopped, and named."""
    endless = 'deny contains "x" if {\n\tsome a in numbers.range(1, 90000)\n\tsome b in numbers.range(1, 90000)\n\ta * b < 0\n}'
    (said,) = verdicts(endless, limits=Limits(seconds=1))
    assert (said.effect, said.code, said.rule) == (Effect.DENY, POLICY_ERROR, "opsctl.t")
    assert "more than 1 seconds" in said.message
    assert (said.file, said.line) == ("t.rego", 5)


def test_a_policy_that_eats_memory_denies():
    """A rule that allocates without end ends as a deny; this process goes on."""
    (said,) = verdicts(
        'deny contains "x" if count(numbers.range(1, 100000000)) == 1', limits=Limits(memory=200 << 20)
    )
    assert (said.effect, said.code) == (Effect.DENY, POLICY_ERROR)


def test_what_nobody_vouches_for_has_less_memory():
    """The same rule is evaluated for a trusted base, and refused to a folder of the stack or a bundle from elsewhere."""
    module = {"t.rego": HEAD + 'warn contains "done" if count(numbers.range(1, 7000000)) > 1'}
    said = []
    for source in (Source("base", trusted=True), Source("baseline", ships=True), Source("policies")):
        engine = EmbeddedEngine()
        assert not list(engine.load(Bundle(module, sources=(Source("base", trusted=True), source))))
        said.append([v.code or v.message for v in engine.evaluate({}, Stage.PLAN).verdicts])
    assert said == [["done"], ["done"], [POLICY_ERROR]]


def test_an_error_is_told_without_a_backtrace():
    """What people read is the engine's message and its place, and nothing of its insides."""
    (said,) = verdicts('deny contains "x" if to_number("x") == 1')
    assert said.message.endswith("could not parse string as number (t.rego:5)")


def test_too_large_an_input_denies():
    """An input beyond the limit is not evaluated."""
    (said,) = verdicts('warn contains "w"', limits=Limits(input=1))
    assert said.effect is Effect.DENY


def test_legacy_rego_is_told_how_it_is_accepted():
    """Legacy rules are an error with a hint, and with the mark they run beside modern ones."""
    legacy = 'package opsctl.old\n\ndeny[msg] { msg := "old" }\n'
    engine = EmbeddedEngine()
    (found,) = engine.load(Bundle({"old.rego": legacy}))
    assert "# rego-version: 0" in found.hint
    assert found.position is not None
    assert (found.position.line, found.position.text) == (3, 'deny[msg] { msg := "old" }')
    said = verdicts('deny contains "new"', **{"old.rego": f"# rego-version: 0\n{legacy}"})
    assert {v.message for v in said} == {"old", "new"}


def test_an_unknown_function_names_the_nearest():
    """A typo is answered with the name that was meant."""
    (found,) = EmbeddedEngine().load(Bundle({"t.rego": HEAD + 'deny contains "x" if startswit("a", "b")'}))
    assert found.message == "there is no function 'startswit'"
    assert found.hint == "did you mean 'startswith'?"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ('graphql.parse_query("{a}")', ""),
        ("rego.metadata.rule()", ""),
        ('crypto.parse_private_keys("x")', "a private key has no place in a policy; "),
        ('re_match("a", "a")', "write regex.match; "),
        (
            'net.lookup_ip_addr("a")',
            "policies do not reach the network; compare addresses with net.cidr_contains; ",
        ),
    ],
)
def test_a_function_of_a_real_opa_alone_is_told(asked, hint):
    """What the embedded engine has not is an error before a rule runs, and says what to use instead, and who has it."""
    (found,) = EmbeddedEngine().load(Bundle({"t.rego": f'{HEAD}deny contains "x" if {asked}\n'}))
    assert found.message == f"{asked.partition('(')[0]} is not supported by the embedded engine"
    assert found.hint == f"{hint}a real OPA has it: write policy: {{server: URL}}"
    assert found.position.line


@pytest.mark.parametrize(
    ("asked", "holds"),
    [("any([false, true])", True), ("any([])", False), ("all([true])", True), ("all([1])", False)],
)
def test_legacy_policies_may_call_any_and_all(asked, holds):
    """As a real OPA with --v0-compatible has them: what is not true does not count."""
    module = f'# rego-version: 0\npackage opsctl.old\n\ndeny["x"] {{ {asked} }}\n'
    engine = EmbeddedEngine()
    assert not engine.load(Bundle({"old.rego": module}))
    assert bool(engine.evaluate({}, Stage.PLAN).verdicts) is holds


def test_every_function_of_a_real_opa_is_there_or_told():
    """No builtin of OPA's is just unknown: it runs, is refused, or has a hint; operators are the parser's."""
    operators = re.compile(r"internal\.|(and|assign|div|eq|equal|gte?|lte?|minus|mul|neq|or|plus|rem)$")
    names = (Path(__file__).parent / "opa_builtins.txt").read_text("utf-8").split()
    unknown = [n for n in names if not (n in ARITY or n in REFUSED or absent(n) or operators.match(n))]
    assert len(names) > 200
    assert unknown == []


def test_a_token_is_verified_in_a_rule():
    """A rule may let through only what a key has signed; a token that was changed is not verified."""
    token, key = SIGNED["ES256"]
    rule = "deny contains %s if not %s"
    said = [
        verdicts(rule % (f'"{n}"', call("io.jwt.verify_es256", each, key)))
        for n, each in enumerate((token, f"{token[:-4]}AAAA"))
    ]
    assert [[v.message for v in found] for found in said] == [[], ["1"]]


def test_a_rule_that_is_never_asked_is_a_warning():
    """A deny outside opsctl.* and main would be silent: it is said."""
    (found,) = EmbeddedEngine().load(
        Bundle({"o.rego": 'package other\n\nimport rego.v1\n\ndeny contains "x"\n'})
    )
    assert "never asked" in found.message


def test_metadata_enriches_verdicts():
    """Title, severity and link come from the package's annotation, the code's own block wins."""
    module = (
        "# METADATA\n# title: Package\n# related_resources:\n# - ref: https://example.org/why\n"
        "# custom:\n#   severity: high\npackage opsctl.t\n\nimport rego.v1\n\n"
        '# METADATA\n# title: One\n# custom:\n#   code: one\n#   severity: low\ndeny contains {"msg": "1", "code": "one"}\n\n'
        'deny contains {"msg": "2", "code": "two", "path": ["Tags", 0]}\n'
    )
    engine = EmbeddedEngine()
    assert not list(engine.load(Bundle({"t.rego": module})))
    one, two = sorted(engine.evaluate({}, Stage.PLAN).verdicts, key=lambda v: v.message)
    assert (one.title, one.severity, one.link) == ("One", "low", "https://example.org/why")
    assert (two.title, two.severity, two.path) == ("Package", "high", "Tags[0]")


def test_it_works_from_another_thread():
    """Loaded in one thread, asked in another: the same answer."""
    engine = EmbeddedEngine()
    engine.load(Bundle({"t.rego": HEAD + 'deny contains "x"'}))
    found = []
    thread = threading.Thread(target=lambda: found.extend(engine.evaluate({}, Stage.PLAN).verdicts))
    thread.start()
    thread.join()
    assert [v.message for v in found] == ["x"]


def test_policies_write_nothing_to_our_streams(capfd):
    """Prints and warnings of the engine stay out of our output."""
    verdicts('deny contains "x" if print("hello")')
    assert capfd.readouterr() == ("", "")
