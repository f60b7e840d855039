"""``Local::Password``: a password that opsctl makes, keeps in a store of secrets, and knows by reference alone.

It exists in state and in its sink. What state remembers is what is there, so reading it costs no call; a create whose
answer nobody heard has made nothing.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator.kit import compare
from orchestrator.model.change import Action
from orchestrator.model.ids import StackId, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Done, Intent, Observed, Proposal, ReadResult, Ref, Request
from orchestrator.model.schema import MISSING, Property
from orchestrator.model.values import Secret

TYPE: Final = TypeName("Local::Password")
SYMBOLS: Final = "!#%*+-.:=?^_~"
"""What databases take without trouble: RDS, for one, refuses ``/``, ``@``, quotes and spaces."""


class Password:
    """Keeps nothing of its own."""

    def __init__(self, stack: StackId) -> None:
        self._stack = stack
        self.schema = SCHEMA

    def read(self, refs: Sequence[Ref]) -> ReadResult:
        """What state says is what is there. Without an id there is nothing."""
        found = {ref.address: self._seen(ref, ref.id) for ref in refs if ref.id is not None}
        return ReadResult(found, 0)

    def _seen(self, ref: Ref, id: str) -> Observed:
        marker = None if ref.uid is None else Marker(self._stack, ref.address, ref.uid)
        return Observed(id, ref.spec, {"id": id}, marker)

    def propose(self, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]) -> Proposal:
        """As the schema says: whatever changes makes a new one."""
        return compare.propose(SCHEMA, prior, want, last)

    def begin(self, request: Request) -> Done:
        """Make one; nothing else has an effect."""
        if request.action is Action.DELETE:
            return Done(None)
        if request.action is not Action.CREATE:
            return Done(request.prior)
        id = f"password-{request.marker.uid}"
        value = Secret(generate(request.want))
        return Done(Observed(id, request.want, {"id": id, "value": value}, request.marker))

    def find(self, intent: Intent) -> Observed | None:
        """A password that nobody heard of was never made; another change leaves it where it is."""
        if intent.action in (Action.CREATE, Action.DELETE):
            return None
        return Observed(intent.id or "", intent.spec, {"id": intent.id}, intent.marker)


def generate(spec: Mapping[str, Any]) -> str:
    """A password of the spec, from the system's source of randomness: every class in it at least once."""
    classes = [letters for name, letters in _LETTERS.items() if spec.get(name, True)]
    symbols = str(spec.get("symbols", SYMBOLS))
    if symbols:
        classes.append(symbols)
    length = int(spec.get("length", _LENGTH))
    chosen = [secrets.choice(letters) for letters in classes]
    everything = "".join(classes)
    chosen += [secrets.choice(everything) for _ in range(length - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _refine(spec: Mapping[str, Any]) -> list[str]:
    if all(spec.get(name, True) is False for name in _LETTERS) and spec.get("symbols") == "":
        return ["a password needs letters: leave one of lower, upper, digits and symbols"]
    return []


_LETTERS: Final = {
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "digits": string.digits,
}
_LENGTH: Final = 32


def _property(type: str, description: str, default: Any = MISSING, **more: Any) -> Property:
    return Property(type, description, create_only=True, default=default, **more)


SCHEMA: Final = KindSchema(
    type=TYPE,
    summary="a password that is made once, and kept in a store of secrets",
    spec=Property(
        "object",
        properties={
            "length": _property("integer", "how many characters", _LENGTH, minimum=12, maximum=256),
            "lower": _property("boolean", "whether small letters are among them", default=True),
            "upper": _property("boolean", "whether capital letters are among them", default=True),
            "digits": _property("boolean", "whether digits are among them", default=True),
            "symbols": _property("string", "which other characters are among them; empty: none", SYMBOLS),
            "rotate": _property("any", "any value, such as a month; a change of it makes a new password"),
        },
    ),
    status=Property(
        "object",
        properties={
            "id": Property("string", "made from the incarnation's uid", stable=True),
            "value": Property("string", "the password", secret=True, once=True),
        },
    ),
    reads=(ReadWay(How.BATCH, 1_000_000),),
    marking=Marking.DETERMINISTIC,
    needs_sink=True,
    refine=_refine,
)
