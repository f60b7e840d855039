"""A stack in a nutshell: specs as dicts, a fake cloud, state on disk, and as many runs as a test likes."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.executor_threads import ThreadsExecutor
from orchestrator.adapters.silent import Silent
from orchestrator.adapters.state_sqlite import open_backend
from orchestrator.engine import applying, planning
from orchestrator.engine.workspace import Workspace
from orchestrator.kit.sealed import PLAIN
from orchestrator.model.diagnostic import Position
from orchestrator.model.document import Document
from orchestrator.model.health import Health, Level
from orchestrator.model.ids import ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.plan import Charter
from orchestrator.model.scope import Surroundings
from orchestrator.seams.state import Holder
from orchestrator.stages.compose import compose
from orchestrator.testing.clock import FakeClock
from orchestrator.testing.cloud import FakeCloud
from orchestrator.testing.kinds import KINDS
from orchestrator.testing.provider import FakeProvider
from orchestrator.testing.secrets import FakeSecrets

FAKE = ProviderName("fake")


class Killed(BaseException):
    """The process is gone: nothing of it runs any more."""


class Place:
    """Where a document of a test stands."""

    def position(self, path: object) -> Position:
        return Position("stack.yaml", 1, 1)


class Kinds:
    """The fake cloud's kinds as a catalogue."""

    def kind(self, type: TypeName) -> Any:
        return KINDS.get(type)

    def nearest_type(self, type: str) -> str:
        return ""

    def family_of(self, type: TypeName) -> str:
        return "fake" if type.startswith("Fake::") else ""


class Doctor:
    """A probe that says what it was told, look after look."""

    def __init__(self, *levels: Level) -> None:
        self.levels = itertools.chain(levels, itertools.repeat(levels[-1]))
        self.asked: list[Mapping[str, Any]] = []

    def assess(self, settings: Mapping[str, Any]) -> Health:
        self.asked.append(settings)
        return Health(next(self.levels), "as told")


@dataclass
class World:
    """One stack, one cloud, and the runs against them."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    threads: bool = False
    doctor: Doctor = field(default_factory=lambda: Doctor(Level.HEALTHY))
    store: FakeSecrets = field(default_factory=FakeSecrets)
    seconds: float = 20.0
    dead: bool = False
    """The process is gone: no call and no append of it takes effect any more."""

    def __post_init__(self) -> None:
        self.cloud = FakeCloud(self.clock)
        self.documents: dict[str, dict[str, Any]] = {}
        self.outputs: dict[str, Any] = {}
        self.params: dict[str, Any] = {}
        self.extra: list[dict[str, Any]] = []
        self.provider: FakeProvider | None = None

    def want(self, name: str, kind: str = "Tag", /, **rest: Any) -> None:
        """Desire a resource; ``rest`` beside ``spec`` stands next to it in the document."""
        spec = {"name": name, **rest.pop("spec", {})}
        self.documents[name] = {
            "kind": "Resource",
            "type": f"Fake::{kind}",
            "metadata": {"name": name},
            "spec": spec,
            **rest,
        }

    def drop(self, name: str) -> None:
        del self.documents[name]

    def compose(self) -> Any:
        documents = [Document(body, Place()) for body in (*self.documents.values(), *self.extra)]
        around = Surroundings(self.params)
        return compose(documents, catalogue=Kinds(), providers={FAKE: {}}, around=around)

    def blueprint(self, **changes: Any) -> planning.Blueprint:
        composed = self.compose()
        charter = Charter(
            "test", StackId("test"), providers={FAKE: {}}, params=self.params, outputs=self.outputs
        )
        made = planning.Blueprint(
            charter,
            composed.resources,
            moves=composed.moves,
            removed=composed.removed,
            diagnostics=composed.diagnostics,
        )
        return replace(made, **changes)

    def workspace(self) -> Workspace:
        self.provider = provider = FakeProvider(self.cloud, seconds=self.seconds)
        self.state = open_backend(
            {}, stack=StackId("test"), folder=self.folder, clock=self.clock, cipher=PLAIN
        )

        append_to_state = self.state.append

        def append_while_alive(lease: Any, entries: Any) -> int:
            if self.dead:
                raise Killed
            return append_to_state(lease, entries)

        self.state.append = append_while_alive  # type: ignore[method-assign]

        def executor(append: Any) -> ThreadsExecutor:
            self.executor = ThreadsExecutor(
                self.clock, append, limits={FAKE: 4}, progress=Silent(), threads=self.threads
            )
            return self.executor

        return Workspace(
            providers={FAKE: provider},
            kind=KINDS.get,
            state=self.state,
            policy=None,  # type: ignore[arg-type] - a blueprint without policies asks nobody
            probes={"http": self.doctor},
            clock=self.clock,
            executor=executor,
            progress=Silent(),
            secrets=self.store,
            outputs=lambda name: {},
            new_uid=lambda: Uid(uuid.uuid4().hex),
            new_token=lambda: Token(uuid.uuid4().hex),
        )

    def plan(self, **changes: Any) -> planning.Planned:
        workspace = self.workspace()
        try:
            return planning.plan(self.blueprint(**changes), workspace)
        finally:
            workspace.state.close()

    def apply(self, **changes: Any) -> applying.Applied:
        workspace = self.workspace()
        try:
            done = applying.apply(
                self.blueprint(**changes), workspace, holder=Holder("test"), approve=lambda planned: True
            )
        finally:
            workspace.state.close()
        assert done is not None
        return done

    def apply_saved(self, saved: planning.Planned, **changes: Any) -> applying.Applied:
        workspace = self.workspace()
        try:
            blueprint = self.blueprint(**changes)
            return applying.apply_saved(saved.plan, blueprint, workspace, holder=Holder("test"))
        finally:
            workspace.state.close()

    def destroy(self) -> applying.Applied:
        return self.apply(resources=(), destroy=True)

    def actions(self, **changes: Any) -> dict[str, str]:
        """What a plan would do, without what is quiet."""
        return {str(c.address): str(c.action) for c in self.plan(**changes).plan.pending}

    def names(self) -> list[str]:
        """The names of all objects in the cloud."""
        return sorted(str(o.spec["name"]) for o in self.cloud.objects())

    def snapshot(self) -> Any:
        workspace = self.workspace()
        try:
            return workspace.state.latest()
        finally:
            workspace.state.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
