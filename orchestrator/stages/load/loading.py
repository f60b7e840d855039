"""The walk over the files of a stack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.kit.findings import Findings
from orchestrator.kit.yaml_positions import Parsed, read
from orchestrator.model.diagnostic import Diagnostic, Position, Severity, did_you_mean
from orchestrator.model.document import Document
from orchestrator.model.envelope import NAME, envelope_violations
from orchestrator.model.ids import StackId
from orchestrator.model.stack import Stack
from orchestrator.stages.load.checking import Checker
from orchestrator.stages.load.files import ENVIRONMENTS, STACK_FILE, find, text_of
from orchestrator.stages.load.overlay import patched
from orchestrator.stages.load.places import placed
from orchestrator.stages.load.stack_file import guard_of, stack_of


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stack and its documents as they are written."""

    stack: Stack
    documents: tuple[Document, ...] = ()
    """Well-formed ones only, in the order of files and lines; composite types are among them."""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether there is an error among the diagnostics."""
        return any(d.severity is Severity.ERROR for d in self.diagnostics)


def load(
    folder: Path,
    *,
    environment: str | None = None,
    params: Mapping[str, str] | None = None,
    paths: Sequence[Path] = (),
    untrusted: bool = False,
    trusted: Path | None = None,
) -> Loaded:
    """Everything that a stack's files say.

    ``params`` are texts by name, read by the parameter's type. ``paths`` are files or folders of further documents,
    such as the composite types that ship. An ``untrusted`` run reads no environment variable and no local secret.
    The stack file and its environments come from the folder ``trusted`` where one is given: a stranger's resources
    under our own configuration.
    Never raises for what the files hold: see ``diagnostics``.
    """
    loader = _Loader(folder, untrusted=untrusted, home=trusted or folder)
    stack, overlay = loader.stack(environment, params or {})
    documents = loader.documents(stack, overlay, paths) if stack is not None else ()
    found = tuple(dict.fromkeys(loader.found.diagnostics))
    return Loaded(stack or Stack(folder.name, StackId(folder.name), str(folder)), documents, found)


def load_guard(folder: Path, environment: str) -> Loaded:
    """What guards the saved plans of a stack; of its files only ``opsctl.yaml`` is read.

    Where there is none, nothing guards them: a stack without a name.
    """
    loader = _Loader(folder, untrusted=False, home=folder)
    path = folder / STACK_FILE
    document = loader.only(path, "Stack") if path.exists() else None
    if document is None:
        return Loaded(Stack("", StackId("")), (), tuple(loader.found.diagnostics))
    stack = guard_of(document, environment, folder=folder, found=loader.found)
    return Loaded(stack, (), tuple(dict.fromkeys(loader.found.diagnostics)))


def _policy_places(policy: Mapping[str, Any]) -> Iterator[str]:
    """Names of files and folders that are about policy: they hold no resources."""
    for name in ("bundles", "waivers"):
        listed = policy.get(name)
        for item in listed if isinstance(listed, list) else ():
            yield str(item.get("source", "") if isinstance(item, Mapping) else item)
    if policy.get("base"):
        yield str(policy["base"])


class _Loader:
    def __init__(self, folder: Path, *, untrusted: bool, home: Path) -> None:
        self.folder = folder
        self.home = home
        self.untrusted = untrusted
        self.found = Findings()
        self.interned: dict[str, str] = {}

    def read(self, path: Path, *, quiet: bool = False) -> list[Parsed]:
        """The documents of one file; what is wrong with it is told."""
        text = text_of(path)
        if isinstance(text, Diagnostic):
            self.found.diagnostics.append(text)
            return []
        reading = read(text, str(path), self.interned)
        self.found.diagnostics += reading.diagnostics
        if not reading.documents and not reading.diagnostics and not quiet:
            message = f"{path} is empty" if not text.strip() else f"{path} holds no document"
            self.found.warn(message, Position(str(path)), "remove it, or write a document")
        return reading.documents

    def stack(
        self, environment: str | None, given: Mapping[str, str]
    ) -> tuple[Stack | None, Document | None]:
        """The stack, and its environment's overlay."""
        path = self.home / STACK_FILE
        if not self._is_there(path):
            return None, None
        overlay, usable = self._overlay(environment) if environment else (None, True)
        document = self.only(path, "Stack")
        if document is None or not usable:
            return None, overlay
        checker = Checker((), tuple(document.body.get("env") or ()), self.found, untrusted=self.untrusted)
        source: Any = document.source
        checker.expressions(document.body.get("outputs"), source, ("outputs",))
        stack = stack_of(
            document, overlay, given, folder=self.home, found=self.found, untrusted=self.untrusted
        )
        return stack, overlay

    def _is_there(self, path: Path) -> bool:
        missing = next((f for f in (self.folder, self.home) if not f.is_dir()), None)
        if missing is not None and not missing.exists():
            self.found.error(f"there is no folder {missing}", None, "check the path")
        elif missing is not None:
            self.found.error(f"{missing} is not a folder", None, "give the folder that holds opsctl.yaml")
        elif not path.exists() and not path.is_symlink():
            other = self.home / "opsctl.yml"
            hint = f"rename {other}" if other.exists() else "run opsctl init, or change to the stack's folder"
            self.found.error(f"there is no {STACK_FILE} in {self.home}", None, hint)
        else:
            return True
        return False

    def only(self, path: Path, kind: str) -> Document | None:
        """The one document of a file, if it is well formed and of that kind."""
        count = len(self.found.diagnostics)
        documents = self.read(path, quiet=True)
        if len(self.found.diagnostics) > count:
            return None
        if len(documents) != 1:
            message = f"{path} is empty" if not documents else f"{path} has {len(documents)} documents"
            hint = f"it holds one document of kind {kind}"
            self.found.error(
                message, documents[1].source.position(()) if documents else Position(str(path)), hint
            )
            return None
        parsed = documents[0]
        if parsed.body.get("kind") != kind:
            position = parsed.source.position(("kind",))
            self.found.error(f"{path} must be of kind {kind}", position, f"write kind: {kind}")
            return None
        clean = self.found.violations(envelope_violations(parsed.body), placed(parsed.source))
        return parsed.document if clean else None

    def _overlay(self, name: str) -> tuple[Document | None, bool]:
        """The environment's overlay, and whether to go on."""
        folder = self.home / ENVIRONMENTS
        known = sorted(p.stem for p in folder.glob("*.yaml")) if folder.is_dir() else []
        if name not in known or not re.search(NAME, name):
            listed = f"there are: {', '.join(known)}" if known else f"write {folder}/{name}.yaml"
            self.found.error(f"there is no environment {name!r}", None, did_you_mean(name, known) or listed)
            return None, False
        document = self.only(folder / f"{name}.yaml", "Environment")
        if document is None:
            return None, False
        body = {**document.body, "metadata": {**(document.body.get("metadata") or {}), "name": name}}
        return Document(body, document.source), True

    def documents(
        self, stack: Stack, overlay: Document | None, paths: Sequence[Path]
    ) -> tuple[Document, ...]:
        """Every well-formed document of the stack and of ``paths``."""
        besides = {self.folder / name for name in _policy_places(stack.policy)}
        own = [p for path in find(self.folder, besides) for p in self.read(path)]
        further = [p for path in self._further(paths) for p in self.read(path, quiet=True)]
        everything = [*own, *further]
        composites = {p.document.name for p in everything if p.body.get("kind") == "CompositeType"}
        checker = Checker(composites, stack.env, self.found, untrusted=self.untrusted)
        if overlay is not None and overlay.body.get("patches"):
            fine = self._patched(own, overlay, checker)
        else:
            fine = self._checked(own, checker)
        return (*fine, *self._checked(further, checker))

    def _checked(self, parsed: Sequence[Parsed], checker: Checker) -> list[Document]:
        return [
            p.document
            for p in parsed
            if checker.document(p.document, p.source, templates=p.has_templates, calls=p.has_foreign_calls)
        ]

    def _patched(self, parsed: Sequence[Parsed], overlay: Document, checker: Checker) -> list[Document]:
        """Patched documents are checked as they are then, all of each.

        Where a file cannot be read, a patch that finds nothing is no second mistake.
        """
        source: Any = overlay.source
        unreadable = any(d.severity is Severity.ERROR for d in self.found.diagnostics)
        missing = Findings()
        changed = patched([p.document for p in parsed], overlay.body["patches"], source, missing)
        self.found.diagnostics += [] if unreadable else missing.diagnostics
        result = []
        for before, document in zip(parsed, changed, strict=True):
            place: Any = document.source
            touched = document is not before.document
            templates, calls = touched or before.has_templates, touched or before.has_foreign_calls
            if checker.document(document, place, templates=templates, calls=calls):
                result.append(document)
        return result

    def _further(self, paths: Sequence[Path]) -> list[Path]:
        files: list[Path] = []
        for path in paths:
            if path.is_dir():
                files += find(path)
            else:
                files.append(path)
        return list(dict.fromkeys(files))
