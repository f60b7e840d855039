"""Documents about policy: waivers, and the trusted base.

Enters: files. Leaves: waivers, or a base with what it allows. Holds: a waiver without a reason, an owner or a day is
no waiver, and a key that cannot be read is no approver: each is an error with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from orchestrator.adapters.approval_files import approver
from orchestrator.kit.yaml_positions import Parsed, read
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.envelope import VERSION
from orchestrator.model.errors import InvalidSpecError, OpsctlError
from orchestrator.model.schema import Property, check
from orchestrator.model.verdict import Approver, Level, Waiver

BASE_FILE: Final = "policy.yaml"
_TEXT: Final = Property("string", required=True)
_STRINGS: Final = Property("array", items=Property("string"))
_FREE: Final = Property("object", additional=Property())
_HEAD: Final = {
    "apiVersion": Property("string", required=True, enum=(VERSION,)),
    "kind": _TEXT,
    "metadata": Property(
        "object", properties={"name": _TEXT, "labels": _FREE, "annotations": _FREE}, required=True
    ),
}
LEVELS: Final = Property("object", additional=Property("string", enum=tuple(Level)))
SOURCES: Final = Property("array", items=Property(("string", "object"), additional=Property()))
_WAIVER: Final = Property(
    "object",
    properties={
        **_HEAD,
        "rule": _TEXT,
        "address": _TEXT,
        "code": Property("string"),
        "reason": _TEXT,
        "owner": _TEXT,
        "expires": _TEXT,
    },
)
_BASE: Final = Property(
    "object",
    properties={
        **_HEAD,
        "bundles": SOURCES,
        "data": _FREE,
        "levels": LEVELS,
        "waivers": _STRINGS,
        "approvers": Property(
            "array", items=Property("object", properties={"name": _TEXT, "key": _TEXT, "rules": _STRINGS})
        ),
        "approvals": Property("integer", minimum=1, maximum=100),
        "allow": Property("object", properties={"lower": _STRINGS, "waive": _STRINGS, "data": _STRINGS}),
    },
)


@dataclass(frozen=True, slots=True)
class BaseDocument:
    """A trusted base as it is written; its bundles are not read yet."""

    name: str
    folder: Path
    bundles: Sequence[Any]
    data: Mapping[str, Any]
    levels: Mapping[str, Level]
    waivers: tuple[Waiver, ...]
    approvers: tuple[Approver, ...]
    approvals: int
    allow: Mapping[str, tuple[str, ...]]


def read_waivers(folder: Path, names: Sequence[str]) -> tuple[Waiver, ...]:
    """The waivers of files and folders, named from ``folder``. Raises InvalidSpecError with all that is wrong."""
    wrong: list[Diagnostic] = []
    found: list[Waiver] = []
    for file in _files(folder, names, wrong):
        for parsed in _documents(file, "Waiver", _WAIVER, wrong):
            waiver = _waiver(parsed, wrong)
            if waiver is not None:
                found.append(waiver)
    names_seen: dict[str, Waiver] = {}
    for waiver in found:
        other = names_seen.setdefault(waiver.name, waiver)
        if other is not waiver:
            at = Position(waiver.file, waiver.line)
            wrong.append(
                Diagnostic(f"another waiver is called {waiver.name} too: {other.file}:{other.line}", at)
            )
    if wrong:
        raise InvalidSpecError(tuple(wrong))
    return tuple(found)


def read_base(folder: Path) -> BaseDocument:
    """The trusted base in a folder. Raises InvalidSpecError with all that is wrong."""
    file = folder / BASE_FILE
    wrong: list[Diagnostic] = []
    if not file.is_file():
        hint = f"a trusted base is a folder with a {BASE_FILE} of kind PolicyBase"
        raise InvalidSpecError(
            (Diagnostic(f"there is no {BASE_FILE} in {folder}", Position(str(folder)), hint),)
        )
    documents = list(_documents(file, "PolicyBase", _BASE, wrong))
    if not wrong and len(documents) != 1:
        wrong.append(
            Diagnostic(
                f"one document of kind PolicyBase was expected, not {len(documents)}", Position(str(file))
            )
        )
    approvers = _approvers(documents[0], wrong) if not wrong else ()
    if wrong:
        raise InvalidSpecError(tuple(wrong))
    body = documents[0].body
    allow = body.get("allow") or {}
    return BaseDocument(
        body["metadata"]["name"],
        folder,
        body.get("bundles") or (),
        body.get("data") or {},
        {rule: Level(level) for rule, level in (body.get("levels") or {}).items()},
        read_waivers(folder, body.get("waivers") or ()),
        approvers,
        body.get("approvals", 1),
        {name: tuple(allow.get(name) or ()) for name in ("lower", "waive", "data")},
    )


def _files(folder: Path, names: Sequence[str], wrong: list[Diagnostic]) -> Iterator[Path]:
    for name in names:
        path = folder / name
        if path.is_file():
            yield path
        elif path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix in (".yaml", ".yml") and p.is_file())
        else:
            wrong.append(
                Diagnostic(
                    "there are no such waivers", Position(str(path)), "a file or a folder was expected"
                )
            )


def _documents(file: Path, kind: str, schema: Property, wrong: list[Diagnostic]) -> Iterator[Parsed]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        wrong.append(Diagnostic(f"cannot be read: {error}", Position(str(file))))
        return
    reading = read(text, _shown(file))
    wrong += reading.diagnostics
    for parsed in reading.documents:
        body = parsed.body
        if not isinstance(body, Mapping) or body.get("kind") != kind:
            wrong.append(Diagnostic(f"a document of kind {kind} was expected", parsed.source.position(())))
            continue
        violations = list(check(body, schema))
        wrong += [Diagnostic(v.message, parsed.source.position(v.path) or None, v.hint) for v in violations]
        if not violations:
            yield parsed


def _shown(file: Path) -> str:
    """From the present folder where it is below it."""
    here = Path.cwd()
    path = file.resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(file)


def _waiver(parsed: Parsed, wrong: list[Diagnostic]) -> Waiver | None:
    body = parsed.body
    try:
        expires = date.fromisoformat(str(body["expires"])).isoformat()
    except ValueError:
        at = parsed.source.position(("expires",))
        wrong.append(
            Diagnostic(f"expires is {body['expires']!r}, which is no day", at, "write it as 2027-01-31")
        )
        return None
    empty = [name for name in ("rule", "address", "reason", "owner") if not str(body[name]).strip()]
    wrong += [Diagnostic(f"{name} is empty", parsed.source.position((name,))) for name in empty]
    at = parsed.source.position(("metadata", "name"))
    return Waiver(
        body["metadata"]["name"],
        body["rule"],
        body["address"],
        " ".join(str(body["reason"]).split()),
        body["owner"],
        expires,
        body.get("code", ""),
        at.file,
        at.line,
    )


def _approvers(parsed: Parsed, wrong: list[Diagnostic]) -> tuple[Approver, ...]:
    found: list[Approver] = []
    for index, item in enumerate(parsed.body.get("approvers") or ()):
        try:
            found.append(approver(item["name"], item["key"], tuple(item.get("rules") or ())))
        except OpsctlError as error:
            message, _, hint = str(error).partition("\nhint: ")
            wrong.append(Diagnostic(message, parsed.source.position(("approvers", index, "key")), hint))
    keys = [a.fingerprint for a in found]
    doubled = next((a for a in found if keys.count(a.fingerprint) > 1), None)
    if doubled is not None:
        wrong.append(
            Diagnostic(f"the key of {doubled.name} is listed twice", parsed.source.position(("approvers",)))
        )
    return tuple(found)
