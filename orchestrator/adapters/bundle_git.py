"""Bundles from a Git repository: ``git+https://host/repo.git//folder?ref=v1``.

Enters: such an address. Leaves: the folder's files at that commit, and its hash. Holds: ``git`` is run with an
argument list, asks nobody for a password, runs no helper that an address names, and is given no more than two minutes.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from orchestrator.adapters.bundle_content import unpacked
from orchestrator.model.errors import OpsctlError

_SCHEMES: Final = ("https", "ssh", "file")
_SECONDS: Final = 120
_REF: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+-]*")


def fetch(address: str) -> tuple[dict[str, bytes], str]:
    """The files, and the commit. Raises OpsctlError."""
    url, folder, ref = parts(address)
    with tempfile.TemporaryDirectory(prefix="opsctl-git-") as place:
        here = Path(place)
        _git(address, "init", "--quiet", "--bare", str(here))
        _git(address, "fetch", "--quiet", "--depth=1", "--no-tags", "--end-of-options", url, ref, at=here)
        commit = _git(address, "rev-parse", "FETCH_HEAD", at=here).decode().strip()
        tree = f"{commit}:{folder}" if folder else commit
        archive = _git(address, "archive", "--format=tar", tree, at=here)
    return unpacked(archive, address), commit


def parts(address: str) -> tuple[str, str, str]:
    """Repository, folder and ref of an address. Raises OpsctlError where it is none."""
    split = urlsplit(address.removeprefix("git+"))
    path, _, folder = split.path.partition("//")
    query = dict(parse_qsl(split.query))
    ref = query.pop("ref", "HEAD")
    folder = folder.strip("/")
    if (
        split.scheme not in _SCHEMES
        or not path
        or query
        or not _REF.fullmatch(ref)
        or ".." in folder.split("/")
    ):
        raise OpsctlError(
            f"{address!r} is no address of policies in Git\n"
            "hint: write git+https://host/repository.git//folder?ref=v1 (or git+ssh://, git+file://)"
        )
    return f"{split.scheme}://{split.netloc}{path}", folder, ref


def _git(address: str, *arguments: str, at: Path | None = None) -> bytes:
    settings = ["-c", "protocol.ext.allow=never", "-c", "core.hooksPath=/dev/null"]
    where = ["--git-dir", str(at)] if at is not None else []
    environ = {
        **os.environ,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    }
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        environ.pop(name, None)
    try:
        done = subprocess.run(
            ["git", *settings, *where, *arguments],  # noqa: S607 - the user's own git, from PATH
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise OpsctlError(f"policies from {address}: git is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise OpsctlError(f"policies from {address}: git took more than {_SECONDS} seconds") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise OpsctlError(f"policies from {address}: {said[-1] if said else 'git failed'}")
    return done.stdout
