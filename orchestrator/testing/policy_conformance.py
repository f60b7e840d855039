"""What every policy engine must do: run each case through :func:`verify`.

@pytest.mark.parametrize("case", CASES, ids=str)
def test_engine(case): verify(case, MyEngine())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.model.diagnostic import Severity
from orchestrator.model.verdict import POLICY_ERROR, Bundle, Effect, Stage, denies
from orchestrator.seams.policy import PolicyEngine

_HEAD: Final = "package opsctl.case\n\nimport rego.v1\n\n"
DENY, WARN, APPROVAL = Effect.DENY, Effect.WARN, Effect.REQUIRE_APPROVAL


@dataclass(frozen=True, slots=True)
class Case:
    """A program, an input, and what must come out of it."""

    claim: str
    program: str = ""
    """Rules of package opsctl.case, from line 5 on."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """Whole modules, beside or instead of the program."""
    data: Mapping[str, Any] = field(default_factory=dict)
    input: Mapping[str, Any] = field(default_factory=dict)
    stage: Stage = Stage.PLAN
    says: tuple[tuple[Effect, str], ...] = ()
    """Effects and messages, in any order."""
    crashes: int = 0
    """How many rules end as a deny because they could not be evaluated."""
    rejected: tuple[tuple[str, int], ...] = ()
    """File and line of the first error of each file; empty: they load."""

    def __str__(self) -> str:
        return self.claim

    @property
    def bundle(self) -> Bundle:
        """What is loaded."""
        own = {"case.rego": _HEAD + self.program} if self.program else {}
        return Bundle({**own, **self.modules}, self.data)


def verify(case: Case, engine: PolicyEngine) -> None:
    """Load the case's bundle, ask, and compare; raises AssertionError."""
    errors = [d for d in engine.load(case.bundle) if d.severity is Severity.ERROR]
    places: dict[str, int] = {}
    for position in (d.position for d in errors if d.position):
        places.setdefault(position.file, position.line)
    assert tuple(places.items()) == case.rejected, errors
    if case.rejected:
        assert denies(engine.evaluate(case.input, case.stage).verdicts), (
            "policies that do not compile must deny"
        )
        return
    verdicts = engine.evaluate(case.input, case.stage).verdicts
    crashed = [v for v in verdicts if v.code == POLICY_ERROR]
    assert len(crashed) == case.crashes, verdicts
    assert all(v.effect is DENY and v.rule and v.message for v in crashed), crashed
    said = [(v.effect, v.message) for v in verdicts if v.code != POLICY_ERROR]
    assert sorted(said) == sorted(case.says)


_STAGED: Final = """# METADATA
# title: only at drift
# custom:
#   stages: [drift]
deny contains "drifted"
"""
_LEVELLED: Final = """# METADATA
# title: a rollout
# custom:
#   level: {}
deny contains "not yet"
"""

