"""A small cloud in memory, with the habits of the real ones and a switch for their faults.

Enters: requests as a provider's client would send them. Leaves: objects, and a log of every call. Holds: what
the cloud did stays done, whoever asks and whether or not the answer arrived; so a second provider over the
same cloud is a second process over the same account.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from typing import Any, TypeVar

from orchestrator.model.errors import OutcomeUnknownError, PermanentError, TransientError
from orchestrator.model.ids import TypeName
from orchestrator.model.marker import Marker
from orchestrator.seams.clock import Clock

T = TypeVar("T")


class Fault(StrEnum):
    """What can go wrong with one call."""

    LOST_ANSWER = "lost answer"
    """It takes effect, and nobody hears of it."""
    LOST_REQUEST = "lost request"
    """It never arrives, and nobody can tell."""
    THROTTLED = "throttled"
    BUSY = "busy"
    REFUSED = "refused"
    FAULTY = "faulty"
    """The plugin itself breaks."""


@dataclass(slots=True)
class _Planned:
    fault: Fault
    operation: str
    times: int
    after: int
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Object:
    """One object of the cloud."""

    id: str
    type: TypeName
    spec: Mapping[str, Any]
    marker: Marker | None = None
    version: int = 1
    ready_at: float = 0.0
    address: str = ""
    state: str = ""
    """Other than active, once it is ready."""


@dataclass(frozen=True, slots=True)
class Called:
    """One call as the cloud's log has it."""

    operation: str
    """``CreateFake::Tag``: the verb and the type."""
    id: str = ""
    at: float = 0.0


@dataclass
class FakeCloud:
    """The account. ``stale`` seconds pass before a change shows in lists and gets."""

    clock: Clock
    stale: float = 0.0
    limit: int = -1
    """How many objects there may be; negative: any number."""
    log: list[Called] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None
    """Called with the operation before it takes effect: a test may raise, or stop the run."""

    def __post_init__(self) -> None:
        self._lock = threading.RLock()
        self._numbers = count(1)
        self._addresses = count(1)
        self._history: dict[str, list[tuple[float, Object | None]]] = {}
        self._tokens: dict[str, str] = {}
        self._planned: list[_Planned] = []

    def fail(
        self,
        fault: Fault,
        operation: str = "*",
        *,
        times: int = 1,
        after: int = 0,
        retry_after: float | None = None,
    ) -> None:
        """Have the next ``times`` matching calls go wrong, after leaving ``after`` of them alone."""
        self._planned.append(_Planned(fault, operation, times, after, retry_after))

    def mend(self) -> None:
        """Nothing goes wrong any more but what is planned from now on."""
        self._planned.clear()

    def to_come(self) -> int:
        """How many of the planned faults have not struck yet."""
        with self._lock:
            return sum(planned.times for planned in self._planned)

    def call(self, operation: str, effect: Callable[[], T], *, id: str = "") -> T:
        """One API call: logged, perhaps struck by a fault."""
        with self._lock:
            self.log.append(Called(operation, id, self.clock.monotonic()))
            planned = self._next_fault(operation)
        self.before(operation)
        if planned is not None and planned.fault is not Fault.LOST_ANSWER:
            raise _error(planned, operation)
        with self._lock:
            result = effect()
        if planned is not None:
            raise _error(planned, operation)
        return result

    def _next_fault(self, operation: str) -> _Planned | None:
        for planned in self._planned:
            if planned.times > 0 and fnmatch.fnmatchcase(operation, planned.operation):
                if planned.after > 0:
                    planned.after -= 1
                    continue
                planned.times -= 1
                return planned
        return None

    def objects(self, type: str | None = None) -> Sequence[Object]:
        """What is there now, by id: what a test counts."""
        with self._lock:
            now = [versions[-1][1] for versions in self._history.values()]
        return sorted((o for o in now if o is not None and type in (None, o.type)), key=lambda o: o.id)

    def count(self) -> int:
        """How many objects there are."""
        return len(self.objects())

    def seen(self, type: TypeName) -> Sequence[Object]:
        """What a list tells now: the world of ``stale`` seconds ago."""
        at = self.clock.monotonic() - self.stale
        with self._lock:
            views = [_as_of(versions, at) for versions in self._history.values()]
        return [o for o in views if o is not None and o.type == type]

    def get(self, id: str) -> Object | None:
        """The object now, as a write finds it."""
        versions = self._history.get(id)
        return versions[-1][1] if versions else None

    def put(self, made: Object) -> Object:
        """Create or change an object; its version grows. Raises PermanentError for one more than there may be."""
        before = self.get(made.id)
        if before is None and 0 <= self.limit <= self.count():
            raise PermanentError(f"there may be {self.limit} objects", f"Create{made.type}", "QuotaExceeded")
        now = replace(made, version=1 if before is None else before.version + 1)
        self._history.setdefault(made.id, []).append((self.clock.monotonic(), now))
        return now

    def remove(self, id: str) -> None:
        """Take an object away: by a call, or by somebody behind our back."""
        if self.get(id) is not None:
            self._history[id].append((self.clock.monotonic(), None))

    def alter(self, id: str, *, state: str = "", **properties: Any) -> None:
        """Change properties, or the state, behind our back."""
        there = self.get(id)
        assert there is not None, f"{id} is not there"
        self.put(replace(there, spec={**there.spec, **properties}, state=state or there.state))

    def new_address(self) -> str:
        """An address that no other object has."""
        number = next(self._addresses)
        return f"10.0.{number // 250}.{number % 250}"

    def new_id(self, type: TypeName) -> str:
        """A server-made id."""
        return f"{type.rpartition(':')[2].lower()}-{next(self._numbers):04}"

    def once(self, token: str, make: Callable[[], str]) -> str:
        """The id that a client token stands for: a second call with it makes nothing."""
        if token not in self._tokens:
            self._tokens[token] = make()
        return self._tokens[token]

    def of_token(self, token: str) -> str | None:
        """What was made with a client token."""
        return self._tokens.get(token)


def _as_of(versions: Sequence[tuple[float, Object | None]], at: float) -> Object | None:
    view = None
    for when, there in versions:
        if when <= at:
            view = there
    return view


def _error(planned: _Planned, operation: str) -> Exception:
    match planned.fault:
        case Fault.LOST_ANSWER | Fault.LOST_REQUEST:
            return OutcomeUnknownError("the connection was closed without an answer", operation)
        case Fault.THROTTLED:
            return TransientError(
                "rate exceeded", operation, "Throttling", retry_after=planned.retry_after, throttled=True
            )
        case Fault.BUSY:
            return TransientError("try again", operation, "503", retry_after=planned.retry_after)
        case Fault.REFUSED:
            return PermanentError("you may not do that", operation, "AccessDenied", "req-1")
        case _:
            return KeyError("a field that the plugin expected")
