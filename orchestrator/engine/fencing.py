"""No call starts for a run that has lost the stack.

Every call of a step is preceded, on the thread that carries it, by the question whether the lease is still ours. It
costs nothing while the lease is renewed in time. A call that was past the question when the process was stopped is
one journalled intent with one token: whoever has the stack now settles it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from orchestrator.model.errors import OpsctlError
from orchestrator.seams.executor import Call, Interrupted, Step
from orchestrator.seams.state import Lease, StateBackend

_REFUSED: Final = object()


class Fence:
    """Stands between the steps of one run and the clouds."""

    def __init__(self, state: StateBackend, lease: Lease) -> None:
        self._state = state
        self._lease = lease
        self.error: OpsctlError | None = None
        """Why calls are refused: the lease is another's, or nobody can tell whose it is."""

    def around(self, step: Step) -> Step:
        """The same step; where its call is refused, it is interrupted there."""
        answer: Any = None
        error: BaseException | None = None
        while True:
            try:
                asked = step.throw(error) if error is not None else step.send(answer)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]
            answer, error = None, None
            if isinstance(asked, Call):
                asked = replace(asked, function=self._asking(asked.function))
            try:
                answer = yield asked
            except Exception as raised:  # noqa: BLE001 - handed on to the step, which decides
                error = raised
            if answer is _REFUSED:
                answer, error = None, Interrupted()

    def _asking(self, function: Callable[[], Any]) -> Callable[[], Any]:
        def call() -> Any:
            try:
                if self.error is None:
                    self._state.check(self._lease)
            except OpsctlError as error:
                self.error = error
            return function() if self.error is None else _REFUSED

        return call
