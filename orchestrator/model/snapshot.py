"""What opsctl remembers: one record a resource, the intents that are still open, and the outputs.

The journal is the truth; a snapshot is the fold of it. Entries are small, so that writing costs O(changed).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from orchestrator.model.change import Gate
from orchestrator.model.errors import StateError
from orchestrator.model.ids import Address, Path, ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.provision import Intent


@dataclass(frozen=True, slots=True)
class Record:
    """One resource that we own (or a deposed incarnation of one, until it is deleted)."""

    address: Address
    type: TypeName
    provider: ProviderName
    id: str
    uid: Uid
    spec: Mapping[str, Any] = field(default_factory=dict)
    """As last applied; secrets are references with versions."""
    status: Mapping[str, Any] = field(default_factory=dict)
    dependencies: tuple[Address, ...] = ()
    """Edges to other resources, so that an orphan is deleted in the right order."""
    gate: str = "passed"
    """``pending`` where its gate has not passed, or was cut off; ``tainted`` where its creation failed half-way."""
    prevent_destroy: bool = False
    retain: bool = False
    marked: bool = True
    """Whether the object carries our marker."""
    labels: Mapping[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    """What was told once and is kept nowhere, though it was to be: the object must be replaced."""
    late: bool = False
    """Made beside the resource, by a call that arrived after its step had been given up."""
    composite: str = ""
    """The abstract type whose child it is."""
    gates: tuple[Gate, ...] = ()
    """As last applied, expressions as they were written: what going back needs when the files have changed."""
    replace_first: str = ""
    """The user's word on which half of a replacement comes first, if he said one."""
    ignore: tuple[Path, ...] = ()
    """Spec paths whose differences are left alone."""
    loose: bool = False
    """Written by format 1: its edges may lead to composites and lookups too, which have no record."""


@dataclass(frozen=True, slots=True)
class Began:
    """An intent is durable: its effect may start."""

    intent: Intent


