"""Policies and their data from folders.

Enters: paths of folders or files. Leaves: a Bundle; module names are paths from the current folder, or
from the bundle's own where it is elsewhere.
Holds: what cannot be read is an error, never an empty bundle that allows everything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Final

import msgspec
import yaml

from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.verdict import Bundle

_DATA: Final = frozenset((".json", ".yaml", ".yml"))
LARGEST: Final = 16 << 20


def load_bundle(paths: Sequence[Path | str], params: Mapping[str, Any] | None = None) -> Bundle:
    """All modules (``*.rego``, tests included) and data files below these paths.

    A data file's content goes under ``data`` at its folder's place, as OPA does it: ``a/b/x.yaml`` below a given
    folder is ``data.a.b``. ``params`` are the stack's own, under ``data.opsctl.params``; they win.
    Raises InvalidSpecError with everything that is wrong.
    """
    modules: dict[str, str] = {}
    data: dict[str, Any] = {}
    wrong: list[Diagnostic] = []
    for path in map(Path, paths):
        files = list(files_of(path, wrong))
        for file, root in files:
            try:
                _add(file, root, modules, data)
            except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
                wrong.append(trouble(file, error))
        if not wrong and not any(file.suffix == ".rego" for file, _ in files):
            wrong.append(
                Diagnostic("there is no policy in here", Position(str(path)), "a *.rego file was expected")
            )
    if params:
        try:
            merge_data(data, {"opsctl": {"params": dict(params)}}, overwrite=True)
        except ValueError as error:
            wrong.append(Diagnostic(f"the policies' parameters: {error}"))
    if wrong:
        raise InvalidSpecError(tuple(wrong))
    return Bundle(modules, data)


def files_of(path: Path, wrong: list[Diagnostic]) -> Iterator[tuple[Path, Path]]:
    """Files to read, each with the folder that its place in ``data`` counts from, in a stable order."""
    if path.is_file():
        yield path, path.parent
        return
    if not path.is_dir():
        wrong.append(Diagnostic("there is no such policy folder", Position(str(path))))
        return

    def unreadable(error: OSError) -> None:
        wrong.append(trouble(Path(error.filename or path), error))

    for folder, folders, names in os.walk(path, onerror=unreadable):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if not name.startswith(".") and (file.suffix in _DATA or file.suffix == ".rego"):
                yield file, path


def _add(file: Path, root: Path, modules: dict[str, str], data: dict[str, Any]) -> None:
    if file.stat().st_size > LARGEST:
        raise ValueError(f"the file is larger than {LARGEST >> 20} MiB")
    text = file.read_text(encoding="utf-8")
    add_text(text, shown(file, root), file.relative_to(root), modules, data)


def add_text(text: str, name: str, place: PurePath, modules: dict[str, str], data: dict[str, Any]) -> None:
    """Put a module under its name, or a data file's content where its ``place`` in the bundle says.

    Raises ValueError (or yaml's and msgspec's errors) that says what is wrong with it.
    """
    if place.suffix == ".rego":
        if modules.setdefault(name, text) != text:
            raise ValueError(f"another policy is called {name} too: rename one of the folders")
        return
    content = msgspec.json.decode(text) if place.suffix == ".json" else yaml.safe_load(text)
    if content is None:
        return
    if not isinstance(content, dict):
        raise ValueError("a mapping was expected")  # noqa: TRY004 - reported with the file's name
    for part in reversed(place.parent.parts):
        content = {part: content}
    merge_data(data, content)


def shown(file: Path, root: Path) -> str:
    """A name that a person recognises, and an editor finds where it can: no path of this machine."""
    here, path = Path.cwd(), file.resolve()
    return str(path.relative_to(here if path.is_relative_to(here) else root.resolve().parent))


def merge_data(
    into: dict[str, Any], more: Mapping[str, Any], *, overwrite: bool = False, at: str = "data"
) -> None:
    """Lay ``more`` into data. Raises ValueError where a value is there already and may not be replaced."""
    for key, value in more.items():
        if not isinstance(key, str):
            raise ValueError(f"the key {key!r} of {at} is no string")  # noqa: TRY004 - as above
        here = into.get(key)
        if isinstance(here, dict) and isinstance(value, dict):
            merge_data(here, value, overwrite=overwrite, at=f"{at}.{key}")
        elif key in into and not overwrite:
            raise ValueError(f"{at}.{key} is set by another data file too")
        else:
            into[key] = value


def trouble(file: PurePath, error: Exception) -> Diagnostic:
    """What reading a file of a bundle failed at, in our words."""
    match error:
        case UnicodeDecodeError():
            return Diagnostic("the file is not UTF-8 text", Position(str(file)))
        case yaml.MarkedYAMLError(problem_mark=mark) if mark is not None:
            return Diagnostic(
                f"not YAML: {error.problem}", Position(str(file), mark.line + 1, mark.column + 1)
            )
        case msgspec.DecodeError():
            return Diagnostic(f"not JSON: {error}", Position(str(file)))
        case OSError(strerror=why):
            return Diagnostic(f"cannot be read: {why}", Position(str(file)))
        case RecursionError():
            return Diagnostic("the file is nested too deep", Position(str(file)))
        case _:
            return Diagnostic(str(error), Position(str(file)))
