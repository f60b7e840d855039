"""State at an HTTP server that speaks Terraform's http-backend protocol, such as GitLab's.

Settings, by the protocol's own names: ``address``, ``lock_address``, ``unlock_address`` (default: the lock's),
``update_method``, ``lock_method``, ``unlock_method``, ``username``, ``password`` (by reference), ``ca`` (a file).

A weaker promise than that of other backends. The server keeps one document and a lock, and compares no fencing
number: we read the document before every write and compare ours. Where a server ignores the lock's id, a write of a
run that was stopped between that look and the write still slips through. The lease is a time in the document, by the
server's clock, beside the server's lock; a dead owner's lock is broken when that time has passed.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.kit.lease import Keeper, held_error, lost_error, moved_error
from orchestrator.kit.sealed import KeyNeededError
from orchestrator.kit.state_settings import refuse_unknown
from orchestrator.model.codec import encode
from orchestrator.model.errors import LeaseLostError, NewerStateError, StateError
from orchestrator.model.ids import StackId
from orchestrator.model.schema import Property
from orchestrator.model.snapshot import Damaged, Entry, Snapshot
from orchestrator.model.values import reveal
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import Archive, Holder, Lease, Logged, StateBackend

if TYPE_CHECKING:
    from orchestrator.adapters.http_document import Content, Document
    from orchestrator.adapters.http_store import HttpStore, LockInfo

SETTINGS: Final = Property(
    "object",
    "a server of Terraform's http-backend protocol, such as GitLab's; it promises less, see docs/state.md",
    properties={
        "address": Property("string", "where the document is", required=True),
        "lock_address": Property("string", "where it is locked", required=True),
        "unlock_address": Property("string", "where it is unlocked; else lock_address"),
        "update_method": Property("string", "how it is written", default="POST"),
        "lock_method": Property("string", "how it is locked", default="LOCK"),
        "unlock_method": Property("string", "how it is unlocked", default="UNLOCK"),
        "username": Property("string", "for basic authentication"),
        "password": Property("string", "by reference", secret=True),
        "ca": Property("string", "a file of certificates to trust"),
    },
)
NOTE: Final = (
    "the http backend promises less: its server compares no fencing number, so opsctl looks before each write; "
    "a run that was stopped between look and write may still write late where the server ignores lock ids"
)
_GRAIN: Final = 1.0
"""A server tells its time in whole seconds."""


def open_backend(
    settings: Mapping[str, Any], *, stack: StackId, folder: Path, clock: Clock, cipher: Cipher
) -> HttpBackend:
    """The state of ``stack``. Raises StateError where the settings are wrong; the server is asked only when used."""
    refuse_unknown("http", settings, SETTINGS)
    for name in ("address", "lock_address"):
        if not isinstance(reveal(settings.get(name)), str):
            raise StateError(
                f"the http backend needs state.{name}: without a lock two runs would overwrite each other"
            )
    if isinstance(settings.get("password"), str):
        raise StateError("state.password must be a reference, such as env:TF_HTTP_PASSWORD or file:PATH")
    from orchestrator.adapters.http_store import HttpStore, place_of  # noqa: PLC0415 - urllib3 only where it is used

    plain = dict(reveal(settings))
    if "ca" in plain:
        plain["ca"] = str(folder / str(plain["ca"]))
    return HttpBackend(HttpStore(place_of(plain)), stack, clock, cipher)


class HttpBackend(StateBackend):
    """One stack's state; safe to use from several threads."""

    notes = (NOTE,)

    def __init__(self, store: HttpStore, stack: StackId, clock: Clock, cipher: Cipher) -> None:
        self._store = store
        self._stack = stack
        self._clock = clock
        self._cipher = cipher
        self._guard = threading.RLock()
        self._lock: LockInfo | None = None
        self._leased: Lease | None = None
        self._keeper: Keeper | None = None

    def latest(self) -> Snapshot:
        """The whole state; empty where nothing was ever written."""
        from orchestrator.adapters.http_document import state_of  # noqa: PLC0415 - see open_backend

        try:
            return state_of(self._here(), self._stack, self._cipher)
        except (ValueError, KeyError) as error:
            raise StateError(f"the state at {self._store.place.shown} is damaged: {error}") from error

    @property
    def mended(self) -> Sequence[str]:
        """Nothing: the document has one checksum, and is read whole or not at all."""
        return ()

    def history(self, limit: int = 1000) -> Sequence[Logged]:
        """The last entries of the journal, oldest first, as far as the document keeps them."""
        from orchestrator.adapters.http_document import logged  # noqa: PLC0415

        content = self._read()[0].content
        return logged(content, self._cipher, after=max(content.last - limit, 0))

    def damage(self) -> Sequence[str]:
        """What of the document cannot be read; a document whose checksum is wrong is damaged as a whole."""
        try:
            self.latest()
            entries = self.history()
        except (NewerStateError, KeyNeededError):
            raise
        except StateError as error:
            return [str(error)]
        return [f"journal entry {e.sequence} {e.entry.why}" for e in entries if isinstance(e.entry, Damaged)]

    def holder(self) -> Holder | None:
        """Who holds the stack now, if anybody does."""
        document, now = self._read()
        return document.content.holder if _alive(document.content, now) else None

    def lease(self, holder: Holder, *, ttl: float = 30.0) -> Lease:
        """Take the server's lock and then the stack, or say who has it."""
        self._here()  # a document that is none of ours, or not any more, is refused before anything is locked
        info = self._locked(holder)
        try:
            document, now = self._read()
            content = document.content
            dead = content.holder if content.held else None
            lease = Lease(content.epoch + 1, holder, dead)
            changed = _changed(
                content,
                epoch=lease.epoch,
                held=True,
                holder=holder,
                lock=info.id,
                ttl=ttl,
                beat=now,
                writes=content.writes + 1,
            )
            self._put(lease, changed, document.lineage, info)
        except BaseException:
            with suppress(StateError):
                self._store.unlock(info)
            raise
        self._stop_renewing()
        self._lock, self._leased = info, lease
        self._keeper = Keeper(lambda: self._renew(lease), ttl=ttl)
        return lease

    def check(self, lease: Lease) -> None:
        """Return where the lease is ours; see the seam."""
        if self._keeper is None:
            self._own(lease)
        else:
            self._keeper.check()

    def release(self, lease: Lease) -> None:
        """Give the stack back; a lost lease is given back already, and another's lock is not touched."""
        with suppress(LeaseLostError):
            self._end(lease, lambda content: _changed(content, held=False, lock=""))

    def append(self, lease: Lease, entries: Sequence[Entry]) -> int:
        """Make entries durable by writing the document anew; returns the last sequence number."""
        from orchestrator.adapters.http_document import lines  # noqa: PLC0415

        bodies = [encode(entry) for entry in entries]

        def grown(content: Content) -> Content:
            added = lines(bodies, self._cipher, epoch=lease.epoch, first=content.last + 1)
            return _changed(content, journal=content.journal + added, last=content.last + len(added))

        if not bodies:
            return self._own(lease)[0].content.last
        return self._change(lease, grown).last

    def compact(self, lease: Lease) -> Snapshot:
        """Fold the journal into the document's snapshot; its last entries stay as history."""
        from orchestrator.adapters.http_document import compacted, state_of  # noqa: PLC0415

        def smaller(content: Content) -> Content:
            return compacted(content, state_of(content, self._stack, self._cipher), self._cipher)

        return state_of(self._change(lease, smaller), self._stack, self._cipher)

    def rewrite(self, lease: Lease) -> int:
        """Seal the document's entries and its snapshot once more."""
        from orchestrator.adapters.http_document import rewritten  # noqa: PLC0415

        written = self._change(lease, lambda content: rewritten(content, self._cipher))
        return len(written.journal) + (written.folded > 0)

    def restore(self, lease: Lease, archive: Archive) -> None:
        """Write an archive in the place of the document, and end the lease."""
        from orchestrator.adapters.http_document import restored  # noqa: PLC0415

        self._end(lease, lambda content: restored(content, archive, self._cipher))

    def retire(self, lease: Lease, moved_to: str) -> None:
        """Write into the document where the state is now, and end the lease."""
        self._end(lease, lambda content: _changed(content, held=False, lock="", moved=moved_to))

    def _end(self, lease: Lease, change: Callable[[Content], Content]) -> None:
        self._stop_renewing()
        with self._guard:
            self._change(lease, change)
            if self._lock is not None:
                self._store.unlock(self._lock)
                self._lock = None

    def unlock(self) -> Holder | None:
        """Break the lease and the server's lock, whoever has them."""
        self._here()
        info = self._info(Holder("opsctl state unlock"))
        other = self._store.lock(info)
        if other is not None:
            self._store.unlock(other)
            if self._store.lock(info) is not None:
                raise StateError(
                    f"the lock on stack {self._stack} was taken again by another: look who it is"
                )
        try:
            document, _ = self._read()
            content = document.content
            if content.held:
                broken = _changed(
                    content, epoch=content.epoch + 1, held=False, lock="", writes=content.writes + 1
                )
                self._store.write(_packed(broken, document.lineage), info.id)
                return content.holder
            return _holder_of(other) if other is not None else None
        finally:
            self._store.unlock(info)

    def close(self) -> None:
        """Stop renewing and let go of connections."""
        self._stop_renewing()
        self._store.close()

    def _locked(self, holder: Holder) -> LockInfo:
        """The server's lock, ours now. A dead owner's is broken first. Raises LockHeldError."""
        info = self._info(holder)
        other = self._store.lock(info)
        if other is None:
            document, now = self._read()
            if _alive(document.content, now):  # a server that has forgotten its lock
                self._store.unlock(info)
                raise held_error(self._stack, document.content.holder, now=self._clock.now())
            return info
        document, now = self._read()
        content = document.content
        ours = content.held and content.lock == other.id
        if not ours or _alive(content, now):
            known = content.holder if ours else _holder_of(other)
            raise held_error(self._stack, known, now=self._clock.now())
        self._store.unlock(other)
        if self._store.lock(info) is not None:
            raise held_error(self._stack, content.holder, now=self._clock.now())
        return info

    def _info(self, holder: Holder) -> LockInfo:
        from orchestrator.adapters.http_store import LockInfo  # noqa: PLC0415

        created = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        where = f"process {holder.pid} on {holder.host} {holder.job}".strip() if holder.pid else holder.job
        return LockInfo(
            str(uuid.uuid4()), holder.command, where, holder.owner, "opsctl", created, str(self._stack)
        )

    def _renew(self, lease: Lease) -> None:
        self._change(lease, lambda content: content)

    def _own(self, lease: Lease) -> tuple[Document, float]:
        document, now = self._read()
        content = document.content
        if content.epoch != lease.epoch or not content.held:
            error = lost_error(self._stack, lease, content.holder if content.held else None)
            if self._keeper is not None and self._leased == lease:
                self._keeper.lose(error)
            raise error
        return document, now

    def _change(self, lease: Lease, change: Callable[[Content], Content]) -> Content:
        """Look, and write: again where no answer came, unless the look finds that the write has arrived."""
        with self._guard:
            tried: Content | None = None
            for last in (False, False, True):
                document, now = self._own(lease)
                if tried is not None and document.content.writes == tried.writes:
                    return tried
                tried = _changed(change(document.content), beat=now, writes=document.content.writes + 1)
                try:
                    self._put(lease, tried, document.lineage, self._lock)
                except LeaseLostError:
                    raise
                except StateError:
                    if last:
                        raise
                else:
                    return tried
        raise AssertionError("unreachable: the last try returns or raises")

    def _here(self) -> Content:
        content = self._read()[0].content
        if content.moved:
            raise moved_error(self._stack, content.moved)
        return content

    def _put(self, lease: Lease, content: Content, lineage: str, lock: LockInfo | None) -> None:
        if lock is None or not self._store.write(_packed(content, lineage), lock.id):
            raise lost_error(self._stack, lease, None)

    def _read(self) -> tuple[Document, float]:
        from orchestrator.adapters.http_document import fresh, unpack  # noqa: PLC0415

        data, now = self._store.read()
        return (fresh() if data is None else unpack(data, f"the state at {self._store.place.shown}")), now

    def _stop_renewing(self) -> None:
        if self._keeper is not None:
            self._keeper.stop()
            self._keeper = None


def _alive(content: Content, now: float) -> bool:
    """Whether somebody holds the stack; a server that does not tell its time leaves everybody alive."""
    return content.held and (not now or now - content.beat < content.ttl + _GRAIN)


def _changed(content: Content, **changes: Any) -> Content:
    from msgspec.structs import replace  # noqa: PLC0415

    return replace(content, **changes)


def _packed(content: Content, lineage: str) -> bytes:
    from orchestrator.adapters.http_document import Document, pack  # noqa: PLC0415

    return pack(Document(content, lineage))


def _holder_of(info: LockInfo) -> Holder:
    """A lock that is none of our leases: Terraform's own, or of a run that died before it wrote."""
    since = 0.0
    with suppress(ValueError):
        since = datetime.fromisoformat(info.created).timestamp()
    return Holder(info.who or "an unknown owner", info.operation, since, job=info.info)
