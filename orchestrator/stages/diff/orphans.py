"""What state remembers and the spec no longer says: deleted, or let go of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from orchestrator.model.change import Action, Change
from orchestrator.model.diagnostic import Diagnostic
from orchestrator.model.ids import Address
from orchestrator.model.provision import Observed
from orchestrator.model.snapshot import Record, Snapshot


def orphans(
    snapshot: Snapshot,
    desired: AbstractSet[Address],
    observed: Mapping[Address, Observed | None],
    removed: Mapping[Address, bool],
    found: list[Diagnostic],
    *,
    chosen: AbstractSet[Address] | None = None,
) -> Iterator[Change]:
    """The changes of every record without a desired resource, and of every deposed object, among the chosen ones."""
    for address, record in sorted(snapshot.resources.items()):
        if address not in desired and (chosen is None or address in chosen):
            yield _orphan(record, observed.get(address), delete=removed.get(address), found=found)
    for uid, record in sorted(snapshot.deposed.items()):
        if chosen is not None and record.address not in chosen:
            continue
        seen = observed.get(deposed_address(record))
        yield _delete(record, seen, _LATE if record.late else _LEFT, deposed=str(uid))


_LEFT: Final = "a replacement left it behind"
_LATE: Final = "a call that was given up arrived late and made it a second time"


def deposed_address(record: Record) -> Address:
    """The name under which a deposed object is read and deleted."""
    return Address(f"{record.address} (deposed {record.uid})")


def _orphan(record: Record, seen: Observed | None, *, delete: bool | None, found: list[Diagnostic]) -> Change:
    if delete is False or (record.retain and delete is None):
        return _forget(
            record, seen, "the spec says to keep the object" if record.retain else "it was removed"
        )
    if seen is None:
        return _forget(record, seen, "it is gone already")
    if record.prevent_destroy:
        message = f"{record.address}: the spec no longer has it, and preventDestroy forbids to delete it"
        hint = "put it back; or apply once with preventDestroy: false; or write kind: Removed to only let go of it"
        found.append(Diagnostic(message, None, hint, record.address))
    return _delete(record, seen, "the spec no longer has it")


def _forget(record: Record, seen: Observed | None, reason: str) -> Change:
    return Change(
        record.address,
        record.type,
        record.provider,
        Action.FORGET,
        reason,
        before=seen.spec if seen else None,
        id=record.id,
        labels=record.labels,
    )


def _delete(record: Record, seen: Observed | None, reason: str, deposed: str = "") -> Change:
    return Change(
        deposed_address(record) if deposed else record.address,
        record.type,
        record.provider,
        Action.DELETE,
        reason,
        before=seen.spec if seen is not None else record.spec,
        id=record.id,
        deposed=deposed,
        irreversible="a delete cannot be taken back",
        labels=record.labels,
    )
