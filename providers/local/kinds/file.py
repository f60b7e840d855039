"""``Local::File``: one text file, written whole and atomically.

Its identity is its path. A file carries no marker, so one that lies where a new one is wanted is ours only if
it holds the very content that we would write; any other is foreign, and refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from orchestrator.kit import compare
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Proposal, ReadResult, Ref, Request
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret, Unknown, contains, reveal
from providers.local import disk

TYPE: Final = TypeName("Local::File")
MODE: Final = "0600"
LIMIT: Final = 4 * 1024 * 1024
"""Bytes of content that are read and compared; a longer file can only be told by its digest."""
Count = Callable[[str], None]


class File:
    """Files below one folder, or anywhere where ``outside`` allows it. ``count`` is told of every operation."""

    def __init__(self, folder: Path, *, outside: bool, count: Count) -> None:
        self._folder = folder
        self._outside = outside
        self._count = count
        self.schema = SCHEMA

    def read(self, refs: Sequence[Ref]) -> ReadResult:
        """One read a file; by the id, which is its path as written, or by the path that is wanted."""
        found = {}
        calls = 0
        for ref in refs:
            name = ref.id or ref.spec.get("path")
            if isinstance(name, str):
                calls += 1
                seen = self._look(name, secret=contains(ref.spec.get("content"), Secret))
                if seen is not None:
                    found[ref.address] = seen
        return ReadResult(found, calls)

    def propose(self, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]) -> Proposal:
        """As the schema says: another path is another file."""
        return compare.propose(self.schema, prior, want, last)

    def begin(self, request: Request) -> Done:
        """Write or remove."""
        want = reveal(request.want)
        secret = contains(request.want.get("content"), Secret)
        match request.action:
            case Action.DELETE:
                self._remove(request)
                return Done(None)
            case Action.READ:
                return Done(self._look(str(want["path"]), secret=secret))
            case Action.CREATE:
                self._create(str(want["path"]), str(want["content"]), mode_of(want))
            case _:
                self._count("WriteFile")
                disk.replace(self._place(str(want["path"])), str(want["content"]).encode(), mode_of(want))
        return Done(self._look(str(want["path"]), secret=secret))

    def find(self, intent: Intent) -> Observed | None:
        """A created file is known by its content.

        Where that is a secret which is not at hand, the answer is no: to create it again does no harm.
        """
        name, content = intent.spec.get("path", intent.id), intent.spec.get("content")
        if not isinstance(name, str):
            return None
        seen = self._look(name, secret=contains(content, Secret))
        if seen is None or intent.action is not Action.CREATE:
            return seen
        return seen if seen.spec["content"] == reveal(content) else None

    def _create(self, name: str, content: str, mode: int) -> None:
        """Exclusive: what another put there stays. The same content is an earlier try of ours."""
        place = self._place(name)
        self._count("WriteFile")
        if disk.create(place, content.encode(), mode):
            return
        there = disk.look(place, LIMIT)
        if there is None or there.content != content.encode():
            raise PermanentError(
                f"{name} exists and is not ours: import it, or move it away", "WriteFile", "Exists"
            )
        disk.replace(place, content.encode(), mode)

    def _remove(self, request: Request) -> None:
        name = request.prior.id if request.prior is not None else request.want.get("path")
        if isinstance(name, str):
            self._count("DeleteFile")
            disk.remove(self._place(name))

    def _look(self, name: str, *, secret: bool) -> Observed | None:
        """What lies at a path. The digest of a secret is not told: a short one could be guessed from it."""
        self._count("ReadFile")
        place = self._place(name)
        there = disk.look(place, LIMIT)
        if there is None:
            return None
        digest = hashlib.sha256(there.content).hexdigest() if there.size == len(there.content) else "too long"
        spec = {"path": name, "content": _text(there, digest), "mode": f"{there.mode:04o}"}
        status = {"id": name, "path": str(place), "sha256": "" if secret else digest, "size": there.size}
        return Observed(name, spec, status)

    def _place(self, name: str) -> Path:
        """Where a path leads. Raises PermanentError where that is outside of the folder and must not be."""
        place = self._folder / name
        parent = place.parent.resolve()
        if not self._outside and not parent.is_relative_to(self._folder.resolve()):
            raise PermanentError(
                f"{name} lies outside of the stack's folder; the provider's setting `outside: true` allows that",
                "Local::File",
                "Outside",
            )
        return parent / place.name


def mode_of(spec: Mapping[str, Any]) -> int:
    """The permission bits that a spec asks for."""
    return int(str(spec.get("mode") or MODE), 8)


def _text(there: disk.Found, digest: str) -> str:
    """What is no text, or too long, is shown by its digest: it differs from anything that was wanted."""
    try:
        if there.size == len(there.content):
            return there.content.decode()
    except UnicodeDecodeError:
        pass
    return f"({there.size} bytes, sha256 {digest})"


def _mode(mode: Any) -> Any:
    return mode if isinstance(mode, Unknown) or not str(mode).isdigit() else f"{int(str(mode), 8):04o}"


def _refine(spec: Mapping[str, Any]) -> list[str]:
    """The messages of what no schema can say."""
    messages = []
    path, content = spec.get("path"), spec.get("content")
    if isinstance(path, str) and (not path.strip("./") or path.endswith("/")):
        messages.append(f"path {path!r} names no file")
    if isinstance(content, str) and len(content.encode()) > LIMIT:
        messages.append(f"content is longer than {LIMIT} bytes")
    return messages


SCHEMA: Final = KindSchema(
    type=TYPE,
    summary="a text file",
    spec=Property(
        "object",
        properties={
            "path": Property(
                "string", "where it lies, from the stack's folder", required=True, create_only=True
            ),
            "content": Property("string", "all of its text", required=True),
            "mode": Property(
                "string",
                'permission bits in quotes: "0644"',
                pattern=r"^0?[0-7]{3}$",
                default=MODE,
                normalize=_mode,
            ),
        },
    ),
    status=Property(
        "object",
        properties={
            "id": Property("string", "its path as written", stable=True),
            "path": Property("string", "its absolute path", stable=True),
            "sha256": Property("string", "digest of its content; empty where that is a secret"),
            "size": Property("integer", "in bytes"),
        },
    ),
    reads=(ReadWay(How.GET),),
    marking=Marking.NATURAL,
    natural_key=("path",),
    refine=_refine,
)
