"""The tcp gate: whether somebody listens."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.adapters.gates_tcp import TcpProbe
from orchestrator.model.health import Health, Level


def look(**settings: Any) -> Health:
    return TcpProbe().assess(settings)


def test_an_open_port_passes(server: Any) -> None:
    health = look(host="127.0.0.1", port=server.port)
    assert health == Health(Level.HEALTHY, f"127.0.0.1:{server.port} accepts connections")


def test_a_port_in_text_is_a_port(server: Any) -> None:
    """As an expression with text around it gives it."""
    assert look(host="localhost", port=str(server.port)).level is Level.HEALTHY


def test_a_closed_port_is_progress(closed_port: int) -> None:
    health = look(host="127.0.0.1", port=closed_port, timeout=1)
    assert health == Health(Level.PROGRESSING, f"127.0.0.1:{closed_port}: connection refused")


def test_a_name_that_nobody_knows_yet_is_progress() -> None:
    assert look(host="not-there.invalid", port=80, timeout=1).level is Level.PROGRESSING


@pytest.mark.parametrize(
    "settings",
    [
        {"port": 80},
        {"host": "x"},
        {"host": "x", "port": 0},
        {"host": "x", "port": 70000},
        {"host": "x", "port": "http"},
        {"host": ["x"], "port": 80},
        {"host": "x" * 300, "port": 80},
        {"host": "x", "port": 80, "timeout": 0},
        {"host": "x", "prot": 80},
    ],
)
def test_settings_without_sense_fail_at_once(settings: dict[str, Any]) -> None:
    health = look(**settings)
    assert health.level is Level.FAILED
    assert health.message.startswith("the tcp gate makes no sense: ")
