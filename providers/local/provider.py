"""The local provider: which kind does what, and how many operations it took."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.model.health import Health, Level
from orchestrator.model.ids import Token, TypeName
from orchestrator.model.kind import KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight
from orchestrator.seams.manifest import Context
from providers.local.kinds import command, file, password, value
from providers.local.kinds.kind import LocalKind

COMMANDS: Final = 8
"""Programs and files at once: they are the machine's own, and it has few processors. Values need no thread."""


class LocalProvider:
    """Values, files and commands. It keeps nothing but the count of its operations."""

    concurrency: Final = COMMANDS

    def __init__(self, context: Context, *, outside: bool = False) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._kinds: dict[TypeName, LocalKind] = {
            value.TYPE: value.Value(context.stack),
            file.TYPE: file.File(context.folder, outside=outside, count=self._count),
            password.TYPE: password.Password(context.stack),
            command.TYPE: command.Command(context.folder, count=self._count),
        }

    @property
    def kinds(self) -> Mapping[TypeName, KindSchema]:
        """Every kind by its type name."""
        return {name: kind.schema for name, kind in self._kinds.items()}

    @property
    def calls(self) -> Mapping[str, int]:
        """How often a file was read, written or deleted, and a program run."""
        with self._lock:
            return dict(self._calls)

    def account(self) -> str:
        """There is one."""
        return "local"

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """It has none."""
        del demands
        return Preflight()

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """What is there; every kind has one way to be read."""
        del way
        return self._kinds[type].read(refs)

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """Nothing: whose a file is cannot be told from the file."""
        del type
        return iter(())

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """What would bring ``prior`` to ``want``."""
        return self._kinds[type].propose(prior, want, last)

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """Bring it about, in one go. The token is not needed: every kind knows its own work again."""
        del token
        return self._kinds[request.type].begin(request)

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """Never asked: nothing here is pending."""
        raise ValueError(f"{type} is never pending, so there is nothing to ask for {dict(handle)}")

    def find(self, intent: Intent) -> Observed | None:
        """What an interrupted intent left."""
        return self._kinds[intent.type].find(intent)

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """What is there is ready."""
        del type, observed
        return Health(Level.HEALTHY)

    def _count(self, operation: str) -> None:
        with self._lock:
            self._calls[operation] += 1
