"""When policy is asked: about specs before anything is read, about changes before anything is done."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from orchestrator.adapters.policy_embedded import EmbeddedEngine
from orchestrator.engine import applying, planning
from orchestrator.model.errors import PolicyDeniedError
from orchestrator.model.policy_input import instant
from orchestrator.model.policy_schema import input_schema
from orchestrator.model.verdict import Answer, Bundle, Stage
from orchestrator.seams.state import Holder

RULE = """# METADATA
# custom:
#   stages: [{stages}]
package opsctl.t

import rego.v1

{effect} contains {{"msg": sprintf("%s is not wanted", [r.address]), "address": r.address}} if {{
	some r in input.resources
	r.spec.name == "web"
}}
"""


class Listener:
    """An engine that only keeps what it was asked."""

    name = "listener"
    rules = ()

    def __init__(self):
        self.heard = []

    def load(self, bundle):
        return []

    def evaluate(self, input, stage):
        self.heard.append((stage, json.loads(json.dumps(input))))
        return Answer()


def bundle(stages, effect="deny"):
    return Bundle({"t.rego": RULE.format(stages=stages, effect=effect)})


@pytest.fixture
def judged(world):
    """The world with an engine that is asked."""
    plain = world.workspace
    world.workspace = lambda: replace(plain(), policy=EmbeddedEngine())
    return world


def test_specs_are_judged_before_anything_is_read(judged):
    """A spec that policy denies costs no call: there is no plan, and it cannot be applied."""
    judged.want("web")
    planned = judged.plan(bundle=bundle("spec"))
    assert (planned.plan.unread, planned.plan.denied, planned.plan.changes) == (True, True, ())
    assert sum(judged.provider.calls.values()) == 0
    assert [d.stage for d in planned.plan.decisions] == [Stage.SPEC]
    with pytest.raises(PolicyDeniedError, match="web is not wanted"):
        judged.apply(bundle=bundle("spec"))
    assert judged.names() == []


def test_a_spec_rule_that_warns_is_shown_with_the_plan(judged):
    """It is told once, beside what is said about the changes."""
    judged.want("web")
    plan = judged.plan(bundle=bundle("spec, plan", "warn")).plan
    assert [v.message for v in plan.verdicts] == ["web is not wanted"]
    assert [d.stage for d in plan.decisions] == [Stage.SPEC, Stage.PLAN]
    assert len({d.id for d in plan.decisions}) == 2
    assert len(plan.changes) == 1


def test_an_approval_is_wanted_for_a_plan_not_for_specs(judged):
    """A spec that needs approval does not stop the reading: what is approved is a plan."""
    judged.want("web")
    plan = judged.plan(bundle=bundle("spec", "require_approval")).plan
    assert (plan.unread, plan.denied, len(plan.changes)) == (False, True, 1)


def test_what_is_denied_since_it_was_planned_is_not_applied(judged):
    """A saved plan is asked about again, before anything is read: a spec that policy denies by now is denied."""
    judged.want("web")
    saved = judged.plan()
    workspace = judged.workspace()
    blueprint: planning.Blueprint = judged.blueprint(bundle=bundle("spec"))
    with pytest.raises(PolicyDeniedError, match="web is not wanted"):
        applying.apply_saved(saved.plan, blueprint, workspace, holder=Holder("test"))
    workspace.state.close()
    assert judged.names() == []


def test_specs_are_not_judged_at_drift(judged):
    """Drift asks about what is there: rules of the stage drift alone speak."""
    judged.want("web")
    judged.apply()
    plan = judged.plan(bundle=bundle("spec"), stage=Stage.DRIFT).plan
    assert (plan.unread, plan.verdicts, [d.stage for d in plan.decisions]) == (False, (), [Stage.DRIFT])


def test_what_every_stage_hands_to_policy_fits_its_schema(world):
    """Specs, a plan with unknown values, an apply, a drift after somebody's change, a destruction: each fits."""
    listener, plain = Listener(), world.workspace
    world.workspace = lambda: replace(plain(), policy=listener)
    world.want("net")
    world.want("web", spec={"parent": "${net.status.id}"})
    world.plan(bundle=bundle("plan"))
    world.apply(bundle=bundle("plan"))
    world.want("web", spec={"size": 3})
    world.drop("net")
    world.plan(bundle=bundle("plan"), stage=Stage.DRIFT)
    world.plan(bundle=bundle("plan"), resources=(), destroy=True)
    assert {stage for stage, _ in listener.heard} == set(Stage)
    actions = {c["action"] for _, input in listener.heard for c in input["resource_changes"]}
    assert actions == {"create", "replace", "delete"}
    for stage, input in listener.heard:
        jsonschema.Draft202012Validator(input_schema(stage)).validate(input)
        assert input["now"].endswith("Z")


def test_the_time_of_the_run_decides(judged):
    """Rules see the time of the run, not that of the engine's machine."""
    judged.want("web")
    judged.clock.advance(86_400)
    rule = "package opsctl.t\n\nimport rego.v1\n\nwarn contains input.now\n"
    (said,) = judged.plan(bundle=Bundle({"t.rego": rule})).plan.verdicts
    assert said.message == instant(judged.clock.now())
