"""One instance of a ``forEach`` that reads the same instance of another: the others do not matter to it."""

from __future__ import annotations

import pytest


def two_tiers(world, size=1, **sizes):
    """A net a tier, and in each a subnet that names its own net."""
    keys = {"a": sizes.get("a", size), "b": sizes.get("b", size)}
    world.want("net", "Tag", forEach=keys, spec={"name": "net-${each.key}", "size": "${each.value}"})
    world.want(
        "sub",
        "Tag",
        forEach={"a": 1, "b": 1},
        spec={"name": "sub-${each.key}", "parent": "${net[each.key].status.id}"},
    )


def test_a_change_of_one_instance_leaves_what_rests_on_it_and_on_the_others_alone(world):
    """An id that stays known through an update is known behind an index that is given, too: nothing is replaced."""
    two_tiers(world)
    world.apply()
    two_tiers(world, b=5)
    assert world.actions() == {'net["b"]': "update"}


def test_what_another_instance_must_wait_for_is_not_waited_for(world):
    """The edge leads to the instance that is read."""
    two_tiers(world)
    planned = world.plan()
    edges = planned.situation.edges
    assert edges['sub["a"]'] == ('net["a"]',)
    assert world.actions(targets=('sub["a"]',)) == {'net["a"]': "create", 'sub["a"]': "create"}


def test_a_replacement_of_one_instance_is_followed_by_its_own_alone(world):
    two_tiers(world)
    world.apply()
    two_tiers(world)
    world.documents["net"]["spec"]["zone"] = "${each.key == 'b' ? 'other' : 'here'}"
    world.apply()
    world.documents["net"]["spec"]["zone"] = "${each.key == 'b' ? 'third' : 'here'}"
    assert world.actions() == {'net["b"]': "replace", 'sub["b"]': "replace"}


@pytest.mark.parametrize(
    "text",
    [
        "${size(net) > 1 ? net[each.key].status.version : 0}",  # the whole map is read as well
        "${net[each.key + ''].status.version}",  # an index that is computed
    ],
)
def test_what_reads_the_whole_map_follows_every_instance(world, text):
    """Unknown wherever any instance is: what cannot be told apart is not guessed."""
    two_tiers(world)
    world.documents["sub"]["spec"]["tags"] = {"version": "${string(" + text[2:-1] + ")}"}
    world.apply()
    two_tiers(world, b=5)
    world.documents["sub"]["spec"]["tags"] = {"version": "${string(" + text[2:-1] + ")}"}
    assert world.actions() == {'net["b"]': "update", 'sub["a"]': "update", 'sub["b"]': "update"}


def test_an_instance_may_be_asked_for_before_it_is_read(world):
    """A key that is not there is no error where the expression looks first."""
    two_tiers(world)
    text = "${each.key in net ? net[each.key].spec.name : 'none'}"
    world.want("note", "Tag", forEach={"a": 1, "z": 1}, spec={"name": "n-${each.key}", "tags": {"of": text}})
    assert world.apply().exit_code == 0
    notes = {
        o.spec["name"]: o.spec["tags"]["of"] for o in world.cloud.objects() if o.spec["name"][:2] == "n-"
    }
    assert notes == {"n-a": "net-a", "n-z": "none"}
