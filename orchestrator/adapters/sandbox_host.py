"""The local stand-ins of the clouds, in a process of their own that outlives the command that started it.

Enters: provider manifests that name a simulator, a folder, perhaps a faults file. Leaves: ``sandbox.json`` in
the folder (mode 0600), which tells providers where to connect. Holds: loopback only; one sandbox a folder; a
file whose process is gone, or whose number another process has now, counts as not running.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from orchestrator.model.errors import OpsctlError
from orchestrator.seams.manifest import Manifest

FILE: Final = "sandbox.json"
LOG: Final = "sandbox.log"
FOLDER: Final = "OPSCTL_SANDBOX"
TRANSITION: Final = "OPSCTL_SANDBOX_TRANSITION"
"""Seconds that a stand-in takes to build something."""
_PRIVATE: Final = stat.S_IRUSR | stat.S_IWUSR


class SandboxError(OpsctlError):
    """The sandbox does not run, or cannot be started or stopped."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """One running stand-in."""

    endpoint: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a sandbox. ``missing`` names the clouds that could not be started, with the reason."""

    running: bool
    folder: str
    pid: int = 0
    started: str = ""
    """The process's start time in the kernel's own count: with the pid it names one process for ever."""
    faults: str = ""
    clouds: Mapping[str, Cloud] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)


def sandbox_folder() -> Path:
    """Where the sandbox keeps its file: OPSCTL_SANDBOX, or the user's folder for state."""
    given = os.environ.get(FOLDER)
    if given:
        return Path(given)
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "opsctl" / "sandbox"


def sandbox_settings(family: str, folder: Path | None = None) -> Mapping[str, Any]:
    """What a provider needs to connect to its stand-in. Raises SandboxError where that does not run."""
    now = status(folder)
    if not now.running:
        raise SandboxError(f"the sandbox does not run, and {family} is to use it\nhint: opsctl sandbox up")
    if family not in now.clouds:
        reason = now.missing.get(family, "it has no stand-in of this name")
        raise SandboxError(f"the sandbox runs without {family}: {reason}")
    return now.clouds[family].settings


