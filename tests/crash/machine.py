"""The crash machine: goes through a journey again and again, and disturbs every step of it at another boundary.

A journey leads from nothing through its variants to nothing again, so where one trial ends, the next begins. First
it is made once undisturbed: that enumerates the boundaries of each step, and shows what is there after it. Then
each step is disturbed at one boundary, and opsctl is run again, without any help. Afterwards the cloud holds what
it held after the undisturbed step, the state knows all of it and nothing else, and the next plan is empty.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Final

from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Snapshot
from tests.crash.arena import Arena, stack_file
from tests.crash.command import Ended, Launcher, Run, Stack
from tests.crash.director import PATIENCE, Act, Boundary, Director, Order
from tests.crash.journeys import GONE, Variant
from tests.crash.stores import Sqlite, Store, Watch
from tests.crash.wire import Point

QUIET: Final = 0.12
"""Seconds after the last write from which reads show everything: the simulators' staleness is less."""
LOCKED: Final = 5
"""The exit code of whoever finds the stack taken, or loses it."""
IN_USE: Final = "in use by another process"
NOTHING_LEFT: Final = ": nothing to do."
"""Said by a successor of a run that was stopped when all was done and recorded, before it gave the stack back."""
ROUNDS: Final = 3
"""How often apply may be run after a disturbance: once, and once more where a request arrived late."""
WIRE_ACTS: Final = {
    Point.BEFORE: (Act.KILL, Act.CUT, Act.LATE, Act.DELAY, Act.STOP),
    Point.AFTER: (Act.KILL, Act.CUT, Act.STOP),
    Point.MIDDLE: (Act.KILL, Act.CUT),
}


@dataclass(frozen=True)
class Trial:
    """One disturbance of one step."""

    variant: str
    act: Act
    boundary: Boundary


@dataclass
class Learned:
    """What an undisturbed step is like."""

    inventory: Counter
    addresses: set[str]
    requests: list[str]
    appends: int


@dataclass
class Verdict:
    """How a trial ended; no complaint: it survived."""

    trial: Trial
    struck: str
    complaints: list[str] = field(default_factory=list)
    again: str = ""
    """Why a second apply was needed: where a cloud is slow, any call that was on its way may arrive late."""


class Launchers:
    """Two warm processes for all machines that run one after the other; each is started when it is needed."""

    @cached_property
    def first(self) -> Launcher:
        """Runs what is disturbed."""
        return Launcher()

    @cached_property
    def second(self) -> Launcher:
        """Runs the successor of what is stopped, beside it."""
        return Launcher()

    def close(self) -> None:
        """End those that were started."""
        for launcher in list(vars(self).values()):
            launcher.close()


