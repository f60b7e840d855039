"""What can go wrong, in three families for providers, and one class a reason to stop.

A provider maps every error of its SDK to one of the three families. The core decides by the family alone:
Transient is tried again, Permanent stops the step, OutcomeUnknown is settled before anything is decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.model.change import Differing
    from orchestrator.model.diagnostic import Diagnostic


@dataclass
class ProviderError(Exception):
    """A cloud refused or failed: what was asked, what it answered, and how to find it in its logs."""

    message: str
    operation: str = ""
    code: str = ""
    request_id: str = ""

    def __str__(self) -> str:
        """One line: operation, the cloud's code and message, request id."""
        head = f"{self.operation}: " if self.operation else ""
        code = f"{self.code}: " if self.code else ""
        tail = f" (request id {self.request_id})" if self.request_id else ""
        return f"{head}{code}{self.message}{tail}"


@dataclass
class TransientError(ProviderError):
    """Nothing happened; the same call may pass later. ``retry_after`` is the server's word, in seconds."""

    retry_after: float | None = None
    throttled: bool = False


@dataclass
class PermanentError(ProviderError):
    """Nothing happened, and the same call will never pass."""


@dataclass
class FaultyPluginError(PermanentError):
    """The plugin itself broke. The same call will break again, and what it did before that is not known."""


@dataclass
class OutcomeUnknownError(ProviderError):
    """The call may or may not have taken effect: no answer, or half of one."""


class OpsctlError(Exception):
    """A reason to end the command with a message and an exit code."""

    exit_code = 1
    diagnostics: tuple[Diagnostic, ...] = ()
    """What is to be told, each with its place; empty: the message is all."""


class InvalidSpecError(OpsctlError):
    """The user's files are wrong: all diagnostics of the stage."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("; ".join(d.message for d in diagnostics))
        self.diagnostics = diagnostics


class ReadError(OpsctlError):
    """The clouds could not be read: one diagnostic a cause, with the resources that it concerns."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n".join(d.message for d in diagnostics))
        self.diagnostics = diagnostics


class SecretsError(OpsctlError):
    """Secrets that are not to be had: the cause by reference. One cause of many is told once."""

    def __init__(self, causes: Mapping[str, ProviderError]) -> None:
        self.causes = causes
        super().__init__("\n".join(self.told()))

    def told(self) -> list[str]:
        """A line for each cause, with the references that it concerns."""
        by_cause: dict[str, list[str]] = {}
        for reference, error in self.causes.items():
            by_cause.setdefault(str(error).replace(f"{reference}: ", ""), []).append(reference)
        return [f"{', '.join(references)}: {cause}" for cause, references in by_cause.items()]


class QuotaExceededError(OpsctlError):
    """A cloud says beforehand that its quotas do not suffice for the plan."""


class PolicyDeniedError(OpsctlError):
    """A policy denied, or could not be asked."""

    exit_code = 3


class LockHeldError(OpsctlError):
    """Another run holds the stack; ``holder`` says who, in words."""

    exit_code = 5

    def __init__(self, message: str, *, holder: str = "") -> None:
        super().__init__(message)
        self.holder = holder


class LeaseLostError(OpsctlError):
    """Our lease was taken over: this run may not write any more."""

    exit_code = 5


class StalePlanError(OpsctlError):
    """What the plan read has changed, or apply would need more than was planned."""

    exit_code = 6

    def __init__(self, message: str, differing: tuple[Differing, ...] = ()) -> None:
        super().__init__(message)
        self.differing = differing


class StateError(OpsctlError):
    """The state cannot be read or written; it is left as it is."""


class DamagedStateError(StateError):
    """What is stored cannot be believed, and nothing else that is stored makes up for it."""


class SignatureRefusedError(OpsctlError):
    """A signature is missing, is by a key that is not trusted, or does not fit what it stands under."""


class NewerStateError(StateError):
    """Written by a later version of opsctl than this one; it is left untouched."""
