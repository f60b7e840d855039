"""What becomes of a verdict: its level here, the waiver that sets it aside, the change that its rule proposes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.adapters.policy_embedded import EmbeddedEngine
from orchestrator.model.diagnostic import Severity
from orchestrator.model.patterns import matches
from orchestrator.model.signature import Signature
from orchestrator.model.verdict import (
    POLICY_ERROR,
    Approval,
    Approver,
    Bundle,
    Effect,
    Level,
    Patch,
    Stage,
    Verdict,
    Waiver,
    denies,
)
from orchestrator.stages.policy import Circumstances, approved, judge, refused

HEAD = "package opsctl.t\n\nimport rego.v1\n\n"
RULE = HEAD + 'deny contains {"msg": "too large", "address": "web"}\n'
INPUT = {"resource_changes": [{"address": "web", "type": "Local::File", "file": "a.yaml", "line": 4}]}
WAIVER = Waiver(
    "old", "opsctl.t", "web", "being replaced", "ops@example.org", "2026-12-31", file="w.yaml", line=1
)


def settled(bundle, *, today="2026-11-25", stage=Stage.PLAN, nearest=lambda _: None, engine=None):
    circumstances = Circumstances(today=today, nearest=nearest)
    return judge(engine or EmbeddedEngine(), bundle, INPUT, stage, circumstances)


def only(bundle, **rest):
    (verdict,) = settled(bundle, **rest).verdicts
    return verdict


def test_a_stack_may_raise_a_level():
    """An advisory rule denies where the stack says so; the result tells what its author meant."""
    rule = RULE.replace("deny contains", "warn contains")
    raised = only(Bundle({"t.rego": rule}, levels={"opsctl.t": Level.MANDATORY}))
    assert (raised.effect, raised.declared, raised.blocks) == (Effect.DENY, Level.ADVISORY, True)


def test_a_stack_may_not_lower_a_level():
    """What a stack lowers without leave is an error that denies; the rule still speaks at its own level."""
    refusal = only(Bundle({"t.rego": RULE}, levels={"opsctl.t": Level.ADVISORY}))
    assert refusal.code == POLICY_ERROR
    assert "may not be lowered to advisory" in refusal.message


def test_the_trusted_base_may_allow_to_lower():
    """With leave, the same rule warns, and the result tells that it was mandatory."""
    bundle = Bundle({"t.rego": RULE}, levels={"opsctl.t": Level.ADVISORY}, lowerable=("opsctl.*",))
    lowered = only(bundle)
    assert (lowered.effect, lowered.declared, lowered.blocks) == (Effect.WARN, Level.MANDATORY, False)


def test_a_level_of_one_code_leaves_the_others():
    """``rule:code`` levels the verdicts of that code only; it may not lower them either."""
    rules = HEAD + 'warn contains {"msg": "a", "code": "one"}\n\nwarn contains {"msg": "b", "code": "two"}\n'
    said = settled(Bundle({"t.rego": rules}, levels={"opsctl.t:one": Level.APPROVAL})).verdicts
    assert {v.code: v.effect for v in said} == {"one": Effect.REQUIRE_APPROVAL, "two": Effect.WARN}
    kept = only(
        Bundle({"t.rego": RULE.replace("}", ', "code": "x"}')}, levels={"opsctl.t:x": Level.ADVISORY})
    )
    assert (kept.effect, kept.code) == (Effect.DENY, POLICY_ERROR)


def test_a_level_of_no_rule_names_the_nearest():
    """A slip in a rule's name must not pass as a level that holds."""
    refusal = only(Bundle({"t.rego": RULE}, levels={"opsctl.tt": Level.MANDATORY}))
    assert "there is no rule opsctl.tt" in refusal.message
    assert refusal.fix == "did you mean 'opsctl.t'?"


def test_a_waiver_sets_a_rule_aside():
    """The verdict stays in the result with reason, owner and day, and blocks nothing; on its last day too."""
    verdict = only(Bundle({"t.rego": RULE}, waivers=(WAIVER,)), today="2026-12-31")
    assert (verdict.waived, verdict.waiver, verdict.blocks) == (True, WAIVER, False)


def test_an_expired_waiver_denies_and_says_so():
    """The day after its last day the rule holds again."""
    verdict = only(Bundle({"t.rego": RULE}, waivers=(WAIVER,)), today="2027-01-01")
    assert verdict.blocks
    assert "the waiver old of ops@example.org expired on 2026-12-31" in verdict.message


