"""A local provider in a folder of its own, asked the way the core asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.change import Action
from orchestrator.model.ids import Address, ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Done, Intent, Observed, Proposal, Ref, Request
from orchestrator.seams.manifest import Context
from orchestrator.seams.provider import Provider
from providers.local import manifest


class Asking:
    """One resource of one kind, taken through its life."""

    def __init__(self, folder: Path, type: str, **settings: Any) -> None:
        self.provider: Provider = manifest.configure(
            settings, Context(ProviderName("local"), StackId("s"), folder)
        )
        self.type = TypeName(type)
        self.marker = Marker(StackId("s"), Address("it"), Uid("u1"))
        self.schema = self.provider.kinds[self.type]

    def request(
        self, action: Action, want: Mapping[str, Any], prior: Observed | None = None, **more: Any
    ) -> Any:
        return Request(action, self.type, Address("it"), self.marker, want, prior, **more)

    def create(self, want: Mapping[str, Any]) -> Observed:
        return self.do(self.request(Action.CREATE, want))

    def do(self, request: Request) -> Observed:
        done = self.provider.begin(request, Token("t"))
        assert isinstance(done, Done)
        assert done.observed is not None
        return done.observed

    def update(self, want: Mapping[str, Any], prior: Observed, last: Mapping[str, Any]) -> Observed:
        changes = self.propose(want, prior, last).changes
        return self.do(self.request(Action.UPDATE, want, prior, changes=changes, last=last))

    def delete(self, prior: Observed, last: Mapping[str, Any]) -> None:
        done = self.provider.begin(self.request(Action.DELETE, {}, prior, last=last), Token("t"))
        assert done == Done(None)

    def propose(self, want: Mapping[str, Any], prior: Observed, last: Mapping[str, Any]) -> Proposal:
        return self.provider.propose(self.type, prior, want, last)

    def read(self, spec: Mapping[str, Any], id: str | None = None, **more: Any) -> Observed | None:
        ref = Ref(Address("it"), id, spec, Uid("u1"), **more)
        return self.provider.read_many(self.type, [ref], self.schema.reads[0]).found.get(Address("it"))

    def intent(self, action: Action, spec: Mapping[str, Any], id: str | None = None) -> Intent:
        return Intent(Token("t"), action, self.type, Address("it"), "local", self.marker, spec, id)


@pytest.fixture
def file(tmp_path: Path) -> Asking:
    """Files below a temporary folder."""
    return Asking(tmp_path, "Local::File")


@pytest.fixture
def command(tmp_path: Path) -> Asking:
    """Programs run in a temporary folder."""
    return Asking(tmp_path, "Local::Command")


@pytest.fixture
def value(tmp_path: Path) -> Asking:
    """Values need no folder."""
    return Asking(tmp_path, "Local::Value")


@pytest.fixture(scope="session")
def asking() -> type[Asking]:
    """For another configuration."""
    return Asking
