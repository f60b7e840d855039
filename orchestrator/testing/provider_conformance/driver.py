"""Runs the core's own effects against a provider: what is journalled is encoded, waits are waited, the rest is called."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.model import codec
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, ProviderError, TransientError
from orchestrator.model.ids import ProviderName, Token, Uid
from orchestrator.model.provision import Done, Intent, Observed, Pending, Request
from orchestrator.model.values import Secret
from orchestrator.seams.executor import Call, Effect, Journal, Sleep
from orchestrator.seams.provider import Provider
from orchestrator.seams.secrets import Answers
from orchestrator.stages.apply.effect import Target, Tools, effect, intend
from orchestrator.testing.provider_conformance.subject import Subject

TRIES: Final = 60
"""How often a call that is refused for the moment is made."""
PATIENCE: Final = 3000
"""How many effects one step may take."""


class _NoSecrets:
    """Samples hold their secrets in plain."""

    @property
    def calls(self) -> Mapping[str, int]:
        return {}

    def ask(self, references: Iterable[str]) -> Answers:
        raise AssertionError(f"a sample refers to secrets: {sorted(references)}")

    def unwritable(self, reference: str) -> str:
        return reference

    def store(self, reference: str, value: str) -> Secret:
        raise AssertionError(f"nothing is told once into {reference} here: {len(value)} characters")


@dataclass
class Driver:
    """Brings effects about. ``errors`` are those that the provider raised on the way, in order."""

    subject: Subject
    errors: list[Exception] = field(default_factory=list)
    secrets: tuple[str, ...] = ()
    """Plain values that must not be journalled."""
    _provider: Provider | None = None

    @contextmanager
    def through(self, provider: Provider) -> Iterator[None]:
        """Have effects go through another face of the provider."""
        self._provider = provider
        try:
            yield
        finally:
            self._provider = None

    def intent(self, request: Request) -> Intent:
        """The intent of a request, under a fresh token."""
        return intend(request, self._target(request), self._tools())

    def do(self, request: Request, intent: Intent | None = None) -> Observed | None:
        """Bring one effect about, as the core does; returns what is there afterwards."""
        intent = intent or self.intent(request)
        steps = effect(request, intent, self._target(request), self._tools())
        done: Observed | None = self.run(steps)
        return done

    def run(self, steps: Generator[Effect, Any, Any]) -> Any:
        """Run a step of the core to its end."""
        answer: Any = None
        error: Exception | None = None
        for _ in range(PATIENCE):
            try:
                wanted = steps.send(answer) if error is None else steps.throw(error)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            match wanted:
                case Call():
                    answer, error = self._called(wanted)
                case Sleep():
                    self.subject.time.sleep(wanted.seconds)
                case Journal():
                    self._journalled(wanted)
        raise AssertionError("it is pending for ever")

    def _called(self, call: Call) -> tuple[Any, Exception | None]:
        """The answer of a call; one that is refused for the moment is made again."""
        last: Exception = AssertionError("no try was made")
        for _ in range(TRIES):
            try:
                return call.function(), None
            except TransientError as error:
                self.errors.append(error)
                last = error
                self.subject.time.sleep(min(error.retry_after or 0.5, 2.0))
            except (PermanentError, OutcomeUnknownError) as error:
                self.errors.append(error)
                return None, error
        return None, last

    def _journalled(self, journal: Journal) -> None:
        for entry in journal.entries:
            written = codec.encode(entry)
            for secret in self.secrets:
                if secret.encode() in written:
                    raise AssertionError(f"a secret is in what the {type(entry).__name__} entry journals")

    def _target(self, request: Request) -> Target:
        return Target(ProviderName(self.subject.family), request.type)

    def _tools(self) -> Tools:
        return Tools(
            stack=self.subject.stack,
            clock=self.subject.time,
            providers={ProviderName(self.subject.family): self._provider or self.subject.provider},
            new_uid=lambda: Uid(uuid.uuid4().hex),
            new_token=lambda: Token(uuid.uuid4().hex),
            secrets=_NoSecrets(),
        )


class Deaf:
    """A provider whose first answer to a create is not heard: somebody else began it under the same token."""

    def __init__(self, provider: Provider) -> None:
        """Everything else is the provider's own."""
        self._provider = provider
        self._heard = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def begin(self, request: Request, token: Token) -> Done | Pending:
        """Not heard the first time."""
        if not self._heard:
            self._heard = True
            raise OutcomeUnknownError("the answer was lost", f"create {request.type}", "Lost")
        return self._provider.begin(request, token)


def is_family(error: Exception) -> bool:
    """Whether an error is one of the three families."""
    return isinstance(error, PermanentError | TransientError | OutcomeUnknownError) and isinstance(
        error, ProviderError
    )
