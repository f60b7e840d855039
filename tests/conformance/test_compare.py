"""The comparison behind every provider's proposal: what a kind declares of a property decides what a difference means."""

from __future__ import annotations

import pytest

from orchestrator.kit import compare
from orchestrator.kit.shapes import flag, growing, number, obj, spec, status, text
from orchestrator.model.change import Action, Cause
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema
from orchestrator.model.provision import Observed
from orchestrator.model.values import Secret

KIND = KindSchema(
    TypeName("Acme::Box"),
    spec(
        size=growing("its size"),
        password=text("its password", write_only=True, secret=True),
        seed=text("what it is made from", write_only=True, create_only=True),
        door=obj({"open": flag(default=False), "colour": text(), "width": number(create_only=True)}),
    ),
    status(),
)


def proposal(seen, want, last=None):
    return compare.propose(KIND, Observed("1", seen, {"id": "1"}), want, want if last is None else last)


def told(found):
    return [(".".join(map(str, c.path)), c.before, c.after, c.cause, c.replaces) for c in found.changes]


@pytest.mark.parametrize(("after", "action"), [(20, Action.UPDATE), (5, Action.REPLACE), (10, Action.NOOP)])
def test_a_size_grows_in_place_and_shrinks_by_a_replacement(after, action):
    found = proposal({"size": 10}, {"size": after}, {"size": 10})
    assert found.action is action


def test_a_size_that_leaves_the_spec_stays_as_it_is():
    """No call takes a size back, so a plan that says so would say it for ever."""
    assert proposal({"size": 10}, {}, {"size": 10}).changes == ()


def test_an_object_that_the_spec_leaves_out_is_as_silent_as_each_of_its_members():
    """A known default counts in it, what was written before is taken back, the rest belongs to the cloud."""
    seen = {"door": {"open": True, "colour": "red", "width": 80}}
    assert told(proposal(seen, {})) == [("door.open", True, False, Cause.DRIFT, False)]
    assert told(proposal(seen, {}, {"door": {"colour": "red", "open": True}})) == [
        ("door.open", True, False, Cause.DEFAULT, False),
        ("door.colour", "red", None, Cause.DEFAULT, False),
    ]
    assert proposal(seen, {}, {"door": {"width": 80}}).action is Action.REPLACE


def test_what_is_never_told_replaces_nothing_that_we_did_not_make():
    """Of an adopted object nobody knows its seed: that is no reason to make it anew. A password can be written."""
    want = {"seed": "x", "password": Secret("p", "env:P", "v1")}
    found = proposal({}, want, {})
    assert (found.action, [str(c.path[0]) for c in found.changes]) == (Action.UPDATE, ["password"])
    assert proposal({}, want, {**want, "seed": "y"}).action is Action.REPLACE
    assert proposal({}, want).action is Action.NOOP
