"""The executor: one scheduler thread, worker threads for calls in flight, a timer heap for what waits.

Enters: a graph and a generator a node. Leaves: one outcome a node. Holds: only the caller's thread touches the
graph and resumes steps; what steps write is made durable in batches by one journal thread, in the order in
which they asked, before they go on; when an append fails nothing new starts, calls in flight are awaited, and
every step hears that it cannot be written.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar, assert_never

from orchestrator.adapters.carriers import Carrier, Inline, Threads
from orchestrator.adapters.frontier import Frontier
from orchestrator.adapters.limits import INLINE_WINDOW, Lane
from orchestrator.adapters.retry import RetryPolicy
from orchestrator.model.errors import (
    FaultyPluginError,
    OpsctlError,
    OutcomeUnknownError,
    ProviderError,
    TransientError,
)
from orchestrator.model.ids import Address, ProviderName
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.snapshot import Entry
from orchestrator.seams.clock import Clock
from orchestrator.seams.executor import Abandoned, Call, Interrupted, Journal, Sleep, Step, Unwritten
from orchestrator.seams.progress import Progress

T = TypeVar("T")
Append = Callable[[Sequence[Entry]], object]


class WaitingClock(Clock, Protocol):
    """A clock that the scheduler can wait on; a fake one lets time pass instead."""

    def wait(self, inbox: SimpleQueue[T], seconds: float | None, *, busy: bool) -> T | None:
        """The next message, or None after ``seconds``; ``busy``: a thread will send one without time passing."""


@dataclass(slots=True, eq=False)
class _Task:
    """One step under way."""

    address: Address
    step: Step
    lane: str
    began: float
    call: Call | None = None
    failures: int = 0
    first: float = 0.0
    """When the first try of the call started."""
    started: float = 0.0
    """When the last one did."""


@dataclass(frozen=True, slots=True)
class _Returned:
    task: _Task
    value: Any
    error: BaseException | None


@dataclass(frozen=True, slots=True)
class _Written:
    tasks: list[_Task]
    error: BaseException | None


@dataclass(frozen=True, slots=True)
class _Stop:
    pass


_Message = _Returned | _Written | _Stop
_NO_MEMORY = OutcomeUnknownError("opsctl is out of memory")
"""Made before it is needed."""


class ThreadsExecutor:
    """An Executor whose calls run on threads, those of a provider with limit 0 on the caller's own.

    ``append`` makes entries durable before it returns; it is called by one thread at a time. ``limits`` says
    for every provider how many calls may be in flight. With ``threads`` off everything runs on the caller's
    thread, one after the other: for tests.
    """

    def __init__(
        self,
        clock: WaitingClock,
        append: Append,
        *,
        limits: Mapping[ProviderName, int],
        progress: Progress,
        retry: RetryPolicy | None = None,
        threads: bool = True,
    ) -> None:
        self.clock = clock
        self.append = append
        self.progress = progress
        self.retry = retry or RetryPolicy()
        self.threads = threads
        self.lanes: dict[str, Lane[_Task]] = {name: Lane(limit) for name, limit in limits.items()}
        self.inbox: SimpleQueue[_Message] = SimpleQueue()
        self.stopping = False
        self.abandoning = False

    def walk(
        self,
        graph: Mapping[Address, Sequence[Address]],
        visit: Callable[[Address], Step],
        *,
        skip: Callable[[Address, Address], Outcome],
        interrupted: Callable[[Address], Outcome],
        lane: Callable[[Address], ProviderName] | None = None,
    ) -> Mapping[Address, Outcome]:
        """Run every node; see the seam. Raises ValueError for a cycle, and what is no OpsctlError of ``append``."""
        frontier = Frontier(graph, lane or (lambda _: ""))
        self.inbox = SimpleQueue()
        walk = _Walk(self, frontier, visit, skip, interrupted)
        walk.run()
        return {node: walk.outcomes[node] for node in graph}

    def stop(self) -> None:
        """Start nothing more. Safe in a signal handler: a flag, and a reentrant put."""
        self.stopping = True
        self.inbox.put(_Stop())

    def abandon(self) -> None:
        """Wait for nobody: a flag, and a reentrant put."""
        self.abandoning = True
        self.inbox.put(_Stop())

    def lane(self, provider: str) -> Lane[_Task]:
        """The calls of a provider. Raises ValueError for one that was never configured."""
        lane = self.lanes.get(provider)
        if lane is None:
            raise ValueError(f"no limit is known for the provider {provider!r}")
        return lane


class _Walk:
    """One walk of one graph: what is under way, who waits for what, and what has ended."""

    def __init__(
        self,
        executor: ThreadsExecutor,
        frontier: Frontier,
        visit: Callable[[Address], Step],
        skip: Callable[[Address, Address], Outcome],
        interrupted: Callable[[Address], Outcome],
    ) -> None:
        self.outcomes: dict[Address, Outcome] = {}
        self._executor = executor
        self._frontier = frontier
        self._visit = visit
        self._skip = skip
        self._interrupted = interrupted
        self._clock = executor.clock
        self._progress = executor.progress
        inbox = executor.inbox
        self._workers: Carrier[_Message] = Threads(inbox, "call") if executor.threads else Inline(inbox)
        self._journal: Carrier[_Message] = Threads(inbox, "journal") if executor.threads else Inline(inbox)
        self._run: deque[tuple[_Task, Any, BaseException | None]] = deque()
        self._timers: list[tuple[float, int, _Task | None, Lane[_Task] | None]] = []
        self._order = count()
        self._open: dict[_Task, None] = {}
        self._awake: dict[str, int] = {}
        self._entries: list[Entry] = []
        self._writers: list[_Task] = []
        self._writing = False
        self._flying: dict[_Task, None] = {}
        self._stopped = False
        self._unwritable = False
        self._fault: BaseException | None = None
        """What ends the walk with an error: steps are told to stop, and what they did is written."""
        self._broken: BaseException | None = None
        """The scheduler itself is at fault: no step is resumed any more."""

    def run(self) -> None:
        """Go on until every node has its outcome, or the scheduler is broken and nothing is in flight."""
        try:
            while True:
                try:
                    if not self._advance():
                        break
                    self._listen()
                except Exception as fault:
                    if self._broken is not None:
                        raise
                    self._broken = fault
        finally:
            self._workers.close()
            self._journal.close()
            self._let_go()
        error = self._fault or self._broken
        if error is not None:
            raise error

    @property
    def _stopping(self) -> bool:
        """Steps are told to stop."""
        return self._executor.stopping or self._unwritable or self._fault is not None

    @property
    def _closing(self) -> bool:
        """No call may start any more."""
        return self._stopping or self._broken is not None

    def _advance(self) -> bool:
        """Do all that can be done without waiting; whether anything is left to wait for."""
        while self._broken is None:
            if self._stopping and not self._stopped:
                self._interrupt()
            if self._executor.abandoning:
                self._abandon()
            self._start_ready()
            if not self._run:
                self._write()
            if not self._run:
                return bool(self._open)
            while self._run and self._broken is None:
                self._resume(*self._run.popleft())
        return bool(self._flying) or self._writing

    def _listen(self) -> None:
        """Wait for a message or for a timer, and take all that have come."""
        seconds = max(0.0, self._timers[0][0] - self._clock.monotonic()) if self._timers else None
        inbox = self._executor.inbox
        message = self._clock.wait(inbox, seconds, busy=bool(self._flying) or self._writing)
        while message is not None:
            match message:
                case _Returned(task, value, error):
                    self._workers.done()
                    if task in self._flying:  # else it was abandoned
                        del self._flying[task]
                        self._returned(task, value, error)
                case _Written(tasks, error):
                    self._writing = False
                    self._journal.done()
                    self._written(tasks, error)
                case _Stop():
                    pass
                case _:
                    assert_never(message)
            message = None if inbox.empty() else inbox.get()
        self._wake()

    def _wake(self) -> None:
        """What the timers stand for has come: a sleeper's time, a retry, a rate that allows the next call."""
        now = self._clock.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, task, lane = heapq.heappop(self._timers)
            if lane is not None:
                lane.timed = False
                self._dispatch(lane)
            elif task is not None and task.call is not None:
                self._enqueue(task, task.call)
            elif task is not None:
                self._awake[task.lane] += 1
                self._run.append((task, None, None))

    def _start_ready(self) -> None:
        """Start ready nodes, in the graph's order, as far as the windows of their lanes are open."""
        for lane, ready in self._frontier.ready.items():
            window = self._window(lane)
            awake = self._awake.setdefault(lane, 0)
            while ready and awake < window:
                node = self._frontier.next(lane)
                task = _Task(node, self._visit(node), lane, self._clock.monotonic())
                self._open[task] = None
                self._run.append((task, None, None))
                awake += 1
            self._awake[lane] = awake

    def _window(self, lane: str) -> int:
        """How many steps of a lane may be open; those that sleep do not count."""
        known = self._executor.lanes.get(lane)
        return INLINE_WINDOW if known is None else known.window

    def _resume(self, task: _Task, value: Any, error: BaseException | None) -> None:
        """Drive one step until it waits for something or ends."""
        step = task.step
        while True:
            try:
                effect = step.send(value) if error is None else step.throw(error)
            except StopIteration as end:
                self._ended(task, end.value)
                return
            except Interrupted:
                self._ended(task, self._interrupted(task.address))
                return
            except Exception as fault:  # noqa: BLE001 - raised from the walk, once the others have ended
                self._fault = self._fault or fault
                self._ended(task, self._interrupted(task.address))
                return
            value = error = None
            match effect:
                case Journal(entries) if not entries:
                    continue
                case Journal(entries):
                    self._entries.extend(entries)
                    self._writers.append(task)
                    return
                case Call() | Sleep() if self._stopping:
                    error = Interrupted()
                case Call():
                    task.failures, task.first = 0, -1.0
                    self._enqueue(task, effect)
                    return
                case Sleep(seconds, waiting_for):
                    if waiting_for:
                        self._progress.doing(task.address, waiting_for)
                    self._awake[task.lane] -= 1
                    self._after(seconds, task)
                    return
                case _:
                    assert_never(effect)

    def _ended(self, task: _Task, outcome: Outcome) -> None:
        del self._open[task]
        self._awake[task.lane] -= 1
        seconds = self._clock.monotonic() - task.began
        self.outcomes[task.address] = outcome if outcome.seconds else replace(outcome, seconds=seconds)
        if outcome.opens:
            self._frontier.opened(task.address)
        elif not (self._stopping and outcome.result is Result.INTERRUPTED):
            for node in self._frontier.closed(task.address):
                self.outcomes[node] = self._skip(node, task.address)

    def _after(self, seconds: float, task: _Task | None, lane: Lane[_Task] | None = None) -> None:
        when = self._clock.monotonic() + max(0.0, seconds)
        heapq.heappush(self._timers, (when, next(self._order), task, lane))

    def _enqueue(self, task: _Task, call: Call) -> None:
        lane = self._executor.lane(call.provider)
        task.call = call
        if call.inline and not self._closing:
            self._call(task, lane, self._clock.monotonic())
        else:
            lane.waiting.append(task)
            self._dispatch(lane)

    def _dispatch(self, lane: Lane[_Task]) -> None:
        """Start calls in the order in which they came, as far as concurrency and rate allow."""
        while lane.waiting and lane.free and not lane.timed and not self._closing:
            now = self._clock.monotonic()
            pause = lane.bucket.pause(now)
            if pause > 0:
                lane.timed = True
                self._after(pause, None, lane)
                return
            lane.bucket.take(now)
            self._call(lane.waiting.popleft(), lane, now)

    def _call(self, task: _Task, lane: Lane[_Task], now: float) -> None:
        call = task.call
        if call is None:
            raise AssertionError(f"{task.address} has no call to start")
        task.started = now
        if task.first < 0:
            task.first = now
        self._progress.doing(task.address, call.doing)
        lane.in_flight += 1
        if lane.inline or call.inline:
            self._returned(task, *_attempt(call.function))
        else:
            lost = _Returned(task, None, _NO_MEMORY)
            self._workers.submit(lambda: _Returned(task, *_attempt(call.function)), lost)
            self._flying[task] = None

    def _returned(self, task: _Task, value: Any, error: BaseException | None) -> None:
        """Resume the step with the call's end, or try again later."""
        call = task.call
        if call is None:
            raise AssertionError(f"{task.address} has no call in flight")
        lane = self._executor.lane(call.provider)
        lane.in_flight -= 1
        if not (isinstance(error, TransientError) and self._again(task, call, lane, error)):
            task.call = None
            self._run.append((task, value, error))
        if not (lane.inline or call.inline):
            self._dispatch(lane)

    def _again(self, task: _Task, call: Call, lane: Lane[_Task], error: TransientError) -> bool:
        """Whether a call that failed for the moment is tried again within its budget."""
        now = self._clock.monotonic()
        if error.throttled:
            lane.bucket.throttled(now, task.started)
        task.failures += 1
        delay = self._executor.retry.delay(task.failures, error.retry_after)
        given_up = self._executor.retry.gives_up(call.provider, now + delay - task.first, call.budget)
        if self._stopping or given_up:
            if given_up or task.failures > 1:
                tries = f"{task.failures} {'try' if task.failures == 1 else 'tries'}"
                error.message += f"; given up after {tries} in {now - task.first:.0f} s"
            return False
        self._progress.doing(task.address, f"{call.doing}, again in {delay:.0f} s: {error}")
        self._after(delay, task)
        return True

    def _write(self) -> None:
        """Give all that was asked for to the journal; while one append is under way, the next batch collects."""
        if self._writing or not self._writers:
            return
        entries, writers = self._entries, self._writers
        self._entries, self._writers = [], []
        if self._unwritable:
            self._written(writers, None)
            return
        append = self._executor.append

        def job() -> _Message:
            try:
                append(entries)
            except BaseException as error:  # noqa: BLE001 - the steps hear of it, and the walk ends
                return _Written(writers, error)
            return _Written(writers, None)

        self._journal.submit(job, _Written(writers, MemoryError()))
        self._writing = True

    def _written(self, tasks: Sequence[_Task], error: BaseException | None) -> None:
        """Go on with those whose entries are durable; tell those whose entries are not."""
        if error is not None:
            self._unwritable = True
        if error is not None and not isinstance(error, OpsctlError):
            self._fault = self._fault or error
        self._run.extend((task, None, Unwritten() if self._unwritable else None) for task in tasks)

    def _interrupt(self) -> None:
        """What has not started never will, and what waits is told; calls in flight go on to their end."""
        self._stopped = True
        for node in self._frontier.rest():
            self.outcomes[node] = self._interrupted(node)
        waiting = [task for _, _, task, _ in sorted(self._timers, key=lambda t: t[1]) if task is not None]
        self._timers.clear()
        for lane in self._executor.lanes.values():
            waiting.extend(lane.waiting)
            lane.waiting.clear()
            lane.timed = False
        self._run.extend((task, None, Interrupted()) for task in waiting)

    def _abandon(self) -> None:
        """Calls in flight go on without us: what they bring comes too late for this run."""
        self._run.extend((task, None, Abandoned()) for task in self._flying)
        for task in self._flying:
            task.call = None
        self._flying.clear()

    def _let_go(self) -> None:
        """Close what is left open after a failure, so that nothing of this walk is found by the next."""
        for lane in self._executor.lanes.values():
            lane.waiting.clear()
            lane.in_flight, lane.timed = 0, False
        for task in self._open:
            task.step.close()


def _attempt(function: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """A call's end as a value. What is of no family is the fault of a plugin, and said so."""
    try:
        return function(), None
    except ProviderError as error:
        return None, error
    except KeyboardInterrupt:
        raise
    except MemoryError:
        return None, _NO_MEMORY
    except BaseException as fault:  # noqa: BLE001 - even a SystemExit must not end a worker in silence
        name = f"{type(fault).__module__}.{type(fault).__qualname__}".removeprefix("builtins.")
        faulty = FaultyPluginError(f"the provider plugin failed with {name}: {fault}")
        faulty.__cause__ = fault
        return None, faulty
