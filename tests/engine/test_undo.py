"""A revision is taken back by a plan like any other, without the files it was made from."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from orchestrator.engine import applying, planning, undoing
from orchestrator.engine.revisions import Past, difference, past_of
from orchestrator.engine.surgery import forgetting, moving, operate
from orchestrator.model.errors import OpsctlError, StateError
from orchestrator.model.health import Level
from orchestrator.model.ids import StackId
from orchestrator.model.outcome import Result
from orchestrator.model.plan import Charter
from orchestrator.model.values import Secret
from orchestrator.model.verdict import Bundle
from orchestrator.seams.state import Holder
from orchestrator.testing.cloud import Fault
from orchestrator.testing.kinds import KINDS


class Back:
    """The way back in a world: what ``opsctl undo`` does."""

    def __init__(self, world):
        self.world = world

    def way(self, number):
        workspace = self.world.workspace()
        try:
            past, now = past_of(workspace.state)
        finally:
            workspace.state.close()
        charter = Charter("test", StackId("test"), providers={"fake": {}}, params=self.world.params)
        return undoing.undoing(
            past, now, number, charter=charter, bundle=Bundle(), kinds=KINDS.get, opsctl="1"
        )

    def labels(self, number):
        way = self.way(number)
        workspace = self.world.workspace()
        try:
            planned = planning.plan(way.blueprint, workspace)
        finally:
            workspace.state.close()
        return {str(step.address): step for step in undoing.labels(way, planned.plan, KINDS.get)}

    def undo(self, number):
        way = self.way(number)
        workspace = self.world.workspace()
        try:
            done = applying.apply(
                way.blueprint, workspace, holder=Holder("test", f"undo {number}"), approve=lambda _: True
            )
        finally:
            workspace.state.close()
        assert done is not None
        assert done.exit_code == 0
        return done

    def operate(self, operation, command):
        workspace = self.world.workspace()
        try:
            return operate(operation, workspace, holder=Holder("test", command), approve=lambda _: True)
        finally:
            workspace.state.close()

    def past(self) -> tuple[Past, Any]:
        workspace = self.world.workspace()
        try:
            return past_of(workspace.state)
        finally:
            workspace.state.close()


@pytest.fixture
def back(world):
    return Back(world)


def reality(world):
    """Every object by name with what it is, whatever its id."""
    names = {o.id: o.spec["name"] for o in world.cloud.objects()}
    return {
        o.spec["name"]: (o.type, o.spec.get("size"), names.get(o.spec.get("parent")))
        for o in world.cloud.objects()
    }


def test_an_update_a_create_and_a_delete_are_taken_back_at_once(world, back):
    world.want("kept", spec={"size": 1})
    world.want("doomed", spec={"size": 3})
    world.apply()
    before = reality(world)
    world.want("kept", spec={"size": 2})
    world.want("made")
    world.drop("doomed")
    world.apply()
    assert reality(world) != before
    back.undo(2)
    assert reality(world) == before
    assert back.past()[0].revisions[-1].started.command == "undo 2"


def test_the_next_plan_of_unchanged_files_shows_the_change_again(world, back):
    world.want("net", spec={"size": 1})
    world.apply()
    world.want("net", spec={"size": 2})
    world.apply()
    back.undo(2)
    assert world.actions() == {"net": "update"}


def test_what_is_made_anew_is_followed_by_what_rests_on_it(world, back):
    """Ids are values in a record; what refers to a resource gets the id of its new incarnation."""
    world.want("net")
    world.want("host", spec={"parent": "${net.status.id}"})
    world.want("odd", spec={"tags": {"at": "x-${net.status.address}-y"}})
    world.apply()
    world.documents.clear()
    world.apply()
    assert reality(world) == {}
    back.undo(2)
    (net,) = world.cloud.objects("Fake::Tag")[0:1]
    spec = {o.spec["name"]: o.spec for o in world.cloud.objects()}
    assert spec["host"]["parent"] == net.id
    assert spec["odd"]["tags"] == {"at": f"x-{net.address}-y"}
    assert world.snapshot().resources["host"].dependencies == ("net",)


def test_untouched_resources_follow_one_that_is_replaced_back(world, back):
    world.want("net", "Twin", spec={"zone": "a"})
    world.want("host", "Token", spec={"parent": "${net.status.id}"})
    world.apply()
    world.want("net", "Twin", spec={"zone": "b"})
    world.apply()
    back.undo(2)
    (net,) = world.cloud.objects("Fake::Twin")
    (host,) = world.cloud.objects("Fake::Token")
    assert (net.spec["zone"], host.spec["parent"]) == ("a", net.id)
    assert world.snapshot().deposed == {}


def test_a_resource_that_changed_again_later_is_refused_and_the_revisions_named(world, back):
    """Nothing is half undone; the later one is undone first, then the earlier."""
    for size in (1, 2, 3):
        world.want("net", spec={"size": size})
        world.apply()
    with pytest.raises(OpsctlError, match=r"net: changed again by revision 3"):
        back.way(2)
    back.undo(3)
    assert reality(world)["net"][1] == 2
    back.undo(2)
    assert reality(world)["net"][1] == 1


def test_later_revisions_of_other_resources_stay(world, back):
    world.want("net", spec={"size": 1})
    world.apply()
    world.want("net", spec={"size": 2})
    world.apply()
    world.want("other", spec={"size": 7})
    world.apply()
    back.undo(2)
    assert {name: size for name, (_, size, _) in reality(world).items()} == {"net": 1, "other": 7}


def test_an_undo_can_be_undone(world, back):
    world.want("net", spec={"size": 1})
    world.apply()
    world.want("net", spec={"size": 2})
    world.apply()
    back.undo(2)
    back.undo(3)
    assert reality(world)["net"][1] == 2
    assert world.plan().plan.empty


def test_the_first_revision_can_be_taken_back_whole(world, back):
    world.want("net")
    world.want("host", spec={"parent": "${net.status.id}"})
    world.apply()
    back.undo(1)
    assert reality(world) == {}


@pytest.mark.parametrize(("number", "words"), [(7, "there is no revision 7"), (2, "changed no resource")])
def test_what_cannot_be_undone_is_said(world, back, number, words):
    world.want("net")
    world.apply()
    world.outputs = {"name": "${net.spec.name}"}
    back.operate(forgetting("net"), "state rm net")
    back.undo(2)
    world.apply()
    past, _ = back.past()
    if number == 2:
        number = past.revisions[-1].number
        world.want("new")
        world.cloud.fail(Fault.REFUSED, "CreateFake::Tag")
        world.apply()
        number = back.past()[0].revisions[-1].number
    with pytest.raises(OpsctlError, match=words):
        back.way(number)


def test_each_step_says_whether_it_is_reversible_and_what_is_lost(world, back):
    world.store.kept = {"env:P": Secret("one", "env:P", "v1")}
    world.want("deleted", "Store")
    world.want("updated", spec={"size": 1})
    world.want("rotated", spec={"password": '${secret("env:P")}'})
    world.apply()
    world.store.kept = {"env:P": Secret("two", "env:P", "v2")}
    world.drop("deleted")
    world.want("updated", spec={"size": 2})
    world.want("rotated", spec={"password": '${secret("env:P")}', "size": 3})
    world.want("made", "Store")
    world.apply()
    labels = back.labels(2)
    assert {name: (str(step.action), step.reversible) for name, step in labels.items()} == {
        "deleted": ("create", False),
        "updated": ("update", True),
        "rotated": ("update", False),
        "made": ("delete", False),
    }
    assert labels["updated"].lost == ()
    assert "the data that it held do not come back" in labels["deleted"].lost
    assert "the data that it holds are lost" in labels["made"].lost
    (lost,) = labels["rotated"].lost
    assert lost.startswith("the old value of password")
    assert "env:P" in lost


def test_gates_are_watched_on_the_way_back(world, back):
    """The record keeps what the files said: a step counts when its gate has passed, going back too."""
    world.want(
        "net", spec={"size": 1}, health=[{"http": {"url": "http://x/${self.status.id}"}, "within": "5s"}]
    )
    world.apply()
    world.want(
        "net", spec={"size": 2}, health=[{"http": {"url": "http://x/${self.status.id}"}, "within": "5s"}]
    )
    world.apply()
    asked = len(world.doctor.asked)
    world.doctor.levels = iter([Level.FAILED] * 99)
    way = back.way(2)
    workspace = world.workspace()
    done = applying.apply(way.blueprint, workspace, holder=Holder("test"), approve=lambda _: True)
    workspace.state.close()
    assert done.outcomes["net"].result is Result.GATE_FAILED
    assert len(world.doctor.asked) > asked
    assert world.doctor.asked[-1]["url"] == f"http://x/{world.cloud.objects()[0].id}"


def test_a_move_and_a_forgetting_are_revisions_like_others(world, back):
    world.want("net")
    world.want("host", spec={"parent": "${net.status.id}"})
    world.apply()
    objects = world.cloud.objects()
    back.operate(moving("net", "lan"), "state mv net lan")
    assert world.snapshot().resources["host"].dependencies == ("lan",)
    back.undo(2)
    assert world.plan().plan.empty
    back.operate(forgetting("host"), "state rm host")
    assert set(world.snapshot().resources) == {"net"}
    assert len(world.cloud.objects()) == len(objects)
    back.undo(4)
    assert world.plan().plan.empty
    assert {o.id for o in world.cloud.objects()} == {o.id for o in objects}


def test_children_move_with_their_composite_and_nothing_is_overwritten(world, back):
    world.want("net")
    world.want("lan")
    world.apply()
    with pytest.raises(OpsctlError, match="has a resource lan already"):
        back.operate(moving("net", "lan"), "state mv net lan")
    with pytest.raises(OpsctlError, match=r"no resource 'nett'"):
        back.operate(moving("nett", "x"), "state mv nett x")
    assert set(world.snapshot().resources) == {"net", "lan"}
    back.operate(moving("net", "db/server"), "state mv net db/server")
    back.operate(moving("db", "base"), "state mv db base")
    assert set(world.snapshot().resources) == {"base/server", "lan"}


def test_what_an_interrupted_step_left_open_is_not_moved(world, back):
    world.want("net")
    world.apply()
    world.want("net", spec={"size": 2})
    killed = sys.modules[type(world).__module__].Killed

    def kill(operation):
        if operation.startswith("Update"):
            world.dead = True
            raise killed

    world.cloud.before = kill
    with pytest.raises(killed):
        world.apply()
    world.dead = False
    assert world.snapshot().intents
    with pytest.raises(OpsctlError, match="not settled yet"):
        back.operate(moving("net", "lan"), "state mv net lan")


def test_the_difference_of_two_revisions_is_told_property_by_property(world, back):
    world.want("net", spec={"size": 1, "tags": {"a": "1"}})
    world.want("gone")
    world.apply()
    world.want("net", spec={"size": 2, "tags": {"a": "1", "b": "2"}})
    world.drop("gone")
    world.want("new", "Twin")
    world.apply()
    past, now = back.past()
    changes = {str(c.address): c for c in difference(past.at(1), past.at(2))}
    assert {a: str(c.action) for a, c in changes.items()} == {
        "gone": "delete",
        "net": "update",
        "new": "create",
    }
    assert [(p.path, p.before, p.after) for p in changes["net"].properties] == [
        (("size",), 1, 2),
        (("tags", "b"), None, "2"),
    ]
    assert difference(past.at(2), now) == ()
    assert past.at(0).resources == {}


def test_a_hole_in_the_journal_is_named_and_numbers_stay(world, back):
    world.want("net")
    world.apply()
    world.want("net", spec={"size": 2})
    world.apply()
    workspace = world.workspace()
    entries = list(workspace.state.history())
    workspace.state.close()
    past = Past(StackId("test"), [e for e in entries if e.sequence != 2], 2)
    assert [r.number for r in past.revisions] == [1, 2]
    with pytest.raises(StateError, match="journal entry 2 is missing"):
        past.at(2)
