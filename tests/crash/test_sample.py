"""A sample of the crash machine: whatever boundary it is disturbed at, one more apply leaves exactly what is wanted.

`make crash` tries them all. In CI the sample is the same each time; OPSCTL_CRASH_SEED repeats another.
"""

from __future__ import annotations

import os
import sys
import time

import pytest

from tests.crash.__main__ import run_part
from tests.crash.arena import Simulated
from tests.crash.director import Act, Director
from tests.crash.journeys import GONE, JOURNEYS
from tests.crash.machine import Machine
from tests.crash.wire import Point

TRIALS = 8
BUDGET = 45.0


@pytest.mark.parametrize("cloud", JOURNEYS)
def test_a_run_that_is_disturbed_anywhere_loses_nothing_and_makes_nothing_twice(cloud):
    """Killed, cut, stopped or late at boundaries on the wire and of the journal, with stale reads on."""
    chosen = os.environ.get("OPSCTL_CRASH_SEED") or (
        0 if os.environ.get("CI") else time.time_ns() % 1_000_000
    )
    sys.stdout.write(f"OPSCTL_CRASH_SEED={chosen}\n")
    tallies = run_part(cloud, 4, BUDGET, seed=int(chosen), limit=TRIALS).values()
    assert [wrong for tally in tallies for wrong in tally.violations] == []
    assert sum(tally.tried for tally in tallies) > 0


@pytest.mark.parametrize(
    ("mutant", "act", "point"),
    [
        ("without-intents", Act.KILL, Point.AFTER),
        ("without-settling", Act.KILL, Point.AFTER),
    ],
)
def test_the_machine_finds_a_broken_opsctl(mutant, act, point, tmp_path):
    """With an invariant removed, a few disturbances of a create show it."""
    director = Director()
    arena = Simulated("openstack", tmp_path, director)
    machine = Machine(arena, director, tmp_path, threads=4, mutant=mutant)
    journey = [JOURNEYS["openstack"]()[0], GONE]
    try:
        machine.learn(journey)
        verdicts = machine.run(
            journey,
            deadline=time.monotonic() + BUDGET,
            limit=10,
            only=lambda t: t.variant == "create" and (t.act, t.boundary.point) == (act, point),
        )
        assert any(verdict.complaints for verdict in verdicts)
    finally:
        machine.close()
        arena.close()
