"""A provider plugin whose own mistakes are named as such, and never look like a mistake of opsctl or of the files.

Enters: any provider. Leaves: the same provider; what it raises that is of no family becomes a FaultyPluginError that
names the plugin and the exception. Holds: the kinds are asked for once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

from orchestrator.model.errors import FaultyPluginError, OutcomeUnknownError, ProviderError
from orchestrator.model.health import Health
from orchestrator.model.ids import ProviderName, Token, TypeName
from orchestrator.model.kind import KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight
from orchestrator.model.redaction import redacted, redacted_leaves
from orchestrator.seams.provider import Provider


def fault_of(name: str, error: BaseException) -> str:
    """One line: whose fault it is, and what was raised."""
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    said = " ".join(str(error).split())
    return f"the provider plugin {name} failed with {kind}{f': {said}' if said else ''}"


class Guarded:
    """One configured provider, behind a guard."""

    def __init__(
        self,
        name: ProviderName,
        provider: Provider,
        *,
        known: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        """``known`` gives the plain values of secrets: what a cloud says is told without them."""
        self.name = name
        self.provider = provider
        self._known = known

    @contextmanager
    def _guard(self, doing: str) -> Iterator[None]:
        try:
            yield
        except ProviderError as error:
            error.message = redacted(error.message, self._known())
            raise
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except MemoryError as error:  # ours as much as the plugin's, and it may have come after the effect
            raise OutcomeUnknownError("opsctl is out of memory", doing) from error
        except BaseException as error:
            told = redacted(fault_of(self.name, error), self._known())
            raise FaultyPluginError(told, doing) from error

    def _hiding(self, seen: Observed) -> Observed:
        """A status that repeats a secret does not rest in state."""
        return replace(seen, status=redacted_leaves(seen.status, self._known()))

    @cached_property
    def kinds(self) -> Mapping[TypeName, KindSchema]:
        """See the seam."""
        with self._guard("kinds"):
            return self.provider.kinds

    @property
    def calls(self) -> Mapping[str, int]:
        """See the seam."""
        with self._guard("calls"):
            return self.provider.calls

    @property
    def concurrency(self) -> int:
        """See the seam."""
        with self._guard("concurrency"):
            return self.provider.concurrency

    def account(self) -> str:
        """See the seam."""
        with self._guard("account"):
            return self.provider.account()

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """See the seam."""
        with self._guard("preflight"):
            return self.provider.preflight(demands)

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """See the seam."""
        with self._guard(f"read {type}"):
            read = self.provider.read_many(type, refs, way)
        if not self._known():
            return read
        return replace(read, found={address: self._hiding(seen) for address, seen in read.found.items()})

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """See the seam."""
        with self._guard(f"discover {type}"):
            yield from self.provider.discover(type)

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """See the seam."""
        try:  # called once a resource: without the cost of a context
            return self.provider.propose(type, prior, want, last)
        except (ProviderError, MemoryError):
            raise
        except Exception as error:
            raise FaultyPluginError(fault_of(self.name, error), f"propose {type}") from error

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """See the seam."""
        with self._guard(f"{request.action} {request.type}"):
            return self._answered(self.provider.begin(request, token))

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """See the seam."""
        with self._guard(f"poll {type}"):
            return self._answered(self.provider.poll(type, handle))

    def _answered(self, answer: Done | Pending) -> Done | Pending:
        if isinstance(answer, Done) and answer.observed is not None:
            return Done(self._hiding(answer.observed))
        return answer

    def find(self, intent: Intent) -> Observed | None:
        """See the seam."""
        with self._guard(f"find {intent.type}"):
            found = self.provider.find(intent)
        return None if found is None else self._hiding(found)

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """See the seam."""
        with self._guard(f"assess {type}"):
            return self.provider.assess(type, observed)
