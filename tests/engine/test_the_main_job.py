"""Plan and apply, from nothing to something, to something else, and back to nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.model.change import Cause
from orchestrator.model.errors import InvalidSpecError, StalePlanError
from orchestrator.model.expression import templated
from orchestrator.model.health import Level
from orchestrator.model.outcome import Result
from orchestrator.model.values import UNKNOWN, Secret
from orchestrator.testing.cloud import Fault, Object


def test_what_is_wanted_is_made_and_a_second_plan_is_empty(world):
    world.want("net")
    world.want("host", spec={"parent": "${net.status.id}"})
    assert world.apply().exit_code == 0
    assert world.names() == ["host", "net"]
    assert world.plan().plan.empty


def test_a_dependent_gets_the_real_value_of_what_it_needs(world):
    world.want("net")
    world.want("host", spec={"parent": "${net.status.id}"})
    planned = world.plan()
    after = {c.address: c.after for c in planned.plan.changes}
    assert after["host"]["parent"] is UNKNOWN
    world.apply()
    objects = {o.spec["name"]: o for o in world.cloud.objects()}
    assert objects["host"].spec["parent"] == objects["net"].id


def test_an_edit_is_an_update_with_its_cause(world):
    world.want("disk", spec={"size": 1})
    world.apply()
    world.want("disk", spec={"size": 3})
    change = world.plan().plan.pending[0]
    assert (change.action, [(c.path, c.before, c.after, c.cause) for c in change.properties]) == (
        "update",
        [(("size",), 1, 3, Cause.CONFIG)],
    )
    world.apply()
    assert world.cloud.objects()[0].spec["size"] == 3


def test_a_change_behind_our_back_is_drift_and_is_healed(world):
    world.want("disk", spec={"size": 2})
    world.apply()
    world.cloud.alter(world.cloud.objects()[0].id, size=9)
    change = world.plan().plan.pending[0]
    assert [(c.path, c.before, c.after, c.cause) for c in change.properties] == [
        (("size",), 9, 2, Cause.DRIFT)
    ]
    world.apply()
    assert world.cloud.objects()[0].spec["size"] == 2


def test_an_object_deleted_behind_our_back_is_made_again_and_only_it(world):
    world.want("one")
    world.want("two")
    world.apply()
    gone = next(o for o in world.cloud.objects() if o.spec["name"] == "one")
    world.cloud.remove(gone.id)
    assert world.actions() == {"one": "create"}
    world.apply()
    assert world.names() == ["one", "two"]


def test_a_create_only_property_replaces_and_takes_its_dependents_along(world):
    world.want("net", spec={"zone": "a"})
    world.want("host", spec={"parent": "${net.status.id}"})
    world.apply()
    before = {o.id for o in world.cloud.objects()}
    world.want("net", spec={"zone": "b"})
    assert world.actions() == {"net": "replace", "host": "replace"}
    assert world.apply().exit_code == 0
    assert world.names() == ["host", "net"]
    assert before.isdisjoint({o.id for o in world.cloud.objects()})
    assert world.plan().plan.empty


def test_create_first_makes_the_new_one_before_the_old_one_goes(world):
    world.want("twin", "Twin", spec={"zone": "a"})
    world.apply()
    world.want("twin", "Twin", spec={"zone": "b", "name": "twin2"})
    world.apply()
    operations = [c.operation for c in world.cloud.log if c.operation.startswith(("Create", "Delete"))]
    assert operations == ["CreateFake::Twin", "CreateFake::Twin", "DeleteFake::Twin"]
    assert world.names() == ["twin2"]
    assert world.plan().plan.empty


def test_a_new_one_that_came_out_half_made_gives_way_to_the_next_under_the_same_name(world):
    """Made first, broken on the way: nothing of it is worth keeping, and the old one still goes at the end."""
    world.want("slow", "Slow", spec={"zone": "a"}, lifecycle={"replace": "createFirst"})
    assert world.apply().exit_code == 0
    world.want("slow", "Slow", spec={"zone": "b", "name": "slow2"}, lifecycle={"replace": "createFirst"})
    world.cloud.fail(Fault.REFUSED, "GetFake::Slow", after=1)
    assert world.apply().outcomes["slow"].result is Result.FAILED
    assert world.names() == ["slow", "slow2"]
    assert world.apply().exit_code == 0
    assert world.names() == ["slow2"]
    assert world.plan().plan.empty


def test_an_orphan_goes_after_what_rests_on_it(world):
    world.want("net")
    world.want("host", spec={"parent": "${net.status.id}"})
    world.apply()
    world.drop("net")
    world.drop("host")
    assert world.apply().exit_code == 0
    deleted = [c.operation for c in world.cloud.log if c.operation.startswith("Delete")]
    assert len(deleted) == 2
    assert world.names() == []


def test_destroy_leaves_nothing_and_state_says_so(world):
    world.want("net")
    world.want("host", spec={"parent": "${net.status.id}"})
    world.apply()
    assert world.destroy().exit_code == 0
    assert world.names() == []
    assert world.snapshot().resources == {}


def test_moving_a_resource_changes_its_marker_and_nothing_else(world):
    world.want("old")
    world.apply()
    kept = world.cloud.objects()[0].id
    world.drop("old")
    world.want("new", spec={"name": "old"})
    world.extra.append({"kind": "Moved", "spec": {"from": "old", "to": "new"}})
    assert world.actions() == {"new": "move"}
    world.apply()
    there = world.cloud.objects()[0]
    assert (there.id, str(there.marker.address)) == (kept, "new")
    assert world.plan().plan.empty


def test_a_lost_marker_is_put_back(world):
    world.want("net")
    world.apply()
    world.cloud.put(replace(world.cloud.objects()[0], marker=None))
    assert world.actions() == {"net": "retag"}
    world.apply()
    assert world.cloud.objects()[0].marker is not None


def test_an_imported_object_is_adopted_and_marked(world):
    world.cloud.put(Object("tag-77", "Fake::Tag", {"name": "net", "size": 1}))
    world.want("net")
    world.extra.append({"kind": "Import", "spec": {"to": "net", "id": "tag-77"}})
    assert world.actions() == {"net": "adopt"}
    world.apply()
    assert world.cloud.objects()[0].marker is not None
    assert world.plan().plan.empty


def test_a_foreign_object_under_our_deterministic_name_is_never_overwritten(world):
    world.cloud.put(Object("put/db", "Fake::Put", {"name": "db", "size": 7}))
    world.want("db", "Put")
    with pytest.raises(InvalidSpecError, match="exists already"):
        world.plan()
    assert world.cloud.objects()[0].spec["size"] == 7


def test_removed_with_the_object_kept_only_forgets_it(world):
    world.want("net")
    world.apply()
    world.drop("net")
    world.extra.append({"kind": "Removed", "spec": {"from": "net"}})
    assert world.actions() == {"net": "forget"}
    world.apply()
    assert world.names() == ["net"]
    assert world.snapshot().resources == {}


def test_prevent_destroy_stops_a_replacement_and_an_orphan(world):
    world.want("net", spec={"zone": "a"}, lifecycle={"preventDestroy": True})
    world.apply()
    world.want("net", spec={"zone": "b"}, lifecycle={"preventDestroy": True})
    with pytest.raises(InvalidSpecError, match="preventDestroy"):
        world.plan()
    world.drop("net")
    with pytest.raises(InvalidSpecError, match="preventDestroy"):
        world.plan()


def test_a_dependent_waits_for_the_gate_and_is_skipped_when_it_fails(world):
    world.doctor = type(world.doctor)(Level.DEGRADED)
    world.want("app", health=[{"http": {"url": "http://${self.status.address}/"}, "within": "10s"}])
    world.want("dns", spec={"tags": {"app": "${app.status.address}"}})
    done = world.apply()
    assert done.exit_code == 4
    assert {str(a): o.result for a, o in done.outcomes.items()} == {
        "app": Result.GATE_FAILED,
        "dns": Result.SKIPPED,
    }
    assert world.names() == ["app"]
    assert world.doctor.asked[0]["url"].startswith("http://10.0.")
    assert world.actions() == {"app": "gate", "dns": "create"}


def test_a_pending_gate_that_passes_later_lets_dependents_go_on(world):
    world.doctor = type(world.doctor)(Level.DEGRADED)
    world.want("app", health=[{"http": {"url": "http://x/"}, "within": "10s"}])
    world.want("dns", spec={"tags": {"app": "${app.status.address}"}})
    world.apply()
    world.doctor = type(world.doctor)(Level.HEALTHY)
    assert world.apply().exit_code == 0
    assert world.names() == ["app", "dns"]
    assert world.plan().plan.empty


def test_undo_takes_a_create_back_and_the_next_plan_shows_it_again(world):
    world.doctor = type(world.doctor)(Level.DEGRADED)
    world.want("app", health=[{"http": {"url": "http://x/"}, "within": "10s", "onFailure": "undo"}])
    world.outputs["id"] = templated("${app.status.id}")
    done = world.apply()
    assert (done.exit_code, done.outcomes["app"].result) == (4, Result.UNDONE)
    assert done.outputs == {"id": None}
    assert world.names() == []
    assert world.actions() == {"app": "create"}


def test_undo_reapplies_the_spec_before_an_update(world):
    gate = [{"http": {"url": "http://x/"}, "within": "10s", "onFailure": "undo"}]
    world.want("app", spec={"size": 1}, health=gate)
    world.outputs["size"] = templated("${app.spec.size}")
    world.apply()
    world.doctor = type(world.doctor)(Level.DEGRADED)
    world.want("app", spec={"size": 5}, health=gate)
    done = world.apply()
    assert (done.outcomes["app"].result, done.outputs) == (Result.UNDONE, {"size": 1})
    assert world.cloud.objects()[0].spec["size"] == 1
    assert world.actions() == {"app": "update"}


def test_undo_of_a_create_first_replacement_keeps_the_old_one(world):
    gate = [{"http": {"url": "http://x/"}, "within": "10s", "onFailure": "undo"}]
    world.want("twin", "Twin", spec={"zone": "a"}, health=gate)
    world.apply()
    kept = world.cloud.objects()[0].id
    world.outputs["id"] = templated("${twin.status.id}")
    world.doctor = type(world.doctor)(Level.DEGRADED)
    world.want("twin", "Twin", spec={"zone": "b", "name": "twin-b"}, health=gate)
    assert world.apply().outputs == {"id": kept}
    assert [o.id for o in world.cloud.objects()] == [kept]
    assert world.snapshot().resources["twin"].id == kept


def test_asking_for_undo_where_there_is_none_is_an_error_at_plan(world):
    world.want("db", "Store", health=[{"http": {"url": "http://x/"}, "onFailure": "undo"}])
    with pytest.raises(InvalidSpecError, match="undo is not possible"):
        world.plan()


def test_a_failure_stops_what_rests_on_it_and_nothing_else(world):
    world.want("bad")
    world.want("behind", spec={"parent": "${bad.status.id}"})
    world.want("other", "Token")
    world.cloud.fail(Fault.REFUSED, "CreateFake::Tag")
    done = world.apply()
    assert {str(a): o.result for a, o in done.outcomes.items()} == {
        "bad": Result.FAILED,
        "behind": Result.SKIPPED,
        "other": Result.DONE,
    }
    assert done.outcomes["behind"].cause == "bad"
    assert world.apply().exit_code == 0
    assert world.names() == ["bad", "behind", "other"]


@pytest.mark.parametrize("kind", ["Put", "Token", "Tag", "Provisional", "Natural"])
@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LOST_REQUEST])
def test_a_create_without_an_answer_makes_exactly_one(world, kind, fault):
    world.want("net", kind)
    world.cloud.fail(fault, "Create*")
    assert world.apply().exit_code == 0
    assert world.names() == ["net"]
    assert world.plan().plan.empty


def test_a_saved_plan_survives_an_irrelevant_change_and_not_a_relevant_one(world):
    world.want("disk", spec={"size": 1})
    world.want("other")
    world.apply()
    world.want("disk", spec={"size": 2})
    saved = world.plan()
    other = next(o for o in world.cloud.objects() if o.spec["name"] == "other")
    world.cloud.put(other)  # a new version of an object that the plan leaves alone
    disk = next(o for o in world.cloud.objects() if o.spec["name"] == "disk")
    world.cloud.alter(disk.id, size=8)
    with pytest.raises(StalePlanError, match="disk"):
        world.apply_saved(saved)
    world.cloud.alter(disk.id, size=1)
    assert world.apply_saved(saved).exit_code == 0


def test_a_saved_plan_notices_that_something_it_found_absent_is_there_now(world):
    world.want("db", "Put")
    saved = world.plan()
    world.cloud.put(Object("put/db", "Fake::Put", {"name": "db", "size": 7}))
    with pytest.raises((StalePlanError, InvalidSpecError)):
        world.apply_saved(saved)
    assert world.cloud.objects()[0].spec["size"] == 7


def test_outputs_are_kept_in_state(world):
    world.want("app")
    world.outputs["address"] = templated("http://${app.status.address}/")
    assert world.apply().outputs["address"].startswith("http://10.0.")
    assert world.snapshot().outputs["address"].startswith("http://10.0.")


def test_a_secret_reaches_the_cloud_and_never_the_state(world):
    world.store.kept = {"env:PW": Secret("hunter2", "env:PW", "v1")}
    world.want("db", spec={"password": "${secret('env:PW')}"})
    world.apply()
    assert world.cloud.objects()[0].spec["password"] == "hunter2"
    stored = b"".join(p.read_bytes() for p in world.folder.rglob("*") if p.is_file())
    assert b"hunter2" not in stored
    assert world.plan().plan.empty


def test_a_rotated_secret_is_sent_again(world):
    world.store.kept = {"env:PW": Secret("hunter2", "env:PW", "v1")}
    world.want("db", spec={"password": "${secret('env:PW')}"})
    world.apply()
    world.store.kept = {"env:PW": Secret("hunter3", "env:PW", "v2")}
    assert world.actions() == {"db": "update"}
    world.apply()
    assert world.cloud.objects()[0].spec["password"] == "hunter3"


def test_data_is_looked_up_and_never_made(world):
    world.cloud.put(Object("image-1", "Fake::Image", {"name": "cirros", "size": 1}))
    world.documents["image"] = {
        "kind": "Data",
        "type": "Fake::Image",
        "metadata": {"name": "image"},
        "spec": {"name": "cirros"},
    }
    world.want("vm", spec={"tags": {"image": "${image.status.id}"}})
    assert world.apply().exit_code == 0
    vm = next(o for o in world.cloud.objects() if o.spec["name"] == "vm")
    assert vm.spec["tags"] == {"image": "image-1"}
    assert world.plan().plan.empty


def test_a_slow_resource_is_waited_for_without_a_thread(world):
    world.want("slow", "Slow")
    began = world.clock.monotonic()
    assert world.apply().exit_code == 0
    assert world.clock.monotonic() - began >= 20
    assert world.destroy().exit_code == 0
    assert world.names() == []


def test_what_is_to_be_left_alone_is_left_alone_while_the_rest_is_updated(world):
    rest = {"lifecycle": {"ignore": ["spec.tags", "spec.size"]}}
    world.want("net", spec={"size": 1, "tags": {"a": "1"}}, **rest)
    world.apply()
    world.cloud.alter(world.cloud.objects()[0].id, size=7, tags={"a": "theirs", "b": "theirs"})
    assert world.plan().plan.empty
    world.want("net", spec={"name": "renamed", "size": 1, "tags": {"a": "1"}}, **rest)
    assert [c.path for c in world.plan().plan.pending[0].properties] == [("name",)]
    assert world.apply().exit_code == 0
    there = world.cloud.objects()[0].spec
    assert (there["name"], there["size"], there["tags"]) == ("renamed", 7, {"a": "theirs", "b": "theirs"})
    assert world.plan().plan.empty


def test_a_refused_create_never_takes_what_somebody_else_has_made(world):
    """The name was free at the plan and taken at the apply: the object found there is not ours to replace."""
    world.want("rule", "Natural", spec={"parent": ""})
    saved = world.plan()
    world.cloud.before = lambda operation: operation.startswith("Create") and _take(world)
    assert world.apply().outcomes["rule"].result is Result.FAILED
    world.cloud.before = lambda _: None
    assert world.snapshot().resources == {}
    assert [o.id for o in world.cloud.objects()] == ["theirs"]
    with pytest.raises(InvalidSpecError, match="exists already"):
        world.apply_saved(saved)
    assert [o.id for o in world.cloud.objects()] == ["theirs"]


def _take(world):
    world.cloud.put(Object("theirs", "Fake::Natural", {"name": "rule", "parent": "", "size": 1}))


def test_the_order_of_replacements_comes_to_an_end(world):
    """A createFirst resource over one that could be, over one that cannot: all of them give way, once."""

    def desire(zone):
        world.want("net", "Put", spec={"zone": zone})
        world.want("middle", "Tag", spec={"parent": "${net.status.id}", "zone": zone})
        world.want(
            "twin", "Twin", spec={"name": f"twin-{zone}", "parent": "${middle.status.id}", "zone": zone}
        )

    desire("a")
    assert world.apply().exit_code == 0
    desire("b")
    planned = {str(c.address): (str(c.action), c.create_first) for c in world.plan().plan.pending}
    assert planned == dict.fromkeys(("net", "middle", "twin"), ("replace", False))
    assert world.apply().exit_code == 0
    assert world.names() == ["middle", "net", "twin-b"]
    assert world.plan().plan.empty


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.LOST_REQUEST])
def test_a_marker_whose_writing_got_lost_is_written(world, fault):
    world.want("net")
    world.apply()
    world.cloud.put(replace(world.cloud.objects()[0], marker=None))
    world.cloud.fail(fault, "TagFake::Tag")
    assert world.apply().exit_code == 0
    assert world.cloud.objects()[0].marker is not None
    assert world.plan().plan.empty
