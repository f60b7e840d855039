"""Runs the steps of a graph. A step is a generator that yields effects and is resumed with their results.

One scheduler thread owns the graph and resumes the generators; worker threads carry calls in flight; sleeping
steps stand in a timer heap. So a step reads like a sequential story, holds no lock, and costs no thread while
it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.model.ids import Address, ProviderName
from orchestrator.model.outcome import Outcome
from orchestrator.model.snapshot import Entry


@dataclass(frozen=True, slots=True)
class Call:
    """Run ``function`` on a worker under the provider's limits; transient errors are retried until ``deadline``.

    The step is resumed with its result, or with PermanentError or OutcomeUnknownError raised at the yield (a
    TransientError too, once its budget is spent). A call that the run's stop came before raises Interrupted:
    nothing of it has taken effect.
    """

    function: Callable[[], Any]
    provider: ProviderName
    doing: str
    """For the progress line: ``creating``, ``reading``."""
    budget: float = 300.0
    """Seconds for all tries together."""
    inline: bool = False
    """Run it on the scheduler's thread: it touches nothing that could keep it waiting."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Be resumed after some seconds; raises Interrupted at the yield where the run is told to stop."""

    seconds: float
    waiting_for: str = ""


@dataclass(frozen=True, slots=True)
class Journal:
    """Make entries durable, then go on. Effects of many steps are written in one batch."""

    entries: Sequence[Entry]


Effect = Call | Sleep | Journal
Step = Generator[Effect, Any, Outcome]


class Interrupted(Exception):  # noqa: N818 - a signal, not an error
    """The run was told to stop: finish what is in flight, start nothing."""


class Abandoned(Interrupted):
    """Raised at a Call that nobody waits for any more: whether it takes effect is not known."""


class Unwritten(Interrupted):
    """Raised at a Journal that could not be written: none of its entries is durable, and nothing more will be."""


class Executor(Protocol):
    """Walks a graph without barriers: a step starts when all that it depends on has opened."""

    def walk(
        self,
        graph: Mapping[Address, Sequence[Address]],
        visit: Callable[[Address], Step],
        *,
        skip: Callable[[Address, Address], Outcome],
        interrupted: Callable[[Address], Outcome],
        lane: Callable[[Address], ProviderName] | None = None,
    ) -> Mapping[Address, Outcome]:
        """Run every node after its dependencies; ``skip(node, cause)`` is the outcome of those behind a failure.

        ``lane`` tells whose calls a step will make, so that no more steps are opened than that provider can
        take: an open step has an intent that a crash leaves to be settled. An empty name stands for inline
        calls, which are opened in large numbers. Seconds are filled in where an
        outcome has none; the progress hears what is being done, and the end of a step from the step itself.

        Where the journal fails with an OpsctlError, which its owner knows, nothing more starts: calls in flight
        come to their end, every Journal raises Unwritten, and the outcomes tell what became of each step. Raises
        ValueError where the graph has a cycle, and what nobody expected (a fault of a step, no memory) after
        calls in flight have ended and are written.
        """

    def stop(self) -> None:
        """Start nothing more; called from a signal handler."""

    def abandon(self) -> None:
        """Wait for calls in flight no longer; called from any thread, after ``stop``."""
