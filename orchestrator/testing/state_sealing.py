"""What every state backend promises where what it stores is encrypted: cases to run as those of the conformance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from orchestrator.kit.sealed import KeyNeededError
from orchestrator.model.errors import StateError
from orchestrator.model.snapshot import Entry, Outputs
from orchestrator.testing.cipher import FakeCipher
from orchestrator.testing.state_conformance import ALICE, BOB, Storage, begun, folded, kept, refused


def _written(storage: Storage, cipher: FakeCipher) -> list[Entry]:
    """Two appends with a compaction between them, by an owner who is gone."""
    entries: list[Entry] = [begun("web", "t1"), kept("web", "t1", "planted-spec")]
    later: list[Entry] = [kept("db", value="planted-later"), Outputs({"url": "planted-output"})]
    backend = storage.open(cipher)
    lease = backend.lease(ALICE)
    backend.append(lease, entries)
    backend.compact(lease)
    backend.append(lease, later)
    backend.release(lease)
    return entries + later


def nothing_of_an_entry_is_stored_plain(storage: Storage) -> None:
    """Neither of the journal nor of the snapshot; with the cipher all of it is there again."""
    cipher = FakeCipher()
    entries = _written(storage, cipher)
    stored = repr(storage.content())
    assert "planted" not in stored, "a value of a spec or an output is stored as it is"
    assert "id-web" not in stored, "an id is stored as it is"
    again = storage.open(cipher)
    assert again.latest() == folded(entries)
    assert [logged.entry for logged in again.history()] == entries


def every_place_is_sealed_as_itself(storage: Storage) -> None:
    """No two bodies that stand at once are bound to one place, else they could be exchanged."""
    cipher = FakeCipher()
    _written(storage, cipher)
    assert len(cipher.places) >= 5
    assert len(set(cipher.places)) == len(cipher.places), cipher.places


def without_the_key_it_is_refused_untouched(storage: Storage) -> None:
    """For reading and for writing, with no cipher and with another one; the key that is wanted is named."""
    _written(storage, FakeCipher("first"))
    before = storage.content()
    for other in (storage.open(), storage.open(FakeCipher("second"))):
        with refused(StateError, "first"):
            other.latest()
        with refused(StateError, "first"):
            other.history()
    assert storage.content() == before


def a_plain_state_is_not_taken_where_it_must_be_sealed(storage: Storage) -> None:
    """Whoever could write it plain could have written anything."""
    plain = storage.open()
    lease = plain.lease(ALICE)
    plain.append(lease, [kept("web")])
    plain.release(lease)
    sealed = storage.open(FakeCipher())
    with refused(StateError, "not encrypted"):
        sealed.latest()


def a_lease_needs_no_key(storage: Storage) -> None:
    """Who holds the stack is told, and its lock is broken, by somebody who cannot read the state."""
    keeper, other = storage.open(FakeCipher()), storage.open()
    lease = keeper.lease(ALICE)
    keeper.append(lease, [kept("web")])
    assert other.holder() == ALICE
    assert other.unlock() == ALICE
    assert other.holder() is None
    assert keeper.lease(BOB).epoch > lease.epoch


def a_rewrite_seals_all_by_the_new_key(storage: Storage) -> None:
    """The old key opens nothing any more, the new one everything; what is read stays, and writing goes on."""
    entries = _written(storage, FakeCipher("first"))
    keeper = storage.open(Rotating("second", old=FakeCipher("first")))
    lease = keeper.lease(BOB)
    assert keeper.rewrite(lease) > len(entries)
    assert keeper.append(lease, [kept("after")]) == len(entries) + 1
    keeper.release(lease)
    again = storage.open(FakeCipher("second"))
    assert again.latest() == folded([*entries, kept("after")])
    assert [logged.entry for logged in again.history()] == [*entries, kept("after")]
    with refused(StateError, "second"):
        storage.open(FakeCipher("first")).latest()


class Rotating(FakeCipher):
    """Opens what an older one has sealed, too."""

    def __init__(self, name: str, *, old: FakeCipher) -> None:
        super().__init__(name)
        self._old = old

    def open(self, stored: bytes, about: str) -> bytes:
        """By the newer key, else by the older one."""
        try:
            return super().open(stored, about)
        except KeyNeededError:
            return self._old.open(stored, about)


SEALED_CASES: Final[tuple[Callable[[Storage], None], ...]] = (
    nothing_of_an_entry_is_stored_plain,
    every_place_is_sealed_as_itself,
    without_the_key_it_is_refused_untouched,
    a_plain_state_is_not_taken_where_it_must_be_sealed,
    a_lease_needs_no_key,
    a_rewrite_seals_all_by_the_new_key,
)
