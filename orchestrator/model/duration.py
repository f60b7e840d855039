"""Durations as people write them: ``30s``, ``5m``, ``1h30m``, or a number of seconds."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
PATTERN: Final = r"^((\d+(\.\d+)?)(ms|s|m|h|d))+$"


def seconds(text: str | float) -> float:
    """A duration in seconds; raises ValueError that shows the form."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return float(text)
    if not re.match(PATTERN, str(text)):
        raise ValueError(f"{text!r} is not a duration: write 30s, 5m or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(str(text)))
