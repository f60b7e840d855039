"""A create under a fixed name that arrives when nobody wants it any more: removed by its marker, or named, never guessed at."""

from __future__ import annotations

import re
import shlex
import time
from contextlib import ExitStack, closing

import pytest

from tests.crash.arena import Simulated, stack_file
from tests.crash.command import Stack
from tests.crash.director import Act, Boundary, Director, Order
from tests.crash.journeys import JOURNEYS, Variant
from tests.crash.wire import Point

LONG = 120.0


@pytest.fixture
def arrived_late(launchers, tmp_path):
    """A stack of ``there`` beside which ``wanted`` arrived: killed on its way, given up, left out of the files.

    Gives the stack, and what tells the cloud's inventory, with the one from before.
    """
    with ExitStack() as ended:

        def arrive(cloud, there, wanted, call):
            director, made = Director(LONG), JOURNEYS[cloud]()[0].resources
            arena = ended.enter_context(closing(Simulated(cloud, tmp_path, director, stale=False)))
            stack = Stack(tmp_path / "stack", arena.environ, launchers.first.but(faster=arena.faster))
            stack.write("opsctl.yaml", stack_file("late", {"backend": "sqlite"}, arena))
            _write(stack, *(made[name] for name in there))
            stack.apply()
            before = arena.inventory()
            order = Order(Boundary(1, Point.BEFORE), Act.LATE)
            director.start(order)
            _write(stack, *(made[name] for name in (*there, wanted)))
            assert stack.opsctl("apply", "--auto-approve", started=director.runs).killed
            assert re.search(call, order.struck)
            _write(stack, *(made[name] for name in there))
            director.start(Order(), keep_held=True)
            stack.apply()
            director.let_go()
            _wait_for(lambda: (arena.inventory() - before).total() == 1)
            return stack, arena.inventory, before

        yield arrive


def test_a_late_object_without_a_marker_is_named_with_the_command_that_settles_it(arrived_late):
    """A subnet has no tags, and somebody else may have made one of that name: nothing is deleted on a guess."""
    stack, inventory, before = arrived_late("azure", ("group", "net"), "lan", "PUT .*/subnets/lan")
    planned = stack.opsctl("plan", "--detailed-exitcode")
    assert planned.code == 0, planned.text
    said = " ".join(planned.text.split())
    assert "a create of lan that was given up may have come late" in said
    command = re.search(r"opsctl (state settle lan --id \S+),", said)
    assert stack.opsctl(*shlex.split(command[1])).code == 0
    assert {a: c["action"] for a, c in stack.changes().items()} == {"lan": "delete"}
    stack.apply()
    assert inventory() == before
    assert "come late" not in stack.opsctl("plan").text


def test_one_that_somebody_else_made_is_left_alone_once_that_is_said(arrived_late):
    """The same sight, and the other answer: it stays, and is not spoken of again."""
    stack, inventory, before = arrived_late("azure", ("group", "net"), "lan", "PUT .*/subnets/lan")
    assert stack.opsctl("state", "settle", "lan", "--gone").code == 0
    planned = stack.opsctl("plan", "--detailed-exitcode")
    assert (planned.code, "come late" in planned.text) == (0, False)
    assert (inventory() - before).total() == 1


def test_a_late_object_under_a_fixed_name_is_removed_under_the_plan_where_it_has_our_marker(arrived_late):
    """A bucket is made with its marker, so that nobody has to be asked."""
    stack, inventory, before = arrived_late("aws", ("net",), "lake", "PUT /.*-lake")
    assert {a: c["action"] for a, c in stack.changes().items()} == {"lake": "delete"}
    stack.apply()
    assert inventory() == before


def _write(stack, *resources):
    text = Variant("", dict(enumerate(resources))).text({}).replace("STACK", "late")
    stack.write("resources.yaml", text)


def _wait_for(claim):
    end = time.monotonic() + LONG
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.05)
