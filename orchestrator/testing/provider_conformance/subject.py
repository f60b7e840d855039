"""The provider that is tested, with its cloud: a sandbox whose clock the suite moves, or a real one."""

from __future__ import annotations

import importlib
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from orchestrator.kit.sample import Conformance
from orchestrator.kit.simulation.faults import Faults
from orchestrator.kit.simulation.responders import Responders
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import ProviderName, StackId
from orchestrator.seams.manifest import Context, Manifest
from orchestrator.seams.provider import Provider

TRANSITION = 1.0
"""Seconds that the sandbox takes to build something, by its own clock."""


class Waits(Protocol):
    """Time, as the provider's cloud has it."""

    def now(self) -> float:
        """Seconds since 1970."""

    def monotonic(self) -> float:
        """Seconds since some moment."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


class RealTime:
    """The time of a real cloud, which is waited for."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


class MovedTime:
    """The time of a sandbox: it stands until somebody waits."""

    def __init__(self) -> None:
        self._passed = 0.0

    def now(self) -> float:
        """Seconds since 1970; what a provider's own clock says is near it."""
        return time.time() + self._passed

    def monotonic(self) -> float:
        """Seconds that somebody has waited."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Move it."""
        self._passed += seconds


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested, and what the suite does it with."""

    family: str
    provider: Provider
    conformance: Conformance
    raw: Any
    time: Waits
    where: str
    run: str
    """In every name and marker of this run."""
    faults: Faults | None = None
    """How to make the cloud fail; None: it cannot be told to."""
    paged: Provider | None = None
    """The same cloud in small pages."""
    given: Mapping[str, Any] | None = None
    newcomer: Callable[[], Provider] | None = None
    """The provider as another process has it, which made nothing itself."""

    @property
    def stack(self) -> StackId:
        """The stack that this run's markers name."""
        return StackId(f"conformance-{self.run}")


def conformance_of(manifest: Manifest) -> Conformance:
    """The provider's samples. Raises OpsctlError where it keeps none."""
    if not manifest.conformance:
        raise OpsctlError(
            f"the provider {manifest.family} keeps no samples, so there is nothing to test it with\nhint: name a "
            'module with CONFORMANCE in its manifest: conformance="package.conformance"'
        )
    found = getattr(importlib.import_module(manifest.conformance), "CONFORMANCE", None)
    if not isinstance(found, Conformance):
        raise OpsctlError(
            f"{manifest.conformance} has no CONFORMANCE of class orchestrator.kit.sample.Conformance"
        )
    return found


@contextmanager
def opened(
    manifest: Manifest, settings: Mapping[str, Any] | None = None, given: Mapping[str, Any] | None = None
) -> Iterator[Subject]:
    """The provider on its sandbox; with ``settings``, on the cloud that they name.

    A provider without a sandbox is run by its bare settings, in a folder of its own.
    """
    conformance = conformance_of(manifest)
    with tempfile.TemporaryDirectory(prefix="opsctl-conformance-") as name:
        folder = Path(name)
        if settings is not None or not manifest.sandbox:
            cloud = _Cloud(manifest.bare if settings is None else settings, folder, RealTime())
            yield from _subject(manifest, conformance, cloud, given or {})
            return
        faults, responders, moved = Faults(), Responders(), MovedTime()
        start = importlib.import_module(manifest.sandbox).start
        running = start(
            folder=folder,
            faults=faults,
            responders=responders,
            transition_seconds=TRANSITION,
            now=moved.monotonic,
        )
        try:
            cloud = _Cloud({**running.settings, **conformance.sandbox}, folder, moved, faults)
            yield from _subject(manifest, conformance, cloud, given or {})
        finally:
            running.close()
            responders.close_all()


@dataclass(frozen=True, slots=True)
class _Cloud:
    """What the provider is run against."""

    settings: Mapping[str, Any]
    folder: Path
    time: Waits
    faults: Faults | None = None

    @property
    def where(self) -> str:
        """In words."""
        if self.faults is not None:
            return "sandbox"
        return "the cloud" if self.settings else "this machine"


def _subject(
    manifest: Manifest, conformance: Conformance, cloud: _Cloud, given: Mapping[str, Any]
) -> Iterator[Subject]:
    run = f"cf-{uuid.uuid4().hex[:8]}"
    context = Context(ProviderName(manifest.family), StackId(f"conformance-{run}"), cloud.folder)
    raw = conformance.connect(cloud.settings, cloud.folder)
    paged = {**cloud.settings, **conformance.paged}
    try:
        yield Subject(
            manifest.family,
            manifest.configure(cloud.settings, context),
            conformance,
            raw,
            cloud.time,
            cloud.where,
            run,
            cloud.faults,
            manifest.configure(paged, context) if conformance.paged else None,
            {**conformance.given(raw), **given},
            lambda: manifest.configure(cloud.settings, context),
        )
    finally:
        with suppress(OSError):
            conformance.close(raw)
