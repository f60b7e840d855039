"""What passes between the core and a provider: references, observations, requests and their answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.model.change import Action, PropertyChange
from orchestrator.model.ids import Address, Token, TypeName, Uid
from orchestrator.model.marker import Marker


@dataclass(frozen=True, slots=True)
class Ref:
    """One resource to read: by its id where state knows it, else by the natural key in ``spec``."""

    address: Address
    id: str | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    """The desired spec as far as it is known (leaves may be UNKNOWN), or the last applied one."""
    uid: Uid | None = None
    status: Mapping[str, Any] = field(default_factory=dict)
    """As last recorded: all that there is to read of a kind that exists in state alone."""


@dataclass(frozen=True, slots=True)
class Observed:
    """An object as its cloud tells it, in the words of the spec."""

    id: str
    spec: Mapping[str, Any]
    """What is set, in the spec's property names; markers are taken out of the tags."""
    status: Mapping[str, Any] = field(default_factory=dict)
    """Read-only properties; the core adds ``id``."""
    marker: Marker | None = None
    version: str = ""
    """An etag or revision, where the cloud has one."""


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What was found, and how many API calls it took. An address that is not in ``found`` is not there."""

    found: Mapping[Address, Observed]
    calls: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a provider would do to bring ``prior`` to ``want``: NOOP, UPDATE or REPLACE, and why."""

    action: Action
    changes: tuple[PropertyChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """One effect to bring about: CREATE, UPDATE, DELETE, RETAG, or READ for a lookup."""

    action: Action
    type: TypeName
    address: Address
    marker: Marker
    want: Mapping[str, Any] = field(default_factory=dict)
    """The whole resolved spec, secrets as :class:`Secret`; empty for a delete."""
    prior: Observed | None = None
    """The object as last read; None for a create."""
    changes: tuple[PropertyChange, ...] = ()
    last: Mapping[str, Any] = field(default_factory=dict)
    """The spec as last applied by us, from state."""


@dataclass(frozen=True, slots=True)
class Done:
    """The effect has taken place. ``observed`` is None after a delete."""

    observed: Observed | None


@dataclass(frozen=True, slots=True)
class Pending:
    """Not yet: ask again with ``handle`` after ``retry_after`` seconds.

    The handle is JSON, journalled, holds no secret, and is enough for another process to go on. ``id`` is the
    object's id as soon as it is known.
    """

    handle: Mapping[str, Any]
    retry_after: float = 1.0
    waiting_for: str = ""
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """What was about to be done, durable before the call: enough to find out whether it was."""

    token: Token
    action: Action
    type: TypeName
    address: Address
    provider: str
    marker: Marker
    spec: Mapping[str, Any] = field(default_factory=dict)
    """What was wanted; secrets are references."""
    id: str | None = None
    """The object's id, where it was known before."""
    handle: Mapping[str, Any] | None = None
    """Of the last Pending answer."""
    at: float = 0.0
    """When it was written, in seconds since the epoch of the runner's clock; for people only."""
    dependencies: tuple[Address, ...] = ()
    """The edges of what is made, so that state has them if only the intent survives."""
    sinks: Mapping[str, str] = field(default_factory=dict)
    """Where what is told once was to be put: lost, if the record that follows never came."""
    lapsed: float = 0.0
    """When it was given up, in seconds since 1970: the object did not show, and may still come; 0: it is open."""
    deposes: str = ""
    """Of the first half of a createFirst replacement: the uid of the object that stays until the second."""

    def owns(self, marker: Marker | None) -> bool:
        """Whether an object with this marker can be what the intent made: one without a marker can."""
        return marker is None or (marker.stack, marker.uid) == (self.marker.stack, self.marker.uid)
