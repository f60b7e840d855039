"""What is written down when opsctl itself is at fault: the traceback, without any secret.

Holds: the file is readable by its owner alone; values that stand in the environment or behind a telling name are
left out; no local variable is written.
"""

from __future__ import annotations

import os
import platform
import re
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from orchestrator.model.redaction import redacted as without

_TELLING: Final = re.compile(
    r"(?i)([\w-]*(?:password|passwd|secret|token|credential|api[_-]?key|access[_-]?key|authorization|signature)"
    r"[\w-]*[\"']?\s*[:=]\s*[\"']?)([^\s\"',}&]+)"
)
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_URL_PASSWORD: Final = re.compile(r"(://[^/\s:@]*:)[^@\s/]+@")
_HARMLESS: Final = frozenset(
    {"PATH", "COLORTERM", "LC_ALL", "PWD", "HOME", "SHELL", "TERM", "LANG", "USER", "LOGNAME", "OLDPWD"}
)
_SHORTEST: Final = 6


def report(
    error: BaseException,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    known: Sequence[str] = (),
) -> str:
    """Write a report; returns where it is, or why there is none and where the mistake is."""
    lines = [
        f"opsctl {_version()} on Python {platform.python_version()}, {platform.platform()}",
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        f"arguments: {' '.join(_quiet(arguments))}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    text = redacted("\n".join(lines), environ, known)
    try:
        return f"a report is in {_written(text)} (secrets are left out); please attach it"
    except OSError as failure:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}, in {last.name}"
        return f"a report could not be written ({failure.strerror or failure}); it happened in {place}"


def _written(text: str) -> str:
    """The whole report in a new file, made with mode 0600; or no file, and an OSError."""
    handle, name = tempfile.mkstemp(prefix="opsctl-crash-", suffix=".txt")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    return name


def redacted(text: str, environ: Mapping[str, str], known: Sequence[str] = ()) -> str:
    """``text`` without known secrets, the values of the environment, and what stands behind a telling name."""
    text = without(text, known)
    secrets = {value for name, value in environ.items() if _secret(name, value)}
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value, "(redacted)")
    text = _BEARER.sub(r"\1 (redacted)", text)
    text = _TELLING.sub(r"\1(redacted)", text)
    return _URL_PASSWORD.sub(r"\1(redacted)@", text)


def _secret(name: str, value: str) -> bool:
    """Whether a variable may hold a secret: by its name, or because its value is no word and no path."""
    if name in _HARMLESS or len(value) < _SHORTEST:
        return False
    return bool(_TELLING.match(f"{name}=x")) or not (value.isalpha() or "/" in value or ":" in value)


def _quiet(arguments: Sequence[str]) -> list[str]:
    """Arguments without the values of parameters."""
    shown, hide = [], False
    for argument in arguments:
        shown.append("(left out)" if hide else re.sub(r"^(-p|--param=)[^=]*=.*", r"\1(left out)", argument))
        hide = argument in {"-p", "--param"}
    return shown


def _version() -> str:
    try:
        return metadata.version("opsctl-orchestrator")
    except metadata.PackageNotFoundError:
        return "(not installed)"
