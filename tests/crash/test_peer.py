"""The comparison with another tool counts what is really there: an unbroken opsctl passes, a forgetful one does not."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

import pytest

from tests.crash.arena import Simulated
from tests.crash.command import Ended
from tests.crash.director import Boundary, Director
from tests.crash.peer import Contest, Outcome, judged, render
from tests.crash.tools import Opsctl
from tests.crash.wire import Point

DONE, NOTHING = Ended(0, "done"), Ended(0, "no changes")


@pytest.mark.parametrize(("mutant", "survives"), [("", True), ("without-settling", False)])
def test_a_tool_that_forgets_what_it_began_leaves_things_behind(mutant, survives, launchers, tmp_path):
    """Killed after its network was made: the one that settles finds it, the one that does not makes another."""
    director = Director()
    with closing(Simulated("openstack", tmp_path, director, stale=False)) as arena:
        contest = Contest(Opsctl(arena, tmp_path / "stack", launchers.first, mutant=mutant), arena, director)
        contest.learn(["create"])
        contest.begin(())
        outcome = contest.tried("create", Boundary(1, Point.AFTER))
    assert outcome.struck.startswith("kill, before the answer: POST")
    assert outcome.survived == survives
    assert (outcome.twice + outcome.orphans == 0) == survives


def test_what_is_counted_is_what_somebody_has_to_clear_away():
    """A second one of what is wanted, something else that is left, something that is missing, an apply that fails."""
    wanted, there = Counter({"net": 1, "port": 1}), Counter({"net": 2, "disk": 1})
    outcome = judged("create", "kill", wanted, there, Ended(1, "Error acquiring the state lock"), NOTHING)
    assert (outcome.twice, outcome.orphans, outcome.missing, outcome.survived) == (1, 1, 1, False)
    assert list(outcome.by_hand) == [
        "find what the tool does not know, and delete or import it",
        "remove a lock",
    ]
    assert judged("create", "kill", wanted, wanted, DONE, NOTHING).survived
    assert list(judged("create", "kill", wanted, wanted, DONE, Ended(2, "1 to add")).by_hand) == [
        "find out why the apply ends well and changes are left"
    ]


def test_the_table_counts_runs_and_not_objects():
    """One run that left three networks behind is one run after which a person is needed."""
    told = render([("a tool", "create", 9, [Outcome("create"), Outcome("create", twice=3)])])
    assert "| create | a tool | 9 | 2 | 1 | 1 | 0 | 0 | 0 | 1 |" in told
    assert "* a tool: find what the tool does not know, and delete or import it (1)" in told