class Machine:
    """One cloud, one number of threads."""

    def __init__(
        self,
        arena: Arena,
        director: Director,
        folder: Path,
        *,
        launchers: Launchers,
        threads: int,
        store: Store | None = None,
        mutant: str = "",
        seed: int = 0,
    ) -> None:
        self._arena, self._director = arena, director
        self._launchers, self._manner = launchers, {"faster": arena.faster, "mutant": mutant}
        self._threads = threads
        self._name = f"crash-{arena.cloud}"
        place = folder / f"stack-{threads}"
        self._store = store or Sqlite(place)
        self._stack = Stack(place, self._environ(), launchers.first.but(**self._manner))
        self._rng = random.Random(seed)
        self._ids: dict[str, str] = {}
        self._done = 0
        self.learned: dict[str, Learned] = {}
        self.log = folder / f"violations-{threads}.log"

    def _environ(self) -> dict[str, str]:
        return {**self._arena.environ, **self._store.environ, "CRASH_PASSWORD": "correct-horse-battery"}

    def learn(self, journey: list[Variant]) -> None:
        """Go through it undisturbed; afterwards everything is gone."""
        self._prepare()
        before: Learned | None = None
        for variant in journey:
            order, watch = Order(), self._store.watch(None, Act.KILL, 0)
            ended = self._apply(variant, order, watch)
            if ended.code != (4 if variant.undone else 0):
                raise AssertionError(f"{variant.name} ended with {ended.code}:\n{ended.text}")
            now = Learned(self._inventory(), self._addresses(), order.seen, watch.count)
            if variant.undone and before is not None and now.inventory != before.inventory:
                raise AssertionError(f"{variant.name} left {now.inventory - before.inventory}")
            self.learned[variant.name] = before = now
        if self._snapshot().resources:
            raise AssertionError("the journey does not end with nothing")

    def _prepare(self) -> None:
        """A stack that remembers nothing."""
        self._store.renew()
        self._stack.write("opsctl.yaml", stack_file(self._name, self._store.settings, self._arena))

    def trials(
        self, journey: list[Variant], only: Callable[[Trial], bool], known: Mapping[str, Collection[str]]
    ) -> list[Trial]:
        """Every boundary of every step with everything that can be done there: each one once before any twice.

        ``known`` are places that were tried in earlier parts, by step.
        """
        found = []
        for variant in journey:
            learned = self.learned[variant.name]
            for number, request in enumerate(learned.requests, start=1):
                reads = request.startswith(("GET", "HEAD", "Describe", "POST Describe"))
                for point, acts in WIRE_ACTS.items():
                    chosen = [a for a in acts if not (reads and a in (Act.LATE, Act.STOP))]
                    found += [Trial(variant.name, act, Boundary(number, point)) for act in chosen]
            found += [
                Trial(variant.name, act, Boundary(number, point, at_state=True))
                for number in range(1, learned.appends + 1)
                for point, acts in self._store.acts.items()
                for act in acts
            ]
        found = [trial for trial in found if only(trial)]
        self._rng.shuffle(found)
        times = Counter({(variant, place): 1 for variant, places in known.items() for place in places})
        turns = []
        for trial in found:
            times[trial.variant, trial.boundary.place] += 1
            turns.append(times[trial.variant, trial.boundary.place])
        return [trial for _, trial in sorted(zip(turns, found, strict=True), key=itemgetter(0))]

    def run(
        self,
        journey: list[Variant],
        *,
        deadline: float,
        limit: int | None = None,
        only: Callable[[Trial], bool] = lambda _: True,
        known: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> Iterator[Verdict]:
        """Try until everything has been tried, or the time or the number is up."""
        left: dict[str, list[Trial]] = {variant.name: [] for variant in journey}
        for trial in self.trials(journey, only, known):
            left[trial.variant].append(trial)
        yield from islice(self._go_round(journey, left, deadline), limit)
        self._clear()

    def _go_round(
        self, journey: list[Variant], left: Mapping[str, list[Trial]], deadline: float
    ) -> Iterator[Verdict]:
        """The journey again and again; whoever leaves a mess behind starts from its beginning."""
        while any(left.values()):
            before = journey[-1]
            for variant in journey:
                if time.monotonic() > deadline:
                    return
                trial = left[variant.name].pop(0) if left[variant.name] else None
                verdict = self._step(variant, before, trial)
                if verdict is not None:
                    yield verdict
                    if verdict.complaints:
                        self._start_again()
                        break
                before = before if variant.undone else variant

    def _step(self, variant: Variant, before: Variant, trial: Trial | None) -> Verdict | None:
        """Go on to a variant, disturbed by a trial; None where the trial's boundary was not reached."""
        if trial is None:
            if not variant.undone:
                self._apply(variant, Order())
            return None
        seconds, at_state = self._rng.uniform(0.05, 0.3), trial.boundary.at_state
        order = Order() if at_state else Order(trial.boundary, trial.act, seconds=seconds)
        watch = self._store.watch(trial.boundary if at_state else None, trial.act, seconds)
        wrong: list[str] = []
        if trial.act is Act.STOP:
            director = self._store.director if at_state and self._store.director else self._director
            ended, wrong = self._stopped(variant, order, watch, director)
        else:
            ended = self._apply(variant, order, watch)
        verdict = Verdict(trial, order.struck or watch.struck)
        if not verdict.struck and ended.code != (4 if variant.undone else 0):
            verdict.complaints.append(f"undisturbed, it ended with {ended.code}:\n{ended.text}")
        elif not verdict.struck:
            return None
        verdict.complaints += wrong
        wanted = before if variant.undone else variant
        left = self._recover(wanted, trial)
        if left and self._arena.is_slow:
            verdict.again = left[0]
            left = self._recover(wanted, trial)
        verdict.complaints += left
        if verdict.complaints:
            self._tell(verdict, ended)
        return verdict

    def _recover(self, wanted: Variant, trial: Trial) -> list[str]:
        """Apply again, as somebody would who knows nothing of what happened."""
        complaints: list[str] = []
        again = self._apply(wanted, Order(), keep_late=True)
        if trial.boundary.at_state and self._store.director:
            self._store.director.let_go()
        if trial.act in (Act.LATE, Act.STOP):
            self._director.let_go()
            time.sleep(QUIET)
            again = self._apply(wanted, Order())
        if again.code != 0:
            complaints.append(f"apply ended with {again.code}:\n{again.text}")
        return [*complaints, *self._violations(wanted)]

    def _violations(self, wanted: Variant) -> Iterator[str]:
        """Everything that is not as it should be."""
        planned = self._stack.opsctl(*self._arguments("plan", wanted), "--detailed-exitcode")
        if planned.code != 0:
            yield f"the next plan is not empty ({planned.code}):\n{planned.text}"
        learned, there = self.learned[wanted.name], self._inventory()
        if there != learned.inventory:
            yield f"too many: {there - learned.inventory}, missing: {learned.inventory - there}"
        try:
            snapshot = self._snapshot()
        except StateError as error:
            yield f"the state cannot be read: {error}"
            return
        if snapshot.open or snapshot.deposed:
            yield f"the state is not at rest: {snapshot.open} {snapshot.deposed}"
        if set(snapshot.resources) != learned.addresses:
            yield f"the state knows {sorted(snapshot.resources)}, not {sorted(learned.addresses)}"

    def _apply(
        self, variant: Variant, order: Order, watch: Watch | None = None, *, keep_late: bool = False
    ) -> Ended:
        """Write a variant's files and apply them."""
        self._write(variant)
        self._director.start(order, keep_held=keep_late)

        def started(pid: int) -> None:
            self._director.runs(pid)
            if watch is not None:
                watch.watch(pid)

        ended = self._stack.opsctl(*self._arguments("apply", variant), *self._store.waits, started=started)
        if watch is not None:
            watch.close()
        self._remember()
        return ended

    def _stopped(
        self, variant: Variant, order: Order, watch: Watch, director: Director
    ) -> tuple[Ended, list[str]]:
        """Stop a run where the order says; let another take over and end; then let the first go on.

        Returns how the first ended, and what is wrong with that: whoever lost the stack has to stop by itself.
        """
        self._write(variant)
        self._director.start(order)
        run = self._stack.start(*self._arguments("apply", variant))
        self._director.runs(run.pid)
        watch.watch(run.pid)
        try:
            if not director.wait_struck(run.alive):
                return run.ended(), []
            return self._succeeded(variant, run, director)
        finally:
            watch.close()

    def _succeeded(self, variant: Variant, run: Run, director: Director) -> tuple[Ended, list[str]]:
        """While one run is stopped: another takes the stack and ends; then the first goes on."""
        waiting = (*self._arguments("apply", variant), "--lock-timeout", f"{PATIENCE:.0f}s")
        second = self._stack.start(*waiting, launcher=self._launchers.second.but(**self._manner)).ended()
        director.wake()
        first = run.ended()
        if IN_USE in second.text:
            return (
                first,
                [],
            )  # stopped within a transaction: it kept the file, and went on as the stack's holder
        if second.code == LOCKED:
            return first, [f"no successor got the stack of the stopped run:\n{second.text}"]
        if first.code != LOCKED and NOTHING_LEFT not in second.text:
            return first, [
                f"it lost the stack, went on and ended with {first.code}:\n{first.text}\nthe successor ended with {second.code}:\n{second.text}"
            ]
        return first, []

    def _write(self, variant: Variant) -> None:
        text = variant.text(self._ids).replace("IMAGE", self._arena.image).replace("STACK", self._name)
        self._stack.write("resources.yaml", text)

    def _arguments(self, command: str, variant: Variant) -> tuple[str, ...]:
        """Whoever wants nothing has it destroyed, which is what users do."""
        if command == "plan":
            rest: tuple[str, ...] = () if variant.resources else ("--destroy",)
        else:
            command, rest = command if variant.resources else "destroy", ("--auto-approve",)
        return (command, *rest, "--parallelism", str(self._threads))

    def _snapshot(self) -> Snapshot:
        return self._store.latest(StackId(self._name))

    def _remember(self) -> None:
        """The ids of what there is: an Import names one after it was let go."""
        with suppress(StateError):  # whoever wants to know what is wrong reads it again
            self._ids |= {str(a): r.id for a, r in self._snapshot().resources.items()}

    def _addresses(self) -> set[str]:
        return set(map(str, self._snapshot().resources))

    def _inventory(self) -> Counter:
        """What is there when nothing is hidden any more."""
        time.sleep(max(0.0, self._director.last_write + QUIET - time.monotonic()))
        return self._arena.inventory()

    def _start_again(self) -> None:
        """After a violation: away with all that is there, so that the next trials are not blamed for it."""
        self._director.let_go()
        self._clear()
        if not self._is_empty():
            self._arena.renew()
            self._prepare()

    def _is_empty(self) -> bool:
        try:
            return not self._snapshot().resources and self._inventory() == self.learned[GONE.name].inventory
        except StateError:
            return False

    def _clear(self) -> None:
        for _ in range(ROUNDS):
            self._director.start(Order())
            ended = self._stack.opsctl("destroy", "--auto-approve", *self._store.waits)
            if ended.code == 0:
                return

    def _tell(self, verdict: Verdict, first: Ended) -> None:
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"=== {verdict.trial}\nstruck: {verdict.struck}\nfirst ended with {first.code}:\n")
            log.write(first.text[-4000:] + "\n" + "\n".join(verdict.complaints) + "\n")