def reachable(family: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings with the local stand-in's address where they say ``endpoint: sandbox``."""
    if settings.get("endpoint") != "sandbox":
        return settings
    rest = {k: v for k, v in settings.items() if k != "endpoint"}
    return {**sandbox_settings(family), **rest}


def status(folder: Path | None = None) -> Status:
    """What the file says, if its process is still the one that wrote it."""
    place = (folder or sandbox_folder()).absolute()
    try:
        said = json.loads((place / FILE).read_text("utf-8"))
        clouds = {name: Cloud(**cloud) for name, cloud in said.pop("clouds").items()}
        known = Status(**{**said, "clouds": clouds})
    except FileNotFoundError:
        return Status(running=False, folder=str(place))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise SandboxError(
            f"{place / FILE} cannot be read: {error}\nhint: delete it, then opsctl sandbox up"
        ) from error
    if not _alive(known.pid, known.started):
        return Status(running=False, folder=str(place))
    return known


def up(folder: Path | None = None, faults: Path | None = None, *, timeout: float = 60.0) -> Status:
    """Start the sandbox where it does not run, and wait until it answers."""
    place = (folder or sandbox_folder()).absolute()
    now = status(place)
    if now.running:
        _same_faults(now, faults)
        return now
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    process = _spawn(place, faults)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        now = status(place)
        if now.running:
            process.returncode = 0  # it is meant to live on: no warning about a child that nobody waits for
            return now
        if process.poll() is not None:
            raise SandboxError(f"the sandbox did not start: {_last_words(place)}")
        time.sleep(0.05)
    process.terminate()
    process.wait()
    raise SandboxError(f"the sandbox did not answer within {timeout:.0f} s: {_last_words(place)}")


def _same_faults(now: Status, faults: Path | None) -> None:
    wanted = str(faults.absolute()) if faults else ""
    if faults is not None and wanted != now.faults:
        other = f"with the faults of {now.faults}" if now.faults else "without faults"
        raise SandboxError(f"the sandbox runs already, {other}\nhint: opsctl sandbox down, then up again")


def _spawn(place: Path, faults: Path | None) -> subprocess.Popen[bytes]:
    """A process in a session of its own, with no terminal and nothing of ours open."""
    command = [sys.executable, "-m", "orchestrator", "sandbox", "serve", "--folder", str(place)]
    if faults is not None:
        command += ["--faults", str(faults.absolute())]
    log = os.open(place / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    try:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=place
        )
    finally:
        os.close(log)


def _last_words(place: Path) -> str:
    try:
        lines = (place / LOG).read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return " / ".join(lines[-3:]) or "it said nothing"


def down(folder: Path | None = None, *, timeout: float = 10.0) -> bool:
    """Stop the sandbox; returns whether one ran."""
    now = status(folder)
    if not now.running:
        with suppress(FileNotFoundError):
            (Path(now.folder) / FILE).unlink()
        return False
    for number, seconds in ((signal.SIGTERM, timeout), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.kill(now.pid, number)
        if _gone(now, seconds):
            with suppress(FileNotFoundError):
                (Path(now.folder) / FILE).unlink()
            return True
    raise SandboxError(f"the sandbox's process {now.pid} does not end")


def _gone(now: Status, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _alive(now.pid, now.started):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def serve(manifests: Sequence[Manifest], folder: Path | None = None, faults: Path | None = None) -> int:
    """Run every stand-in that can be run, until SIGTERM or SIGINT. Raises SandboxError where none can be."""
    place = (folder or sandbox_folder()).absolute()
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    running, missing, close = _start(manifests, place, faults)
    if not running:
        reasons = "; ".join(f"{name}: {why}" for name, why in missing.items()) or "no provider has a stand-in"
        raise SandboxError(f"nothing to run: {reasons}")
    now = Status(
        running=True,
        folder=str(place),
        pid=os.getpid(),
        started=_started(os.getpid()),
        faults=str(faults.absolute()) if faults else "",
        clouds={name: Cloud(cloud.endpoint, dict(cloud.settings)) for name, cloud in running.items()},
        missing=missing,
    )
    try:
        _write(place / FILE, asdict(now))
        ended.wait()
    finally:
        with suppress(FileNotFoundError):
            (place / FILE).unlink()
        close()
    return 0


def _start(
    manifests: Sequence[Manifest], place: Path, faults: Path | None
) -> tuple[dict[str, Any], dict[str, str], Callable[[], None]]:
    """The stand-ins that run, why the others do not, and what ends them all."""
    try:
        from orchestrator.kit.simulation.faults import Faults  # noqa: PLC0415 - needs the sandbox extra
        from orchestrator.kit.simulation.responders import Responders  # noqa: PLC0415
    except ImportError as error:
        raise SandboxError(
            f"the sandbox is not installed ({error.name})\nhint: {_install('sandbox')}"
        ) from None
    rules, responders = Faults(file=faults), Responders()
    seconds = float(os.environ.get(TRANSITION) or 0.3)
    running: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for manifest in manifests:
        if not manifest.sandbox:
            continue
        try:
            start = importlib.import_module(manifest.sandbox).start
            running[manifest.family] = start(
                folder=place, faults=rules, responders=responders, transition_seconds=seconds, port=0
            )
        except ImportError as error:
            missing[manifest.family] = f"{error.name or error} is not installed: {_install('sandbox')}"
        except OSError as error:
            missing[manifest.family] = str(error)

    def close() -> None:
        for cloud in running.values():
            cloud.close()
        responders.close_all()

    return running, missing, close


def _install(extra: str) -> str:
    return f"pip install 'opsctl-orchestrator[{extra}]'"


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """All of it or nothing, readable for its owner only."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
    temporary.replace(path)


def _alive(pid: int, started: str) -> bool:
    """Whether a process lives, and is the one that was meant: numbers are used again."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False
    now = _started(pid)
    return now == started if now or started else True


def _started(pid: int) -> str:
    """When a process started, in the kernel's clock ticks; empty for a zombie or where /proc does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
