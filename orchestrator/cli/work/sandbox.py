"""sandbox up, status, down and serve."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.bootstrap import SandboxStatus

_SECRET = ("secret", "password", "token", "accesskey")


def up(console: Console, folder: Path | None, faults: Path | None) -> int:
    """Start it, or find it running."""
    console.say("Starting the sandbox …")
    now = bootstrap.sandbox_up(folder, faults)
    _print(console, now)
    return 0


def status(console: Console, folder: Path | None) -> int:
    """0 where it runs, 1 where it does not."""
    now = bootstrap.sandbox_status(folder)
    _print(console, now)
    return 0 if now.running else 1


def down(console: Console, folder: Path | None) -> int:
    """Stop it."""
    ran = bootstrap.sandbox_down(folder)
    console.result("Stopped: what was in it is forgotten." if ran else "It did not run.")
    return 0


def serve(console: Console, folder: Path | None, faults: Path | None) -> int:
    """Run it in this process."""
    del console
    return bootstrap.sandbox_serve(folder, faults)


def _print(console: Console, now: SandboxStatus) -> None:
    if console.output is Output.JSON:
        console.document(lambda: {**head("sandbox"), **_document(now)})
    else:
        console.result("\n".join(_lines(now)))


def _document(now: SandboxStatus) -> dict[str, Any]:
    said = asdict(now)
    for cloud in said["clouds"].values():
        cloud["settings"] = {k: v for k, v in cloud["settings"].items() if not _hidden(k)}
    return said


def _hidden(name: str) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    return any(word in plain for word in _SECRET)


def _lines(now: SandboxStatus) -> Iterator[str]:
    if not now.running:
        yield "The sandbox does not run: opsctl sandbox up"
        return
    yield f"The sandbox runs (process {now.pid}, {now.folder})."
    for name, cloud in sorted(now.clouds.items()):
        yield f"  {name:<10} {cloud.endpoint}"
    for name, reason in sorted(now.missing.items()):
        yield f"  {name:<10} not running: {reason}"
    if now.faults:
        yield f"  faults     {now.faults}"
    yield "A provider with `endpoint: sandbox` in opsctl.yaml uses it."