def test_waivers_of_the_same_address_contradict():
    """Two documents about one rule and one pattern: denied, and both are named."""
    other = replace(WAIVER, name="new", expires="2027-12-31", file="x.yaml")
    verdict = only(Bundle({"t.rego": RULE}, waivers=(WAIVER, other)))
    assert verdict.code == POLICY_ERROR
    assert "the waivers old (w.yaml:1) and new contradict each other" in verdict.message


def test_an_expired_waiver_and_one_that_holds_disagree():
    """Of two patterns that fit, one has expired: neither sets the rule aside, and the message says which to remove."""
    wide = replace(WAIVER, name="wide", address="*", expires="2026-01-01")
    verdict = only(Bundle({"t.rego": RULE}, waivers=(WAIVER, wide)))
    assert verdict.blocks
    assert "its waivers disagree: wide expired on 2026-01-01, old lasts until 2026-12-31" in verdict.message


def test_unused_and_lost_waivers_are_told():
    """A waiver that speaks of nothing is listed; one of a rule that is not there is warned of."""
    unused = replace(WAIVER, address="db")
    lost = replace(WAIVER, rule="opsctl.u")
    judgement = settled(Bundle({"t.rego": RULE}, waivers=(unused, lost)))
    assert judgement.decision.unused == (unused, lost)
    (note,) = judgement.notes
    assert note.severity is Severity.WARNING
    assert "there is no such rule" in note.message


def test_what_policy_failed_at_cannot_be_waived():
    """A rule that crashes denies, whatever waiver or level there is for it."""
    crashing = HEAD + 'deny contains {"msg": "x", "address": "web"} if to_number(input.x) == 1\n'
    bundle = Bundle(
        {"t.rego": crashing.replace("input.x", '"one"')},
        waivers=(replace(WAIVER, address="*"),),
        levels={"opsctl.t": Level.ADVISORY},
        lowerable=("*",),
    )
    verdict = only(bundle)
    assert (verdict.code, verdict.blocks, verdict.waiver) == (POLICY_ERROR, True, None)


PROPOSAL = 'remediate contains {"address": "web", "msg": "smaller", "patch": [{"op": "replace", "path": "/size", "value": "s"}]}\n'


def test_a_proposal_belongs_to_the_verdict_that_it_settles():
    """``remediate`` of the same package and address is shown with the verdict, and is none of its own."""
    verdict = only(Bundle({"t.rego": RULE + "\n" + PROPOSAL}))
    assert verdict.effect is Effect.DENY
    assert verdict.remediation.message == "smaller"
    assert verdict.remediation.patch == (Patch("replace", "/size", "s"),)


def test_a_proposal_alone_blocks_nothing():
    """A package may propose without objecting."""
    verdict = only(Bundle({"t.rego": HEAD + PROPOSAL}))
    assert (verdict.effect, verdict.address, verdict.blocks) == (Effect.REMEDIATE, "web", False)


@pytest.mark.parametrize(
    "patch",
    ["[]", '"x"', '[{"op": "test", "path": "/a", "value": 1}]', '[{"op": "add", "path": "a", "value": 1}]'],
)
def test_a_proposal_that_is_none_denies(patch):
    """What cannot be shown as a patch is a mistake in the policy."""
    verdict = only(Bundle({"t.rego": HEAD + f'remediate contains {{"address": "web", "patch": {patch}}}\n'}))
    assert verdict.code == POLICY_ERROR
    assert "where an object with address and patch" in verdict.message


CONFTEST = """package main

import rego.v1

deny_size contains msg if msg := "too large"

deny contains "always"

exception contains rules if rules := ["size"]
"""


def test_conftest_exceptions_are_waivers_of_the_policies():
    """What an exception names stays in the result as waived; what it does not name still denies."""
    said = {v.message: v for v in settled(Bundle({"m.rego": CONFTEST})).verdicts}
    assert (said["too large"].waived, said["too large"].waiver.name) == (True, "exception")
    assert said["always"].blocks


TYPED = (
    HEAD + 'deny contains c.address if {\n\tsome c in input.resource_changes\n\tc.type == "Local::Fil"\n}\n'
)


