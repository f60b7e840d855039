"""``--target``: the named resources and what they need; everything else stays as it is, unread."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.model.errors import InvalidSpecError, StalePlanError
from orchestrator.model.expression import templated


def chain(world, size=1):
    """A record on a server on a net, and lonely beside them."""
    world.want("net", "Tag", spec={"size": size})
    world.want("server", "Tag", spec={"tags": {"net": "${net.status.id}"}, "size": size})
    world.want("record", "Tag", spec={"tags": {"of": "${server.status.id}"}, "size": size})
    world.want("lonely", "Tag", spec={"size": size})


def told(error):
    return "\n".join(f"{d.message} {d.hint}" for d in error.value.diagnostics)


def test_a_target_is_made_with_what_it_needs_and_nothing_else(world):
    chain(world)
    planned = world.plan(targets=("server",)).plan
    assert {str(c.address) for c in planned.pending} == {"net", "server"}
    assert planned.selected == {"server": "asked for", "net": "server needs it"}
    assert world.apply(targets=("server",)).exit_code == 0
    assert world.names() == ["net", "server"]
    assert world.actions() == {"record": "create", "lonely": "create"}


def test_what_is_not_selected_is_not_read(world):
    chain(world)
    world.want("store", "Store")
    world.apply()
    assert sum(world.plan().plan.reads.values()) == 2  # a list of each kind
    part = world.plan(targets=("store",)).plan
    assert sum(part.reads.values()) == 1
    assert [str(c.address) for c in part.changes] == ["store"]


def test_drift_beside_the_target_stays_for_the_next_plan(world):
    chain(world)
    world.apply()
    chain(world, size=2)
    assert world.apply(targets=("lonely",)).exit_code == 0
    assert world.actions() == {"net": "update", "server": "update", "record": "update"}


def test_the_name_of_a_for_each_means_all_its_instances_and_one_key_means_one(world):
    world.want("node", "Tag", forEach=["a", "b"], spec={"name": "node-${each.value}"})
    world.want("other", "Tag")
    assert set(world.actions(targets=("node",))) == {'node["a"]', 'node["b"]'}
    assert set(world.actions(targets=('node["b"]',))) == {'node["b"]'}


def test_orphans_stay_unless_they_are_named(world):
    chain(world)
    world.apply()
    world.drop("record")
    world.drop("lonely")
    assert world.actions(targets=("net",)) == {}
    assert world.actions(targets=("lonely",)) == {"lonely": "delete"}
    assert world.apply(targets=("lonely",)).exit_code == 0
    assert world.names() == ["net", "record", "server"]


def test_outputs_stay_as_they_are(world):
    chain(world)
    world.outputs = {"size": templated("${lonely.spec.size}")}
    world.apply()
    chain(world, size=5)
    world.apply(targets=("lonely",))
    assert world.snapshot().outputs == {"size": 1}
    world.apply()
    assert world.snapshot().outputs == {"size": 5}


def test_a_replacement_under_resources_that_were_not_selected_is_refused_with_their_names(world):
    chain(world)
    world.apply()
    world.want("net", "Tag", spec={"zone": "b"})
    assert world.actions()["net"] == "replace"
    with pytest.raises(InvalidSpecError) as error:
        world.plan(targets=("net",))
    assert "net would be replaced under what rests on it and was not selected: server" in told(error)
    assert "--target 'server'" in told(error)
    assert world.actions(targets=("net", "server", "record"))["net"] == "replace"


def test_part_of_a_stack_is_destroyed_from_its_end(world):
    chain(world)
    world.apply()
    with pytest.raises(InvalidSpecError) as error:
        world.plan(resources=(), destroy=True, targets=("net",))
    assert "net would be deleted" in told(error)
    assert world.apply(resources=(), destroy=True, targets=("record",)).exit_code == 0
    assert world.names() == ["lonely", "net", "server"]


def test_a_target_that_is_not_there_is_told_with_the_nearest_name(world):
    chain(world)
    with pytest.raises(InvalidSpecError) as error:
        world.plan(targets=("sever",))
    assert "--target sever: the stack has no such resource did you mean 'server'?" in told(error)


def test_a_saved_plan_of_a_part_is_valid_by_what_that_part_read(world):
    chain(world)
    world.apply()
    chain(world, size=2)
    saved = world.plan(targets=("lonely",))
    chain(world, size=2)
    next(o for o in world.cloud.objects() if o.spec["name"] == "record").spec["size"] = 7
    assert world.apply_saved(saved, targets=saved.plan.targets).exit_code == 0
    saved = world.plan(targets=("record",))
    next(o for o in world.cloud.objects() if o.spec["name"] == "record").spec["size"] = 9
    with pytest.raises(StalePlanError):
        world.apply_saved(saved, targets=saved.plan.targets)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(["net", "server", "record", "lonely"]), st.integers(10, 10**6))
def test_parts_in_any_order_end_where_the_whole_ends(world, order, size):
    """Applying one target after the other leaves nothing for the whole to do."""
    chain(world, size)
    for name in order:
        assert world.apply(targets=(name,)).exit_code == 0
    assert world.actions() == {}
