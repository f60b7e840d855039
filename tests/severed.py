"""Answers of a simulator that are cut in the middle of their heads, whichever calls are made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.adapters.retry import RetryPolicy
from orchestrator.kit.simulation.faults import Faults, Rule


def assert_nothing_seems_gone(
    faults: Faults, pending: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plan three times, so that each call is cut in one of them: ``pending`` (what a plan would do) is empty in all."""
    monkeypatch.setattr(RetryPolicy, "delay", lambda *_: 0.0)
    for first in range(3):  # every third call, so that no call is cut each time that it is made
        faults.replace([Rule("severed-answer", after=n, times=1) for n in range(first, 60, 3)])
        assert pending() == {}
        assert sum(faults.hit()) > 2
