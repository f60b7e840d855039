"""The only mutable object of a run: what state will say, what is known of every node, how each step ended."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from orchestrator.model.ids import Address, TypeName, Uid
from orchestrator.model.outcome import Outcome
from orchestrator.model.provision import Intent
from orchestrator.model.snapshot import Fold, Record, Snapshot
from orchestrator.seams.executor import Effect, Journal


class Ledger:
    """Owned by the scheduler's thread; folds entries after they are durable."""

    def __init__(self, snapshot: Snapshot, nodes: Mapping[Address, Mapping[str, Any]]) -> None:
        self._fold = Fold(snapshot)
        self.nodes = dict(nodes)
        self.outcomes: dict[Address, Outcome] = {}

    def record(self, address: Address) -> Record | None:
        """What state says of a resource now."""
        return self._fold.resources.get(address)

    def deposed(self, uid: Uid) -> Record | None:
        """What state says of an object that a replacement left behind."""
        return self._fold.deposed.get(uid)

    def underway(self, address: Address) -> bool:
        """Whether something was begun on a resource, and it is not known yet what became of it."""
        return any(i.address == address and not i.lapsed for i in self._fold.intents.values())

    def given_up(self, address: Address, type: TypeName) -> Intent | None:
        """The last create of a resource that was given up, and whose object may still come."""
        found = (
            i for i in self._fold.intents.values() if i.lapsed and (i.address, i.type) == (address, type)
        )
        return max(found, key=lambda intent: intent.lapsed, default=None)

    def snapshot(self) -> Snapshot:
        """The state as it is now."""
        return self._fold.snapshot()

    def following(self, step: Generator[Effect, Any, Any]) -> Generator[Effect, Any, Any]:
        """The same step; what it journals is folded as soon as it is durable."""
        answer: Any = None
        error: BaseException | None = None
        while True:
            try:
                asked = step.throw(error) if error is not None else step.send(answer)
            except StopIteration as stop:
                return stop.value
            answer, error = None, None
            try:
                answer = yield asked
            except Exception as raised:  # noqa: BLE001 - handed on to the step, which decides
                error = raised
            else:
                if isinstance(asked, Journal):
                    for entry in asked.entries:
                        self._fold.add(entry)
