"""The mark that an object of ours carries in its cloud: which stack, which resource, which incarnation.

A marker never counts as a difference and never causes a delete: only state does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.model.ids import Address, StackId, Uid, decode_address, encode_address

PREFIX: Final = "opsctl:"
PROVISIONAL: Final = "opsctl-"


@dataclass(frozen=True, slots=True)
class Marker:
    """Whose an object is."""

    stack: StackId
    address: Address
    uid: Uid

    def tags(self) -> dict[str, str]:
        """As key-value tags, in letters that every cloud allows."""
        return {
            f"{PREFIX}stack": str(self.stack),
            f"{PREFIX}address": encode_address(self.address),
            f"{PREFIX}uid": str(self.uid),
        }

    def labels(self) -> list[str]:
        """As plain tags, where a cloud has no keys."""
        return [f"{key}={value}" for key, value in self.tags().items()]


def is_marker(tag: str) -> bool:
    """Whether a tag's key, or a plain tag, is ours and so no part of the spec."""
    return tag.startswith(PREFIX)


def marker_of(tags: Mapping[str, str]) -> Marker | None:
    """The marker among key-value tags, if all of it is there."""
    stack, address, uid = (tags.get(PREFIX + key) for key in ("stack", "address", "uid"))
    if stack is None or address is None or uid is None:
        return None
    return Marker(StackId(stack), decode_address(address), Uid(uid))


def marker_of_labels(labels: Iterable[str]) -> Marker | None:
    """The marker among plain tags ``key=value``."""
    return marker_of(dict(label.partition("=")[::2] for label in labels if is_marker(label)))
