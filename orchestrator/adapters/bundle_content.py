"""What a bundle of policies holds, wherever it comes from: files by path, their digest, and what they mean.

Enters: a tarball's bytes, or files by path. Leaves: modules, data, revision. The layout is OPA's (docs: "Bundle File
Format"): ``.manifest`` names revision, roots and the Rego version; with one, only ``data.json`` and ``data.yaml`` are
data. Holds: a tarball is never unpacked to disk by the paths that it names, and may not expand without end.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec
import yaml

from orchestrator.adapters.policy_files import LARGEST, add_text, trouble
from orchestrator.adapters.policy_metadata import V0_MARK
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.errors import InvalidSpecError

MANIFEST: Final = ".manifest"
_SUFFIXES: Final = (".rego", ".json", ".yaml", ".yml")
_DATA: Final = frozenset(("data.json", "data.yaml", "data.yml"))
_MOST: Final = 10_000
"""Files of one bundle."""
_WHOLE: Final = 128 << 20
"""Bytes of all its files together."""

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Content:
    """A bundle's policies, ready to be loaded."""

    modules: Mapping[str, str]
    data: Mapping[str, Any]
    revision: str = ""


def digest_of(files: Files) -> str:
    """``sha256:`` and hex over every file's path and content, in order of path: the same however it was packed."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(hashlib.sha256(path.encode()).digest() + hashlib.sha256(files[path]).digest())
    return f"sha256:{whole.hexdigest()}"


def unpacked(archive: bytes, name: str) -> dict[str, bytes]:
    """The files of a tarball (gzip or plain) that belong to a bundle. Raises InvalidSpecError."""
    files: dict[str, bytes] = {}
    total = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as tar:
            for member in tar:
                path = PurePosixPath(member.name.lstrip("/"))
                if not member.isfile() or not _belongs(path):
                    continue
                total += member.size
                if total > _WHOLE or member.size > LARGEST or len(files) >= _MOST:
                    raise _refused(
                        name, "it is larger than a bundle may be", "128 MiB and 10,000 files are read"
                    )
                inner = tar.extractfile(member)
                files[str(path)] = inner.read() if inner is not None else b""
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise _refused(
            name, f"it is no tarball that can be read ({error})", "OPA's bundles are .tar.gz"
        ) from error
    return files


def _belongs(path: PurePosixPath) -> bool:
    inside = not any(part == ".." or (part.startswith(".") and part != MANIFEST) for part in path.parts)
    return inside and (path.name == MANIFEST or path.suffix in _SUFFIXES)


def content_of(files: Files, name: str) -> Content:
    """Modules (named below ``name``), data and revision. Raises InvalidSpecError with everything that is wrong."""
    manifest = _manifest(files, name)
    modules: dict[str, str] = {}
    data: dict[str, Any] = {}
    wrong: list[Diagnostic] = []
    for path, raw in sorted(files.items()):
        place = PurePosixPath(path)
        if place.name == MANIFEST or (
            manifest is not None and place.suffix != ".rego" and place.name not in _DATA
        ):
            continue
        try:
            text = raw.decode()
            legacy = _is_legacy(manifest, path) and not V0_MARK.search(text)
            add_text(
                f"{text}\n# rego-version: 0\n" if legacy else text, f"{name}/{path}", place, modules, data
            )
        except (ValueError, yaml.YAMLError, RecursionError) as error:
            wrong.append(trouble(PurePosixPath(name, path), error))
    if not wrong and not modules:
        wrong.append(Diagnostic("there is no policy in here", Position(name), "a *.rego file was expected"))
    if wrong:
        raise InvalidSpecError(tuple(wrong))
    return Content(modules, data, str((manifest or {}).get("revision", "")))


def _manifest(files: Files, name: str) -> dict[str, Any] | None:
    if MANIFEST not in files:
        return None
    try:
        body = msgspec.json.decode(files[MANIFEST])
    except msgspec.DecodeError as error:
        raise _refused(f"{name}/{MANIFEST}", f"not JSON: {error}", "") from error
    if not isinstance(body, dict):
        raise _refused(f"{name}/{MANIFEST}", "an object was expected", "")
    return body


def _is_legacy(manifest: Mapping[str, Any] | None, path: str) -> bool:
    """Whether the manifest says that a file is legacy Rego."""
    if manifest is None:
        return False
    per_file = manifest.get("file_rego_versions")
    for pattern, version in per_file.items() if isinstance(per_file, dict) else ():
        if PurePosixPath("/", path).match(str(pattern)):
            return bool(version == 0)
    return bool(manifest.get("rego_version", 1) == 0)


def _refused(place: str, message: str, hint: str) -> InvalidSpecError:
    return InvalidSpecError((Diagnostic(message, Position(place), hint),))
