"""The document that policies see."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.change import Action, Change, PropertyChange
from orchestrator.model.policy_input import policy_input, view
from orchestrator.model.resource import Desired
from orchestrator.model.values import UNKNOWN, Secret
from orchestrator.model.verdict import Stage


def document(*changes, resources=()):
    return policy_input(
        stage=Stage.PLAN, stack={"name": "shop"}, params={}, changes=changes, resources=resources
    )


def change(action=Action.CREATE, **more):
    return Change("web", "OS::Nova::Server", "openstack", action, **more)


def test_the_habits_of_terraform_carry_over():
    """A replacement is two actions in their order, and its paths are named."""
    swap = change(
        Action.REPLACE,
        before={"a": 1},
        after={"a": 2},
        properties=(PropertyChange(("a",), 1, 2, replaces=True),),
    )
    (item,) = document(swap)["resource_changes"]
    assert item["change"]["actions"] == ["delete", "create"]
    assert item["change"]["replace_paths"] == [["a"]]
    (item,) = document(change(Action.REPLACE, create_first=True))["resource_changes"]
    assert item["change"]["actions"] == ["create", "delete"]


def test_actions_of_ours_are_told_in_terraforms_words():
    """Adopting without a difference is a no-op there; our own word stands beside it."""
    (item,) = document(change(Action.ADOPT))["resource_changes"]
    assert (item["action"], item["change"]["actions"]) == ("adopt", ["no-op"])
    (item,) = document(change(Action.ADOPT, properties=(PropertyChange(("a",), 1, 2),)))["resource_changes"]
    assert item["change"]["actions"] == ["update"]
    (item,) = document(change(Action.READ))["resource_changes"]
    assert (item["mode"], item["change"]["actions"]) == ("data", ["read"])


def test_unknowns_are_absent_and_marked():
    """An Unknown is not in after; in a list it is null, so that indexes stay."""
    after = {"a": UNKNOWN, "b": {"c": UNKNOWN, "d": 1}, "e": ["x", UNKNOWN], "f": [{"g": UNKNOWN}]}
    (item,) = document(change(after=after))["resource_changes"]
    assert item["change"]["after"] == {"b": {"d": 1}, "e": ["x", None], "f": [{}]}
    assert item["change"]["after_unknown"] == {
        "a": True,
        "b": {"c": True},
        "e": [False, True],
        "f": [{"g": True}],
    }


def test_secrets_are_masked_and_marked():
    """No secret's value is in the document, wherever it stood."""
    secret = Secret("hunter2", "env:PASSWORD")
    resource = Desired("web", "OS::Nova::Server", "openstack", {"users": [{"password": secret}]})
    seen = document(change(before={"p": secret}, after={"p": secret}), resources=[resource])
    item, desired = seen["resource_changes"][0]["change"], seen["resources"][0]
    assert (item["before"], item["before_sensitive"]) == ({"p": "(sensitive)"}, {"p": True})
    assert (item["after"], item["after_sensitive"]) == ({"p": "(sensitive)"}, {"p": True})
    assert desired["sensitive"] == {"users": [{"password": True}]}
    assert b"hunter2" not in msgspec.json.encode(seen)


def test_the_summary_counts_every_action():
    """Rules on the size of a change read one number."""
    summary = document(change(), change(), change(Action.DELETE))["summary"]
    assert (summary["create"], summary["delete"], summary["replace"]) == (2, 1, 0)


def test_a_spec_without_special_leaves_is_shared():
    """Ten thousand plain specs cost no copies."""
    spec = {"a": [1, {"b": "c"}]}
    assert view(spec).value is spec


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.text(max_size=3),
    st.just(UNKNOWN),
    st.just(Secret("s3cr3t", "env:S")),
)
specs = st.dictionaries(
    st.text(max_size=3),
    st.recursive(
        leaves,
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=2), x, max_size=3),
        max_leaves=12,
    ),
    max_size=4,
)


@given(specs)
def test_whatever_the_spec_the_document_is_plain(spec):
    """Any mixture of Unknowns and secrets becomes JSON without either."""
    assert b"s3cr3t" not in msgspec.json.encode(document(change(before=spec, after=spec)))
