"""The ``tcp`` gate: whether somebody listens.

Enters: settings ``host``, ``port`` and ``timeout`` (seconds). Leaves: a Health. Holds: nothing is raised for
what is seen, and nothing is sent.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any, Final

from orchestrator.model.health import Health, Level
from orchestrator.model.values import reveal

_KNOWN: Final = frozenset({"host", "port", "timeout"})


class TcpProbe:
    """Looks by opening a connection."""

    def assess(self, settings: Mapping[str, Any]) -> Health:
        """One connection. Nobody there is PROGRESSING, settings without sense FAILED."""
        try:
            host, port, timeout = _understood(reveal(settings))
        except (ValueError, TypeError) as error:
            return Health(Level.FAILED, f"the tcp gate makes no sense: {error}")
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            with socket.create_connection((host, port), timeout):
                return Health(Level.HEALTHY, f"{where} accepts connections")
        except TimeoutError:
            return Health(Level.PROGRESSING, f"{where}: no answer in time")
        except UnicodeError:
            return Health(Level.FAILED, f"the tcp gate makes no sense: {host!r} is no host name")
        except OSError as error:
            return Health(Level.PROGRESSING, f"{where}: {(error.strerror or str(error)).lower()}")


def _understood(settings: Mapping[str, Any]) -> tuple[str, int, float]:
    """Raises ValueError or TypeError for settings that no look can be made of."""
    strange = sorted(settings.keys() - _KNOWN)
    if strange:
        raise ValueError(f"unknown setting {strange[0]!r}")
    host, port = settings.get("host"), int(settings.get("port") or 0)
    if not isinstance(host, str) or not host:
        raise ValueError("host is missing")
    if not 0 < port < 65536:
        raise ValueError(f"{settings.get('port')!r} is no port")
    timeout = float(settings.get("timeout", 5.0))
    if not timeout > 0:
        raise ValueError("timeout must be more than 0 seconds")
    return host, port, timeout
