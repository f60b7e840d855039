"""fmt and policy fmt: files laid out in place, or what would change in them shown."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from orchestrator import bootstrap
from orchestrator.cli.console import Console
from orchestrator.cli.render.values import count
from orchestrator.model.errors import OpsctlError

STDIN = Path("-")


def fmt(console: Console, paths: Sequence[Path], *, dry: bool, diff: bool) -> int:
    """Lay out the files of the stack, or those that are named; ``-`` is stdin to stdout."""
    if STDIN in paths:
        if len(paths) > 1:
            raise OpsctlError(
                "- stands alone: what comes from stdin goes to stdout\nhint: opsctl fmt - < app.yaml"
            )
        return _piped(console, dry=dry, diff=diff)
    return rewrite(
        console, bootstrap.spec_files(paths or [Path()]), bootstrap.spec_format, dry=dry, diff=diff
    )


def rewrite(
    console: Console, files: Sequence[Path], layout: Callable[[str], str], *, dry: bool, diff: bool
) -> int:
    """Each file as ``layout`` has it. Files that cannot be laid out are told, and the others still are.

    ``dry``: only say which would change. Ends with 1 where one would, or one cannot be laid out.
    """
    changed, wrong = 0, 0
    for file in files:
        try:
            before = _text(file)
            after = layout(before)
        except OpsctlError as error:
            wrong += 1
            console.say(f"error: {file}: {error}")
            continue
        if after == before:
            continue
        changed += 1
        console.result(_difference(str(file), before, after) if diff else str(file))
        if not dry:
            _replace(file, after)
    told = "would change" if dry else "changed"
    console.say(f"{count(changed, 'file')} of {len(files)} {told}.")
    return 1 if wrong or (dry and changed) else 0


def _piped(console: Console, *, dry: bool, diff: bool) -> int:
    before = sys.stdin.read()
    after = bootstrap.spec_format(before)
    if diff:
        console.result(_difference("stdin", before, after).rstrip("\n"))
    elif not dry:
        console.result(after.rstrip("\n"))
    return 1 if dry and after != before else 0


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise OpsctlError(f"it cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError:
        raise OpsctlError("the file is not UTF-8 text") from None


def _replace(file: Path, text: str) -> None:
    """All of it or nothing: a full disk leaves the file as it was."""
    real = file.resolve()
    temporary = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        temporary.write_bytes(text.encode())
        shutil.copymode(real, temporary)
        temporary.replace(real)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OpsctlError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}") from error


def _difference(name: str, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), name, name
    )
    return "".join(lines)
