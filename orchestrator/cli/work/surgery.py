"""state mv, state rm and state settle: shown, asked about, and done under the lease."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.cli.console import Console, Output
from orchestrator.cli.identity import holder
from orchestrator.cli.render.json import head
from orchestrator.cli.work.state import remembered
from orchestrator.engine.surgery import Operation, Surgery, forgetting, moving, operate, settling
from orchestrator.model.errors import OpsctlError
from orchestrator.model.snapshot import Record


def move(
    console: Console, source: str, target: str, *, dry_run: bool, approved: bool, environment: str | None
) -> int:
    """Give what is at one address another one."""
    asking = _Asking(console, dry_run=dry_run, approved=approved)
    surgery = _operate(asking, moving(source, target), f"state mv {source} {target}", environment)
    if surgery is None:
        return 0
    if console.output is Output.JSON:
        moved = [{**_named(r), "to": str(new)} for r, new in zip(surgery.records, surgery.names, strict=True)]
        console.document(lambda: {**head("state-mv"), "done": not dry_run, "moved": moved})
        return 0
    console.result("\n".join(_move_lines(surgery, done=not dry_run)))
    return 0


def _move_lines(surgery: Surgery, *, done: bool) -> Iterator[str]:
    for record, new in zip(surgery.records, surgery.names, strict=True):
        yield f"  > {record.address} -> {new}  {record.type}  ({record.id})"
    if done:
        yield "Moved. The next apply writes the new address into the markers of their clouds."


def forget(console: Console, address: str, *, dry_run: bool, approved: bool, environment: str | None) -> int:
    """Let go of what is at an address."""
    asking = _Asking(console, dry_run=dry_run, approved=approved)
    surgery = _operate(asking, forgetting(address), f"state rm {address}", environment)
    if surgery is None:
        return 0
    if console.output is Output.JSON:
        forgotten = [{**_named(r), "adopt": _adoption(r)} for r in surgery.records]
        console.document(lambda: {**head("state-rm"), "done": not dry_run, "forgotten": forgotten})
        return 0
    console.result("\n".join(_forget_lines(surgery, done=not dry_run)))
    return 0


def settle(console: Console, address: str, id: str | None, *, environment: str | None) -> int:
    """Close what was cut off at an address, by what a person found."""
    with remembered(console, environment) as work:
        workspace = work.session.workspace
        command = f"state settle {address} {f'--id {id}' if id is not None else '--gone'}"
        surgery = operate(
            settling(address, id, workspace), workspace, holder=holder(command), approve=lambda _surgery: True
        )
    if console.output is Output.JSON:
        records = surgery.records if surgery is not None else ()
        kept = [_named(r) for r in records]
        console.document(lambda: {**head("state-settle"), "address": address, "id": id, "records": kept})
        return 0
    said = f"{id} is what it made or meant" if id is not None else "nothing of it is there"
    console.result(f"Settled: {address}: {said}. opsctl plan shows what is left to do.")
    return 0


def _forget_lines(surgery: Surgery, *, done: bool) -> Iterator[str]:
    for record in surgery.records:
        yield f"  x {record.address}  {record.type}  at {record.provider}  ({record.id})"
    if not done:
        return
    yield "Forgotten: the objects stay, and nobody watches them. Where the files still have them, the next plan"
    yield "makes others, or says that they exist. To take one back, write:"
    for record in surgery.records:
        to = record.address
        yield f"  {{apiVersion: opsctl.dev/v1, kind: Import, spec: {{to: '{to}', id: '{record.id}'}}}}"


def _operate(asking: _Asking, operation: Operation, command: str, environment: str | None) -> Surgery | None:
    with remembered(asking.console, environment) as work:
        workspace = work.session.workspace
        if asking.dry_run:
            return operation(workspace.state.latest())
        asking.check()
        surgery = operate(operation, workspace, holder=holder(command), approve=asking.approve)
    if surgery is None:
        raise OpsctlError("not approved: nothing was done")
    return surgery


class _Asking:
    """Shows what would be done, and asks."""

    def __init__(self, console: Console, *, dry_run: bool, approved: bool) -> None:
        self.console = console
        self.dry_run = dry_run
        self._approved = approved

    def check(self) -> None:
        """Raises OpsctlError where nobody is there to be asked."""
        if not self._approved and not self.console.interactive:
            raise OpsctlError(
                "nobody is here to approve\nhint: add --auto-approve, or --dry-run to look first"
            )

    def approve(self, surgery: Surgery) -> bool:
        """Whether it may be done."""
        if self._approved:
            return True
        lines = _move_lines(surgery, done=False) if surgery.names else _forget_lines(surgery, done=False)
        self.console.say("\n".join(lines))
        return self.console.confirms("Write this to the state? Type yes to go on: ")


def _named(record: Record) -> dict[str, Any]:
    return {
        "address": record.address,
        "type": record.type,
        "provider": record.provider,
        "id": record.id,
    }


def _adoption(record: Record) -> dict[str, Any]:
    spec = {"to": record.address, "id": record.id}
    return {"apiVersion": "opsctl.dev/v1", "kind": "Import", "spec": spec}
