"""A lost state, made again from what stands in the clouds: orphans, second objects, and what is somebody else's."""

from __future__ import annotations

import shutil

import pytest

from orchestrator.engine.rebuilding import rebuild
from orchestrator.model.errors import LockHeldError, OpsctlError
from orchestrator.model.ids import Address, StackId, TypeName, Uid
from orchestrator.model.marker import Marker
from orchestrator.model.snapshot import Refused
from orchestrator.seams.state import Holder
from orchestrator.testing.cloud import Fault, Object

WHO = Holder("test", "opsctl state rebuild")


def lose(world):
    """The state is gone, and only the clouds know."""
    shutil.rmtree(world.folder / ".opsctl")
    world.clock.advance(60)


def rebuilt(world, *, approve=True, force=False):
    workspace = world.workspace()
    try:
        return rebuild(world.blueprint(), workspace, holder=WHO, approve=lambda _: approve, force=force)
    finally:
        workspace.state.close()


def history(world):
    workspace = world.workspace()
    try:
        return [logged.entry for logged in workspace.state.history()]
    finally:
        workspace.state.close()


def put(world, id, kind, name, *, stack="test", address="", uid="u9"):
    """An object in the account, with a marker of somebody's."""
    marker = Marker(StackId(stack), Address(address or name), Uid(uid))
    spec = {"name": name, "size": 1, "zone": "a", "parent": ""}
    world.cloud.put(Object(id, TypeName(f"Fake::{kind}"), spec, marker))
    world.clock.advance(60)


@pytest.fixture
def lost(world):
    """Three resources that rest on each other, and no state of them any more."""
    world.want("net")
    world.want("host", "Token", spec={"parent": "${net.status.id}"})
    world.want("disk", "Put")
    assert world.apply().exit_code == 0
    before = world.snapshot()
    lose(world)
    return world, before


def test_what_carries_a_marker_or_a_name_is_as_it_was_and_what_cannot_be_told_is_listed(lost):
    """Uids, edges and ids come back; a kind that shows neither marker nor name is named, with the way to adopt it."""
    world, before = lost
    found = rebuilt(world)
    now = world.snapshot()
    told = {str(f.record.address): f.how for f in found.found}
    assert told == {"net": "marker", "host": "marker", "disk": "id or name"}
    assert now.resources["net"].uid == before.resources["net"].uid
    assert now.resources["host"].dependencies == before.resources["host"].dependencies == ("net",)
    assert {a: r.id for a, r in now.resources.items()} == {a: r.id for a, r in before.resources.items()}
    assert world.plan().plan.empty


def test_an_orphan_becomes_a_record_and_is_deleted_by_the_next_plan_in_the_right_order(lost):
    """Marked as ours and in no file: rebuilding deletes nothing, and remembers what rests on what."""
    world, _ = lost
    world.drop("host")
    world.drop("net")
    found = rebuilt(world)
    assert sorted(str(r.address) for r in found.orphans) == ["host", "net"]
    assert world.names() == ["disk", "host", "net"]
    assert world.snapshot().resources["host"].dependencies == ("net",)
    assert world.actions() == {"host": "delete", "net": "delete"}
    assert world.apply().exit_code == 0
    assert world.names() == ["disk"]


def test_of_two_objects_of_one_resource_the_one_that_is_as_desired_stays(world):
    """The other was left behind: it is deposed, shown, and deleted by the next plan; never the one in use."""
    world.want("net", spec={"size": 2, "zone": "a"})
    world.apply()
    (mine,) = world.cloud.objects()
    lose(world)
    put(world, "tag-old", "Tag", "net", uid="u0")
    found = rebuilt(world)
    assert [f.record.id for f in found.found] == [mine.id]
    assert [r.id for r in found.left_behind] == ["tag-old"]
    assert [r.id for r in world.snapshot().deposed.values()] == ["tag-old"]
    assert list(world.actions().values()) == ["delete"]
    assert world.apply().exit_code == 0
    assert [o.id for o in world.cloud.objects()] == [mine.id]
    assert world.plan().plan.empty


def test_two_orphans_of_one_address_are_both_kept_apart(world):
    """Also with one uid on both, as a create makes that came twice: each has a record of its own."""
    put(world, "tag-1", "Tag", "net", uid="same")
    put(world, "tag-2", "Tag", "net", uid="same")
    found = rebuilt(world)
    assert ([r.id for r in found.orphans], [r.id for r in found.left_behind]) == (["tag-1"], ["tag-2"])
    assert world.apply().exit_code == 0
    assert world.names() == []


def test_what_carries_another_stacks_marker_is_never_ours(world):
    """Neither by its name nor by its address: it is said whose it is, and the next apply does not touch it."""
    put(world, "put/disk", "Put", "disk", stack="theirs")
    put(world, "tag-7", "Tag", "net", stack="theirs")
    world.want("disk", "Put")
    world.want("net")
    found = rebuilt(world)
    assert (found.found, found.orphans, found.left_behind) == ((), (), ())
    assert found.missing["disk"] == "put/disk is like it, and belongs to the stack theirs"
    assert found.missing["net"] == "nothing with its marker is there"
    assert world.snapshot().resources == {}


def test_what_could_not_be_listed_is_said_and_the_rest_is_found(lost):
    world, _ = lost
    world.cloud.fail(Fault.REFUSED, "ListFake::Token")
    found = rebuilt(world)
    assert [("Fake::Token" in str(each), "AccessDenied" in str(each)) for each in found.unread] == [
        (True, True)
    ]
    assert "host" in found.missing
    assert sorted(world.snapshot().resources) == ["disk", "net"]


def test_a_state_that_is_there_is_replaced_only_by_force_and_stays_in_the_history(world):
    world.want("net")
    world.apply()
    with pytest.raises(OpsctlError, match=r"has a state already, of 1 resources"):
        rebuilt(world)
    before = len(history(world))
    assert rebuilt(world, force=True).replaced == 1
    assert len(history(world)) > before
    assert world.plan().plan.empty


def test_what_was_not_approved_is_not_written_and_that_is_noted(lost):
    """For the audit, like an apply that was refused."""
    world, _ = lost
    assert rebuilt(world, approve=False) is None
    (entry,) = history(world)
    assert isinstance(entry, Refused)
    assert (entry.command, entry.why) == ("opsctl state rebuild", "it was not approved")


def test_nobody_rebuilds_what_another_run_holds(lost):
    world, _ = lost
    workspace = world.workspace()
    lease = workspace.state.lease(Holder("other"))
    with pytest.raises(LockHeldError):
        rebuilt(world)
    workspace.state.release(lease)
    workspace.state.close()
