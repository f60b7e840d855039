"""A sample of the crash machine: whatever boundary it is disturbed at, one more apply leaves exactly what is wanted.

`make crash` tries them all. In CI the sample is the same each time; OPSCTL_CRASH_SEED repeats another.
"""

from __future__ import annotations

import os
import re
import sys
import time
from math import inf

import pytest

from tests.crash.__main__ import Part, run_part
from tests.crash.arena import Simulated
from tests.crash.director import Act, Director
from tests.crash.journeys import GONE, JOURNEYS
from tests.crash.machine import Machine, Trial
from tests.crash.wire import Point

TRIALS = 16


@pytest.mark.parametrize("cloud", JOURNEYS)
def test_a_run_that_is_disturbed_anywhere_loses_nothing_and_makes_nothing_twice(cloud, launchers):
    """Killed, cut, stopped or late at boundaries on the wire and of the journal, with stale reads on."""
    chosen = os.environ.get("OPSCTL_CRASH_SEED") or (
        0 if os.environ.get("CI") else time.time_ns() % 1_000_000
    )
    sys.stdout.write(f"OPSCTL_CRASH_SEED={chosen}\n")
    found = {}
    run_part(Part(cloud, seed=int(chosen), limit=TRIALS), launchers, found)
    assert [wrong for tally in found.values() for wrong in tally.violations] == []
    assert sum(tally.tried for tally in found.values()) == TRIALS


@pytest.mark.parametrize(
    ("mutant", "act", "said"),
    [
        ("without-intents", Act.KILL, "too many"),
        ("without-settling", Act.KILL, "too many"),
        ("without-fencing", Act.STOP, "it lost the stack, went on|the state cannot be read"),
    ],
)
def test_the_machine_finds_a_broken_opsctl(mutant, act, said, launchers, tmp_path):
    """With an invariant removed, disturbing the calls that make things, each after it took effect, shows it."""
    director = Director()
    arena = Simulated("openstack", tmp_path, director)
    machine = Machine(arena, director, tmp_path, launchers=launchers, threads=4, mutant=mutant)
    journey = [JOURNEYS["openstack"]()[0], GONE]

    def makes(trial: Trial) -> bool:
        if trial.variant != "create" or (trial.act, trial.boundary.point) != (act, Point.AFTER):
            return False
        request = machine.learned["create"].requests[trial.boundary.request - 1]
        return request.startswith("POST") and "rules" not in request

    try:
        machine.learn(journey)
        verdicts = machine.run(journey, deadline=inf, limit=5, only=makes)
        assert any(re.search(said, complaint) for verdict in verdicts for complaint in verdict.complaints)
    finally:
        arena.close()
