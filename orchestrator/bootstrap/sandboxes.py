"""The local stand-ins of the clouds."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters import sandbox_host
from orchestrator.bootstrap.catalogue import catalogue

SandboxStatus = sandbox_host.Status


def sandbox_up(folder: Path | None = None, faults: Path | None = None) -> SandboxStatus:
    """Start the local stand-ins of the clouds where they do not run, and wait until they answer."""
    return sandbox_host.up(folder, faults)


def sandbox_status(folder: Path | None = None) -> SandboxStatus:
    """Whether the stand-ins run, and where."""
    return sandbox_host.status(folder)


def sandbox_down(folder: Path | None = None) -> bool:
    """Stop the stand-ins; returns whether they ran."""
    return sandbox_host.down(folder)


def sandbox_serve(folder: Path | None = None, faults: Path | None = None) -> int:
    """Run the stand-ins in this process until it is told to end."""
    return sandbox_host.serve(catalogue().providers(), folder, faults)
