"""A walk in a world of its own: a clock that jumps, a journal that is a list, steps that are told what to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from orchestrator.adapters.executor_threads import ThreadsExecutor
from orchestrator.adapters.retry import RetryPolicy
from orchestrator.model.change import Action
from orchestrator.model.errors import ProviderError
from orchestrator.model.ids import Address, ProviderName, Token
from orchestrator.model.outcome import Outcome, Result
from orchestrator.model.snapshot import Entry, Settled
from orchestrator.seams.executor import Call, Journal, Step
from orchestrator.testing.clock import FakeClock
from orchestrator.testing.executor import HeardProgress

CLOUD = ProviderName("cloud")
HERE = ProviderName("here")


@dataclass
class World:
    """What the steps of a test do, and what was seen of them."""

    threads: bool = True
    limits: Mapping[ProviderName, int] = field(default_factory=lambda: {CLOUD: 4, HERE: 0})
    jitter: Callable[[], float] = lambda: 1.0
    clock: FakeClock = field(default_factory=FakeClock)
    progress: HeardProgress = field(default_factory=HeardProgress)
    journal: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    ends: list[Address] = field(default_factory=list)
    """Every end that a node came to, told by its step or for it."""
    journal_error: BaseException | None = None
    fails_after: int = 10**9

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self.running = 0
        self.most = 0
        self.executor = ThreadsExecutor(
            self.clock,
            self.append,
            limits=self.limits,
            progress=self.progress,
            retry=RetryPolicy(base=1.0, cap=8.0, jitter=self.jitter),
            threads=self.threads,
        )

    def append(self, entries: Sequence[Entry]) -> None:
        if self.journal_error is not None and len(self.journal) >= self.fails_after:
            raise self.journal_error
        self.batches.append(len(entries))
        self.journal.extend(e.token for e in entries if isinstance(e, Settled))

    def call(
        self,
        function: Callable[[], Any] = lambda: None,
        provider: ProviderName = CLOUD,
        budget: float = 300.0,
    ) -> Call:
        """A call that counts how many run beside it."""

        def counted() -> Any:
            with self._lock:
                self.running += 1
                self.most = max(self.most, self.running)
            try:
                return function()
            finally:
                with self._lock:
                    self.running -= 1

        return Call(counted, provider, "creating", budget)

    def plain(self, address: Address, function: Callable[[], Any] = lambda: None) -> Step:
        """Intent, call, result: the shape of every step."""
        self.events.append(f"start {address}")
        yield note(f"{address} begins")
        try:
            yield self.call(function)
        except ProviderError as error:
            return Outcome(address, Action.CREATE, Result.FAILED, str(error))
        yield note(f"{address} ends")
        self.events.append(f"end {address}")
        return Outcome(address, Action.CREATE, Result.DONE)

    def walk(
        self, graph: Mapping[str, Sequence[str]], visit: Callable[[Address], Step] | None = None, **more: Any
    ) -> Mapping[Address, Outcome]:
        """Walk a graph; by default every node is a plain step."""
        nodes = {Address(n): [Address(d) for d in needs] for n, needs in graph.items()}

        def ended(outcome: Outcome) -> Outcome:
            self.ends.append(outcome.address)
            return outcome

        def visited(address: Address) -> Step:
            return ended((yield from (visit or self.plain)(address)))

        return self.executor.walk(
            nodes,
            visited,
            skip=lambda node, cause: ended(skipped(node, cause)),
            interrupted=lambda node: ended(interrupted(node)),
            **more,
        )


def note(text: str) -> Journal:
    """One entry that can be told from others."""
    return Journal([Settled(Token(text))])


def skipped(address: Address, cause: Address) -> Outcome:
    return Outcome(address, Action.CREATE, Result.SKIPPED, f"{cause} failed", cause)


def interrupted(address: Address) -> Outcome:
    return Outcome(address, Action.CREATE, Result.INTERRUPTED)


@pytest.fixture
def world() -> World:
    """Threads, and a clock that jumps."""
    return World()


@pytest.fixture(scope="session")
def make_world() -> type[World]:
    """For a world with other limits."""
    return World
