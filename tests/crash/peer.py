"""`make crash-peer`: opsctl and Terraform, killed at the same boundaries of the same steps, and run again.

Both make the same resources in the same simulator behind the same wire, without stale reads, and both keep their state
in a file. Each trial kills one run: before a request is passed on, after it took effect, in the middle of its answer, or
after a write to the state. Then the same command is run again, twice at most, and nothing else is done. What the cloud
holds is compared with what it holds after a run that nobody disturbed, and the next plan must be empty.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.crash.__main__ import made_on
from tests.crash.arena import Arena, Simulated
from tests.crash.command import Ended
from tests.crash.director import Act, Boundary, Director, Order
from tests.crash.machine import Launchers
from tests.crash.tools import STEPS, Opsctl, Terraform, Tool, versions
from tests.crash.watch import Appends
from tests.crash.wire import Point

PAGE: Final = Path(__file__).parents[2] / "docs" / "crash-peer.md"
POINTS: Final = (Point.BEFORE, Point.AFTER, Point.MIDDLE)
ROUNDS: Final = 2
"""How often the command is run again."""
LOCKED: Final = "state lock"


@dataclass(frozen=True)
class Learned:
    """What an undisturbed step is like."""

    inventory: Counter[str]
    boundaries: tuple[Boundary, ...]


@dataclass(frozen=True)
class Outcome:
    """What is wrong after a run was killed and the command was run again."""

    step: str
    struck: str = ""
    twice: int = 0
    """Objects that are wanted, and there once more."""
    orphans: int = 0
    """Other objects that are not wanted, and that the tool does not remove."""
    missing: int = 0
    failed: str = ""
    """What the last run said, where it failed."""
    unplanned: str = ""
    """What the next plan wants to do, where there is anything."""

    @property
    def survived(self) -> bool:
        """Whether nobody has to do anything."""
        return not (self.twice or self.orphans or self.missing or self.failed or self.unplanned)

    @property
    def by_hand(self) -> Iterator[str]:
        """What somebody has to do now."""
        if self.twice or self.orphans:
            yield "find what the tool does not know, and delete or import it"
        if LOCKED in self.failed:
            yield "remove a lock"
        elif self.failed:
            yield "mend what makes every further apply fail"
        elif self.missing or self.unplanned:
            yield "find out why the apply ends well and changes are left"


def judged(
    step: str, struck: str, wanted: Counter[str], there: Counter[str], ended: Ended, planned: Ended
) -> Outcome:
    """Compare what is there with what is wanted, and hear how the last run and the plan after it ended."""
    extra = there - wanted
    twice = sum(number for line, number in extra.items() if line in wanted)
    return Outcome(
        step,
        struck,
        twice=twice,
        orphans=extra.total() - twice,
        missing=(wanted - there).total(),
        failed=ended.text if ended.code != 0 else "",
        unplanned=planned.text if planned.code != 0 else "",
    )


class Contest:
    """One tool on one arena, step after step."""

    def __init__(self, tool: Tool, arena: Arena, director: Director, seed: int = 0) -> None:
        self._tool, self._arena, self._director = tool, arena, director
        self._rng = random.Random(seed)
        self.learned: dict[str, Learned] = {}

    def learn(self, steps: Iterable[str] = STEPS) -> None:
        """Go through the steps undisturbed; the boundaries of each are those that its run had."""
        self._arena.renew()
        self._tool.prepare()
        for step in steps:
            order, watch = Order(), self._watch(None)
            self._insist(step, order, watch)
            found = [Boundary(n, point) for n in range(1, len(order.seen) + 1) for point in POINTS]
            found += [Boundary(n, Point.APPEND, at_state=True) for n in range(1, watch.count + 1)]
            self.learned[step] = Learned(self._arena.inventory(), tuple(found))

    def run(self, limit: int) -> Iterator[Outcome]:
        """Disturb every step at boundaries chosen by the seed: three quarters of them on the wire."""
        left = {step: self._chosen(known.boundaries, limit) for step, known in self.learned.items()}
        while any(left.values()):
            self.begin(())
            done: list[str] = []
            for step, boundaries in left.items():
                done.append(step)
                outcome = self.tried(step, boundaries.pop()) if boundaries else None
                if outcome is None:
                    self._insist(step, Order(), self._watch(None))
                    continue
                yield outcome
                if not outcome.survived:
                    self.begin(done)

    def _chosen(self, boundaries: Iterable[Boundary], limit: int) -> list[Boundary]:
        """So that a tool which writes its state more often is not asked easier questions."""
        known = list(boundaries)
        self._rng.shuffle(known)
        at_state = [b for b in known if b.at_state][: limit // 4]
        on_wire = [b for b in known if not b.at_state][: limit - len(at_state)]
        chosen = [*on_wire, *at_state]
        self._rng.shuffle(chosen)
        return chosen

    def begin(self, done: Iterable[str]) -> None:
        """An empty cloud, and the steps that lead to where we were: no trial is blamed for the one before."""
        self._arena.renew()
        self._tool.prepare()
        for step in done:
            self._insist(step, Order(), self._watch(None))

    def tried(self, step: str, boundary: Boundary) -> Outcome | None:
        """Kill a run there and run it again; None where the run did not get there, and has ended well."""
        order = Order() if boundary.at_state else Order(boundary, Act.KILL)
        watch = self._watch(boundary if boundary.at_state else None)
        first = self._apply(step, order, watch)
        struck = order.struck or watch.struck
        if not struck and first.code == 0:
            return None
        for _ in range(ROUNDS):
            ended = self._apply(step, Order(), self._watch(None))
            planned = self._tool.plan(step)
            outcome = judged(
                step,
                struck or "nowhere",
                self.learned[step].inventory,
                self._arena.inventory(),
                ended,
                planned,
            )
            if outcome.survived:
                break
        return outcome

    def _insist(self, step: str, order: Order, watch: Appends) -> None:
        ended = self._apply(step, order, watch)
        if ended.code != 0:
            raise AssertionError(
                f"{self._tool.name}: undisturbed, {step} ended with {ended.code}:\n{ended.text}"
            )

    def _apply(self, step: str, order: Order, watch: Appends) -> Ended:
        self._director.start(order)

        def started(pid: int) -> None:
            self._director.runs(pid)
            watch.watch(pid)

        try:
            return self._tool.apply(step, started)
        finally:
            watch.close()

    def _watch(self, boundary: Boundary | None) -> Appends:
        return Appends(self._tool.journal, boundary, self._tool.written)


def render(results: Iterable[tuple[str, str, int, list[Outcome]]]) -> str:
    """The table: a row for each step and tool, and what had to be done by hand."""
    columns = (
        "step | tool | boundaries | tried | survived | there twice | left behind | missing | apply fails"
    )
    lines = [
        f"| {columns} | needs a person |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    by_hand: dict[str, Counter[str]] = {}
    for tool, step, boundaries, outcomes in results:
        lines.append(_row(tool, step, boundaries, outcomes))
        by_hand.setdefault(tool, Counter()).update(what for o in outcomes for what in o.by_hand)
    lines += ["", "What has to be done by hand, and after how many of these runs:", ""]
    for tool, needed in by_hand.items():
        told = "; ".join(f"{what} ({number})" for what, number in needed.most_common())
        lines.append(f"* {tool}: {told or 'nothing'}")
    return "\n".join(lines) + "\n"


def _row(tool: str, step: str, boundaries: int, outcomes: list[Outcome]) -> str:
    counts = (
        boundaries,
        len(outcomes),
        sum(o.survived for o in outcomes),
        sum(o.twice > 0 for o in outcomes),
        sum(o.orphans > 0 for o in outcomes),
        sum(o.missing > 0 for o in outcomes),
        sum(bool(o.failed) for o in outcomes),
        sum(not o.survived for o in outcomes),
    )
    return f"| {step} | {tool} | {' | '.join(map(str, counts))} |"


def compare(plugin: Path, limit: int, seed: int) -> str:
    """Both tools, in turn, on a sandbox of their own; the table."""
    results: dict[str, list[tuple[str, str, int, list[Outcome]]]] = {step: [] for step in STEPS}
    with closing(Launchers()) as launchers:
        for name in (Opsctl.name, Terraform.name):
            with tempfile.TemporaryDirectory(prefix="crash-", ignore_cleanup_errors=True) as place:
                folder, director = Path(place), Director()
                arena = Simulated("openstack", folder, director, stale=False)
                tool: Tool = (
                    Opsctl(arena, folder / "stack", launchers.first)
                    if name == Opsctl.name
                    else Terraform(arena, folder / "stack", plugin)
                )
                with closing(arena):
                    for step, boundaries, outcomes in contested(Contest(tool, arena, director, seed), limit):
                        results[step].append((name, step, boundaries, outcomes))
    return render(row for rows in results.values() for row in rows)


def contested(contest: Contest, limit: int) -> Iterator[tuple[str, int, list[Outcome]]]:
    """Every step with its number of boundaries, and what came of those that were tried."""
    contest.learn()
    found: dict[str, list[Outcome]] = {step: [] for step in contest.learned}
    for outcome in contest.run(limit):
        found[outcome.step].append(outcome)
        said = "survived" if outcome.survived else "; ".join(outcome.by_hand)
        sys.stderr.write(f"{outcome.step}: {outcome.struck}: {said}\n")
    for step, outcomes in found.items():
        yield step, len(contest.learned[step].boundaries), outcomes


def main() -> int:
    """Run, print, and write the page where that is asked for."""
    given = _parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    table = compare(given.plugin, given.limit, given.seed)
    page = f"Run on {made_on()}: opsctl, and {versions(given.plugin)}.\n\n{table}"
    sys.stdout.write(page)
    if given.page:
        PAGE.write_text(f"# Terraform on the same test\n\n{_HEAD}{page}", encoding="utf-8")
    return 0


_HEAD: Final = """How the two are compared, and what is counted, is said in
[the crash machine](crash.md#terraform-on-the-same-test). `make crash-peer` writes this page.

"""


def _parsed() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.peer", description=__doc__)
    parser.add_argument(
        "--plugin", type=Path, required=True, help="the binary of terraform-provider-openstack"
    )
    parser.add_argument("--limit", type=int, default=30, help="trials of each step with each tool")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", action="store_true", help="write the table to docs/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