@dataclass(frozen=True, slots=True)
class Waiting:
    """The cloud works on it: how to ask again, and its id as soon as that is known."""

    token: Token
    handle: Mapping[str, Any]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The resource is as recorded; settles the intent of ``token`` where there is one."""

    record: Record
    token: Token | None = None


@dataclass(frozen=True, slots=True)
class Deposed:
    """The first half of a createFirst replacement is done: ``record`` stays until it is deleted."""

    record: Record


@dataclass(frozen=True, slots=True)
class Gone:
    """The incarnation is not there any more (or not ours any more)."""

    address: Address
    uid: Uid
    token: Token | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The intent came to nothing: no effect took place."""

    token: Token


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A create was given up, because its object did not show. It may come late, and is looked for until it has."""

    token: Token
    at: float
    """Seconds since 1970 by the runner's clock: it ends the looking, and decides nothing else."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run took the stack: who, and what it is about to do."""

    run: str
    owner: str
    command: str
    at: float
    plan: str = ""
    """The digest of the plan."""
    spec: str = ""
    """The digest of what was wanted: the same for the same resources, wherever they stand in the files."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """On what grounds a run goes ahead; comes with its Started. For the audit: nothing reads it back."""

    run: str
    actor: Mapping[str, str] = field(default_factory=dict)
    """owner, host, process and job, as far as they are known."""
    verdicts: tuple[str, ...] = ()
    """What policy said, one line each."""
    waivers: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    signed_by: str = ""
    """Name and fingerprint of the key whose signature under the plan counted."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody asked for an apply, and it was refused before anything was done."""

    owner: str
    command: str
    at: float
    plan: str
    """The digest of the plan."""
    why: str
    exit: int
    actor: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """All that was stored has been sealed once more, by another key or by none."""

    owner: str
    command: str
    at: float
    bodies: int
    actor: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A piece of the audit's chain, see model/audit.py."""

    previous: str
    """The hash of the Link before it; empty where the chain begins."""
    sums: tuple[str, ...]
    """The SHA-256 of each entry since then, in hex."""

    @property
    def hash(self) -> str:
        """What the next Link begins with."""
        return hashlib.sha256("\n".join(("opsctl link", self.previous, *self.sums)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Finished:
    """A run came to its end: counts by action and result."""

    run: str
    at: float
    result: str
    summary: Mapping[str, int] = field(default_factory=dict)
    exit: int = 0
    """The exit code of the command."""
    results: Mapping[str, str] = field(default_factory=dict)
    """How each change ended, by address: ``create: done``."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The stack's outputs, secrets as references."""

    values: Mapping[str, Any]


Entry = (
    Began
    | Waiting
    | Kept
    | Deposed
    | Gone
    | Settled
    | Lapsed
    | Started
    | Grounds
    | Finished
    | Refused
    | Rekeyed
    | Outputs
    | Link
)


@dataclass(frozen=True, slots=True)
class Damaged:
    """Stands in the place of an entry that can be read no more. It is never written, and never folded."""

    why: str
    """``is missing``, ``was changed``: what follows the name of the entry."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a stack at one sequence number of its journal."""

    stack: StackId
    sequence: int = 0
    resources: Mapping[Address, Record] = field(default_factory=dict)
    deposed: Mapping[Uid, Record] = field(default_factory=dict)
    intents: Mapping[Token, Intent] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    revision: int = 0
    """How many runs have started."""
    gone: frozenset[Address] = frozenset()
    """Where edges still lead to, and whose resource was said to be gone."""
    link: str = ""
    """The head of the audit's chain: the hash of its last Link."""

    @property
    def open(self) -> Mapping[Token, Intent]:
        """The intents whose outcome is not known; those that were given up are not among them."""
        return {token: intent for token, intent in self.intents.items() if not intent.lapsed}

    @property
    def lapsed(self) -> Mapping[Token, Intent]:
        """The intents that were given up, and whose object may still come."""
        return {token: intent for token, intent in self.intents.items() if intent.lapsed}

    def edges(self) -> set[Address]:
        """Every address that something remembered rests on."""
        needs = (r.dependencies for held in (self.resources, self.deposed) for r in held.values())
        return {a for each in (*needs, *(i.dependencies for i in self.intents.values())) for a in each}


class Fold:
    """A snapshot in the making: folds entries in place, so that a journal of n entries costs O(n)."""

    def __init__(self, base: Snapshot) -> None:
        self.resources = dict(base.resources)
        self.deposed = dict(base.deposed)
        self.intents = dict(base.intents)
        self.outputs = dict(base.outputs)
        self.revision = base.revision
        self.sequence = base.sequence
        self.gone = set(base.gone)
        self.link = base.link
        self._base = base

    def add(self, entry: Entry | Damaged) -> None:
        """Fold one entry in. Raises StateError for one that is damaged: nothing is folded past it."""
        match entry:
            case Began(intent):
                self.intents[intent.token] = intent
            case Waiting(token, handle, id):
                intent = self.intents[token]
                self.intents[token] = replace(intent, handle=handle, id=id or intent.id)
            case Kept(record, token):
                self.resources[record.address] = record
                self.gone.discard(record.address)
                self.deposed.pop(record.uid, None)
                self._settle(token)
            case Deposed(record):
                self.deposed[record.uid] = record
                self._drop(record.address, record.uid)
            case Gone(address, uid, token):
                left = self.deposed.pop(uid, None)
                self.gone.update((address, left.address) if left is not None else (address,))
                self._drop(address, uid)
                self._settle(token)
            case Settled(token):
                self._settle(token)
            case Lapsed(token, at):
                self.intents[token] = replace(self.intents[token], lapsed=at)
            case Started():
                self.revision += 1
            case Outputs(values):
                self.outputs = dict(values)
            case Link() as link:
                self.link = link.hash
            case Finished() | Grounds() | Refused() | Rekeyed():
                pass
            case Damaged(why):
                raise StateError(f"journal entry {self.sequence + 1} {why}")
            case _:
                assert_never(entry)
        self.sequence += 1

    def _settle(self, token: Token | None) -> None:
        if token is not None:
            self.intents.pop(token, None)

    def _drop(self, address: Address, uid: Uid) -> None:
        record = self.resources.get(address)
        if record is not None and record.uid == uid:
            del self.resources[address]

    def snapshot(self) -> Snapshot:
        """The frozen result."""
        whole = replace(
            self._base,
            sequence=self.sequence,
            resources=self.resources,
            deposed=self.deposed,
            intents=self.intents,
            outputs=self.outputs,
            revision=self.revision,
            link=self.link,
            gone=frozenset(),
        )
        if not self.gone:
            return whole
        return replace(whole, gone=frozenset(self.gone - self.resources.keys()) & whole.edges())
