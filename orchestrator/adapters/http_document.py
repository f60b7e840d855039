"""The document of the HTTP backend: a stack's head, its last snapshot and the end of its journal in one JSON.

Around it stands what servers of Terraform's protocol look for (``version``, ``serial``, ``lineage``): some keep a
version a serial. Entries and the snapshot are sealed one by one; a SHA-256 goes over the whole.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from orchestrator.kit.sealed import journal_place, read_entry, snapshot_place
from orchestrator.model.codec import decode, encode
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.model.snapshot import Fold, Snapshot
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.state import Archive, Holder, Logged

FORMAT: Final = 1
KEPT: Final = 1000
"""Entries that stay as history when the journal is folded."""


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One entry of the journal: its run's fencing number, and its sealed body."""

    epoch: int
    body: msgspec.Raw


class Content(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where one stack stands, and all that it is."""

    epoch: int = 0
    held: bool = False
    holder: Holder = Holder("")
    lock: str = ""
    """The id of the lock at the server that goes with the lease."""
    ttl: float = 0.0
    beat: float = 0.0
    """When its holder was last heard of, by the server's clock."""
    writes: int = 0
    last: int = 0
    """The last sequence number; the journal holds the entries up to it."""
    journal: tuple[Line, ...] = ()
    folded: int = 0
    folded_epoch: int = 0
    snapshot: msgspec.Raw = msgspec.Raw(b"null")
    moved: str = ""
    """Where the state is kept now."""


class _Document(msgspec.Struct):
    version: int
    terraform_version: str
    serial: int
    lineage: str
    outputs: dict[str, Any]
    resources: list[Any]
    opsctl: msgspec.Raw
    format: int = FORMAT
    sha256: str = ""


class Document(msgspec.Struct, frozen=True):
    """What is stored, opened."""

    content: Content
    lineage: str


def fresh() -> Document:
    """Of a stack that was never written."""
    return Document(Content(), str(uuid.uuid4()))


def pack(document: Document) -> bytes:
    """The bytes to store."""
    body = msgspec.json.encode(document.content)
    digest = hashlib.sha256(body).hexdigest()
    return msgspec.json.encode(
        _Document(
            4,
            "0.0.0-opsctl",
            document.content.writes,
            document.lineage,
            {},
            [],
            msgspec.Raw(body),
            FORMAT,
            digest,
        )
    )


def unpack(data: bytes, where: str) -> Document:
    """What is stored. Raises StateError where it is no state of ours, damaged, or newer than this program."""
    try:
        found = msgspec.json.decode(data, type=_Document)
    except msgspec.DecodeError as error:
        raise StateError(
            f"{where} is no state of opsctl ({error}): set another address, or restore it there; nothing was changed"
        ) from error
    if found.format > FORMAT:
        raise StateError(
            f"{where} was written by a newer opsctl (state format {found.format}; this one knows {FORMAT}): "
            "use that version; the state is left untouched"
        )
    body = bytes(found.opsctl)
    if hashlib.sha256(body).hexdigest() != found.sha256:
        raise StateError(f"{where} is damaged (its checksum is wrong): restore it there; nothing was changed")
    return Document(msgspec.json.decode(body, type=Content), found.lineage)


def logged(content: Content, cipher: Cipher, *, after: int) -> list[Logged]:
    """The entries behind a sequence number, as far as they are kept."""
    first = content.last - len(content.journal) + 1
    found = []
    for sequence, line in enumerate(content.journal, first):
        if sequence > after:
            found.append(read_entry(bytes(line.body), sequence, line.epoch, cipher))
    return found


def state_of(content: Content, stack: StackId, cipher: Cipher) -> Snapshot:
    """The fold of it all."""
    base = Snapshot(stack)
    if content.folded:
        place = snapshot_place(content.folded, content.folded_epoch)
        base = decode(cipher.open(bytes(content.snapshot), place), Snapshot)
    fold = Fold(base)
    for entry in logged(content, cipher, after=content.folded):
        fold.add(entry.entry)
    return fold.snapshot()


def lines(bodies: Sequence[bytes], cipher: Cipher, *, epoch: int, first: int) -> tuple[Line, ...]:
    """Entries sealed for their places."""
    return tuple(
        Line(epoch, msgspec.Raw(cipher.seal(body, journal_place(epoch, sequence))))
        for sequence, body in enumerate(bodies, first)
    )


def rewritten(content: Content, cipher: Cipher) -> Content:
    """All of it sealed once more, by the present key."""
    first = content.last - len(content.journal) + 1
    entries = logged(content, cipher, after=0)
    journal = [lines([e.body], cipher, epoch=e.epoch, first=n)[0] for n, e in enumerate(entries, first)]
    snapshot = content.snapshot
    if content.folded:
        place = snapshot_place(content.folded, content.folded_epoch)
        snapshot = msgspec.Raw(cipher.seal(cipher.open(bytes(snapshot), place), place))
    return msgspec.structs.replace(content, journal=tuple(journal), snapshot=snapshot)


def restored(content: Content, archive: Archive, cipher: Cipher) -> Content:
    """An archive in the place of all that was kept; nobody holds the stack afterwards."""
    last, epoch = archive.snapshot.sequence, max(content.epoch, archive.epoch)
    journal = tuple(
        Line(e.epoch, msgspec.Raw(cipher.seal(e.body, journal_place(e.epoch, e.sequence))))
        for e in archive.journal
    )
    whole = msgspec.structs.replace(content, epoch=epoch, held=False, lock="", last=last, journal=journal)
    sealed = cipher.seal(encode(archive.snapshot), snapshot_place(last, epoch))
    return msgspec.structs.replace(whole, folded=last, folded_epoch=epoch, snapshot=msgspec.Raw(sealed))


def compacted(content: Content, snapshot: Snapshot, cipher: Cipher) -> Content:
    """The journal folded in; its last entries stay as history."""
    sealed = cipher.seal(encode(snapshot), snapshot_place(content.last, content.epoch))
    return msgspec.structs.replace(
        content,
        folded=content.last,
        folded_epoch=content.epoch,
        snapshot=msgspec.Raw(sealed),
        journal=content.journal[-KEPT:],
    )