CASES: Final[tuple[Case, ...]] = (
    Case("a rule that matches denies", 'deny contains "no"', says=((DENY, "no"),)),
    Case("a rule that does not match says nothing", 'deny contains "no" if input.x == 1'),
    Case(
        "each effect is its own",
        'warn contains "w"\nrequire_approval contains "a"',
        says=((WARN, "w"), (APPROVAL, "a")),
    ),
    Case(
        "several messages are several verdicts",
        'deny contains m if some m in ["a", "b"]',
        says=((DENY, "a"), (DENY, "b")),
    ),
    Case(
        "an object with msg is a verdict", 'deny contains {"msg": "m", "address": "web"}', says=((DENY, "m"),)
    ),
    Case(
        "the input is seen",
        "deny contains c.address if some c in input.resource_changes",
        input={"resource_changes": [{"address": "web"}]},
        says=((DENY, "web"),),
    ),
    Case(
        "the bundle's data is seen",
        "deny contains r if some r in data.opsctl.params.regions",
        data={"opsctl": {"params": {"regions": ["eu"]}}},
        says=((DENY, "eu"),),
    ),
    Case(
        "data beside a package is seen",
        "deny contains data.opsctl.case.word",
        data={"opsctl": {"case": {"word": "w"}}},
        says=((DENY, "w"),),
    ),
    Case(
        "an undefined reference is no error",
        "deny contains input.nothing.here\nwarn contains data.nothing.here",
    ),
    Case(
        "a function that fails denies",
        'deny contains "x" if to_number(input.x) == 1',
        input={"x": "one"},
        crashes=1,
    ),
    Case(
        "a rule that fails silences no other",
        'deny contains "x" if to_number(input.x) == 1\nwarn contains "still"',
        input={"x": "one"},
        says=((WARN, "still"),),
        crashes=1,
    ),
    Case(
        "a conflict at run time denies",
        'v := 1 if input.x\nv := 2 if input.x\ndeny contains "x" if v == 3',
        input={"x": True},
        crashes=1,
    ),
    Case("a value that is no message denies", "warn contains 5", crashes=1),
    Case("an object without msg denies", 'warn contains {"address": "web"}', crashes=1),
    Case(
        "a boolean rule speaks by its title",
        "# METADATA\n# title: never\ndeny if input.x",
        input={"x": True},
        says=((DENY, "never"),),
    ),
    Case(
        "a rule without stages runs at apply", 'deny contains "no"', stage=Stage.APPLY, says=((DENY, "no"),)
    ),
    Case("a rule without stages does not run at drift", 'deny contains "no"', stage=Stage.DRIFT),
    Case("a rule runs at its stages", _STAGED, stage=Stage.DRIFT, says=((DENY, "drifted"),)),
    Case("a rule runs at no other stage", _STAGED, stage=Stage.PLAN),
    Case("an advisory deny warns", _LEVELLED.format("advisory"), says=((WARN, "not yet"),)),
    Case("an approval level asks for approval", _LEVELLED.format("approval"), says=((APPROVAL, "not yet"),)),
    Case("an unknown level is an error", _LEVELLED.format("maybe"), rejected=(("case.rego", 5),)),
    Case("a syntax error is placed", "deny contains if {", rejected=(("case.rego", 5),)),
    Case(
        "an unknown function is placed", 'deny contains "x" if {\n\tfoo(1)\n}', rejected=(("case.rego", 6),)
    ),
    Case(
        "a wrong argument count is placed",
        'deny contains "x" if count(1, 2, 3)',
        rejected=(("case.rego", 5),),
    ),
    Case("an unsafe variable is placed", 'deny contains "x" if y > 1', rejected=(("case.rego", 5),)),
    Case("a function that calls itself is rejected", "f(x) := f(x)", rejected=(("case.rego", 5),)),
    Case(
        "policies do not reach the network",
        'deny contains "x" if http.send({"method": "get", "url": "http://127.0.0.1:1"})',
        rejected=(("case.rego", 5),),
    ),
    Case(
        "functions of other packages are found",
        'import data.lib.words as w\n\ndeny contains w.loud("x")',
        modules={"lib.rego": "package lib.words\n\nimport rego.v1\n\nloud(x) := upper(x)\n"},
        says=((DENY, "X"),),
    ),
    Case(
        "an imported package is not asked what nobody uses",
        "import data.lib\n\ndeny contains lib.words.hello",
        modules={
            "w.rego": 'package lib.words\n\nimport rego.v1\n\nhello := "hi"\n',
            "b.rego": 'package lib.broken\n\nimport rego.v1\n\nboom if to_number("x") == 1\n',
        },
        says=((DENY, "hi"),),
    ),
    Case(
        "packages may import what they are part of",
        "import data.lib\n\ndeny contains lib.a.hello",
        modules={
            "a.rego": "package lib.a\n\nimport data.lib\nimport rego.v1\n\nhello := lib.b.word\n",
            "b.rego": 'package lib.b\n\nimport rego.v1\n\nword := "hi"\n',
        },
        says=((DENY, "hi"),),
    ),
    Case(
        "an argument may be called as an import",
        'import data.lib as l\n\ndeny contains own({"x": "own"})\n\nown(l) := l.x',
        modules={"l.rego": 'package lib\n\nimport rego.v1\n\nx := "theirs"\n'},
        says=((DENY, "own"),),
    ),
    Case(
        "conftest policies are asked",
        modules={
            "main.rego": 'package main\n\nimport rego.v1\n\ndeny_web contains {"msg": "d"}\n\nviolation contains {"msg": "v"}\n\nwarn contains "w"\n'
        },
        says=((DENY, "d"), (DENY, "v"), (WARN, "w")),
    ),
    Case(
        "rules of other packages are not asked",
        'warn contains "w"',
        modules={"o.rego": 'package other\n\nimport rego.v1\n\ndeny contains "never"\n'},
        says=((WARN, "w"),),
    ),
    Case(
        "tests are not asked",
        'warn contains "w"',
        modules={"case_test.rego": 'package opsctl.case_test\n\nimport rego.v1\n\ndeny contains "never"\n'},
        says=((WARN, "w"),),
    ),
    Case(
        "one package may span modules",
        'deny contains "a"',
        modules={"b.rego": 'package opsctl.case\n\nimport rego.v1\n\ndeny contains "b"\n'},
        says=((DENY, "a"), (DENY, "b")),
    ),
    Case(
        "networks are compared",
        'deny contains "in" if net.cidr_contains("10.0.0.0/8", "10.1.0.0/16")\nwarn contains "meet" if net.cidr_intersects("10.0.0.0/8", "10.1.0.0/16")',
        says=((DENY, "in"), (WARN, "meet")),
    ),
    Case(
        "networks are merged",
        'deny contains x if some x in net.cidr_merge(["10.0.0.0/9", "10.128.0.0/9"])',
        says=((DENY, "10.0.0.0/8"),),
    ),
    Case(
        "digests are made",
        'deny contains crypto.sha256("a")\nwarn contains crypto.hmac.sha256("a", "k")',
        says=(
            (DENY, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
            (WARN, "78da91511e675587f5b9df78bedebaf5560da2abb88162ee875dcdf744951d9e"),
        ),
    ),
    Case(
        "arrays are flattened one level",
        "deny contains json.marshal(array.flatten([1, [2, [3]]]))",
        says=((DENY, "[1,2,[3]]"),),
    ),
    Case(
        "comprehensions, every and some work",
        'deny contains "all" if {\n\txs := [x | some x in input.xs; x > 1]\n\tevery x in xs { x > 1 }\n\tcount(xs) == 2\n}',
        input={"xs": [1, 2, 3]},
        says=((DENY, "all"),),
    ),
    Case(
        "large integers stay exact",
        "deny contains format_int(input.n, 10)",
        input={"n": 9007199254740993},
        says=((DENY, "9007199254740993"),),
    ),
    Case(
        "print is allowed", 'deny contains "x" if print("seen", input.x)', input={"x": 1}, says=((DENY, "x"),)
    ),
)