def test_a_type_that_nobody_knows_is_an_error_with_the_nearest():
    """A rule that compares with it can never speak: denied at its line, with what to write instead."""
    verdict = only(
        Bundle({"t.rego": TYPED}), nearest=lambda name: "Local::File" if name == "Local::Fil" else None
    )
    assert verdict.code == POLICY_ERROR
    assert (verdict.file, verdict.line, verdict.fix) == ("t.rego", 7, "did you mean 'Local::File'?")


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ('some c in input.resources\n\tc.type in {"Fi", "Fo"}', {"Fi", "Fo"}),
        ('input.resource_changes[i].type != "Fi"', {"Fi"}),
        ('c := input.resources[_]\n\t"Fi" == c.type', {"Fi"}),
        ('some c in lib\n\tc.type == "aws_instance"', {"aws_instance"}),
        ("some c in input.resources\n\tc.type in kinds", {"Fa"}),
        ('some r in input.records\n\tr.type == "A"', set()),
        ('some c in input.resources\n\tc.spec.type == "gp3"', set()),
    ],
)
def test_types_are_found_where_they_are_compared(body, asked):
    """Changes and resources of the input, and texts that look like a type; not any field called type."""
    program = HEAD + f'lib := []\n\nkinds := {{"Fa"}}\n\ndeny contains "x" if {{\n\t{body}\n}}\n'
    seen = []
    settled(Bundle({"t.rego": program}), nearest=seen.append)
    assert set(seen) == asked


def test_a_rule_without_its_types_is_idle():
    """It matched nothing because nothing of its types is there, which is told; one with them is not idle."""
    idle = (
        HEAD.replace(".t", ".u")
        + 'deny contains "x" if {\n\tsome c in input.resources\n\tc.type == "AWS::EC2::VPC"\n}\n'
    )
    there = TYPED.replace("Local::Fil", "Local::File").replace("deny", "warn")
    assert settled(Bundle({"t.rego": there, "u.rego": idle})).decision.idle == ("opsctl.u",)


ALICE = Approver("alice", "ssh-ed25519 A", "SHA256:alice")
BOB = Approver("bob", "ssh-ed25519 B", "SHA256:bob", ("opsctl.other",))


def approval(by, plan="d1"):
    return Approval(
        plan, "stack", by.name, "fine", "2026-11-25T10:00:00Z", Signature(by.fingerprint, "ed25519", "eA==")
    )


ASKS = Verdict(Effect.REQUIRE_APPROVAL, "large", "opsctl.t", address="web")


def test_an_approval_lets_a_verdict_pass():
    """It is in the result with who approved it; without it, it blocks."""
    assert denies([ASKS])
    (verdict,) = approved([ASKS], [approval(ALICE)], Bundle(approvers=(ALICE,)), asked=[ASKS])
    assert (verdict.approved, [a.by for a in verdict.approvals]) == (True, ["alice"])
    assert not denies([verdict])


def test_an_approval_covers_what_its_plan_showed():
    """What is asked for only now, nobody has seen; and a deny cannot be approved."""
    deny = replace(ASKS, effect=Effect.DENY)
    for verdict, asked in ((ASKS, []), (ASKS, [replace(ASKS, message="other")]), (deny, [deny])):
        assert denies(approved([verdict], [approval(ALICE)], Bundle(approvers=(ALICE,)), asked=asked))


def test_approvers_count_once_and_for_their_rules():
    """Two are needed: one who signs twice is one, and who may not approve this rule is none."""
    bundle = Bundle(approvers=(ALICE, BOB), approvals=2)
    for signed in ([approval(ALICE), approval(ALICE)], [approval(ALICE), approval(BOB)]):
        assert denies(approved([ASKS], signed, bundle, asked=[ASKS]))
    both = replace(bundle, approvers=(ALICE, replace(BOB, rules=("opsctl.*",))))
    assert not denies(approved([ASKS], [approval(ALICE), approval(BOB)], both, asked=[ASKS]))


def test_approvals_of_other_plans_and_unknown_keys_are_refused():
    """Each is told with its reason."""
    bundle = Bundle(approvers=(ALICE,))
    assert refused([approval(ALICE)], bundle, "d1") == []
    (other,) = refused([approval(ALICE, "d0")], bundle, "d1")
    assert "is for the plan d0" in other
    (unknown,) = refused([approval(BOB)], bundle, "d1")
    assert "signed by an unknown key, SHA256:bob" in unknown


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("web", "web", True),
        ("web", "web2", False),
        ("web*", 'web["a"]', True),
        ('web["?"]', 'web["a"]', True),
        ("web[abc]", "weba", False),
        ("*", "", True),
        ("w.b", "web", False),
    ],
)
def test_patterns_are_stars_and_question_marks(pattern, text, fits):
    """Brackets and dots stand for themselves: addresses have them."""
    assert matches(pattern, text) is fits
