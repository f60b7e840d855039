"""What the package says of itself, and what it costs to ask."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from orchestrator.model.health import Level
from orchestrator.model.schema import check
from providers.local import manifest


def test_asking_for_the_manifest_imports_nothing_else_of_the_provider() -> None:
    code = "import sys, providers.local; print([m for m in sys.modules if m.startswith('providers.local.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"


def test_settings_are_checked_by_their_schema() -> None:
    assert list(check({"outside": True}, manifest.settings)) == []
    assert len(list(check({"outsider": True}, manifest.settings))) == 1


def test_every_kind_has_an_id_and_can_be_read(file: Any) -> None:
    for name, kind in file.provider.kinds.items():
        assert name == kind.type
        assert "id" in kind.status.properties
        assert kind.reads
        assert kind.summary


def test_what_is_there_is_ready_and_the_account_is_ours(file: Any) -> None:
    seen = file.create({"path": "a", "content": ""})
    assert file.provider.assess(file.type, seen).level is Level.HEALTHY
    assert file.provider.account() == "local"
    assert list(file.provider.discover(file.type)) == []
