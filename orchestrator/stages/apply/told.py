"""What an object tells once is put into its sink before anything else can happen.

Enters: the answer to a create. Leaves: the same answer with references in place of values. Holds: storing is part of
the call that heard the value, so that no stop comes between; what has no sink is dropped, and what its sink did not take
is missing in the answer, with the reason kept; a value leaves this place only as a Secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orchestrator.model.errors import OpsctlError, ProviderError
from orchestrator.model.ids import Uid
from orchestrator.model.kind import KindSchema
from orchestrator.model.provision import Done, Pending
from orchestrator.model.redaction import redacted
from orchestrator.model.values import Secret, reveal
from orchestrator.seams.secrets import Secrets


@dataclass(slots=True)
class Keeper:
    """The sinks of one create."""

    kind: KindSchema
    sinks: Mapping[str, str]
    """A reference by the status property's name."""
    uid: Uid
    """Of the incarnation: its version, where a store keeps none."""
    secrets: Secrets
    problems: dict[str, str] = field(default_factory=dict)

    def __call__(self, answer: Done | Pending) -> Done | Pending:
        """Store what this answer tells once."""
        if not isinstance(answer, Done) or answer.observed is None or not self.kind.once:
            return answer
        seen = answer.observed
        open_ = {name: value for name, value in seen.status.items() if name not in self.kind.once}
        kept = {
            name: s for name in self.sinks if (s := self._stored(name, seen.status.get(name))) is not None
        }
        return Done(replace(seen, status={**open_, **kept}))

    def lost(self, status: Mapping[str, object]) -> tuple[str, ...]:
        """What was to be kept and is not in what is known of the object."""
        return tuple(name for name in self.sinks if name not in status)

    def why(self, lost: tuple[str, ...]) -> str:
        """What became of it, for a person."""
        told = [self.problems.get(name, f"the answer that told its {name} was lost") for name in lost]
        return f"it was made, and {'; '.join(told)}; the next apply replaces it"

    def _stored(self, name: str, value: object) -> Secret | None:
        plain = reveal(value)
        if plain is None:
            return None
        reference = self.sinks[name]
        try:
            made = self.secrets.store(reference, str(plain))
        except (ProviderError, OpsctlError) as error:
            self.problems[name] = f"its {name} could not be stored: {redacted(str(error), [str(plain)])}"
            return None
        return Secret(made.value, reference, made.version or str(self.uid))
