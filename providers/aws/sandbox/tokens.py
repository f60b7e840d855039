"""Client tokens: a call that is repeated with its token has the first one's effect and answer.

Source: "Ensuring idempotency in Amazon EC2 API requests". The same token with other parameters is an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from providers.aws.sandbox.refusals import Refusal
from providers.aws.sandbox.wire import Call

_TOKEN = "ClientToken"  # noqa: S105 - the name of a parameter


def _key(call: Call) -> tuple[str, str, str] | None:
    token = call.params.get(_TOKEN)
    return (call.region, call.operation, token) if token and call.service == "ec2" else None


@dataclass(slots=True)
class Tokens:
    """The tokens seen so far."""

    seen: dict[tuple[str, str, str], tuple[dict[str, str], bytes]] = field(default_factory=dict)

    def mismatch(self, call: Call) -> Refusal | None:
        """The refusal of a known token with other parameters."""
        key = _key(call)
        if key is None or key not in self.seen or self.seen[key][0] == call.params:
            return None
        said = f"Arguments on this idempotent request are inconsistent with arguments used in previous request(s): {key[2]}"  # fmt: skip
        return Refusal("IdempotentParameterMismatch", said)

    def answer(self, call: Call) -> bytes | None:
        """What the first call with this token was answered."""
        key = _key(call)
        return self.seen[key][1] if key in self.seen else None

    def keep(self, call: Call, body: bytes) -> None:
        """Remember the answer of a call that took effect."""
        key = _key(call)
        if key is not None:
            self.seen[key] = (dict(call.params), body)
