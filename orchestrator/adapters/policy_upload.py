"""What goes to an OPA server for one bundle: modules under ids of their own, and an entry that asks them.

Enters: a bundle, then rules. Leaves: module texts by id. Holds: nothing of the server's is overwritten (data
is laid over for the one query), and an answer counts only when every module was there: each carries a mark
that the entry looks for, so that modules removed by somebody else mean no answer, never an empty one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.adapters.policy_rules import Rule
from orchestrator.model.verdict import Bundle

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """One bundle as a server holds it. ``ids`` are in the order of ``files``."""

    digest: str
    files: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Module ids: digest and number only, so that nothing in them needs quoting."""
        return tuple(f"opsctl/{self.digest}/{n}" for n in range(len(self.files)))

    def mark(self, number: int) -> str:
        """The name of the rule that tells that module ``number`` is there."""
        return f"opsctl_mark_{self.digest}_{number}"

    def module(self, number: int) -> str:
        """A module's text with its mark at the end: lines keep their numbers."""
        return f"{self.texts[number]}\n\n{self.mark(number)} := true\n"

    def file(self, id: str) -> str:
        """The file that a server's message means by a module id."""
        return self.files[self.ids.index(id)] if id in self.ids else id


def upload_of(bundle: Bundle) -> Upload:
    """The upload of a bundle. Equal bundles have equal ids: runs that share a server put the same."""
    files = tuple(bundle.modules)
    canonical = json.dumps([files, *bundle.modules.values()]).encode()
    return Upload(hashlib.sha256(canonical).hexdigest()[:16], files, tuple(bundle.modules.values()))


@dataclass(frozen=True, slots=True)
class Entry:
    """The module that asks: ``out`` for all rules, ``one_n`` for one of them."""

    id: str
    package: str
    text: str


def entry_of(
    upload: Upload, packages: Sequence[str], rules: Sequence[Rule], data: Mapping[str, Any]
) -> Entry:
    """``packages`` are those of the upload's modules, in their order."""
    laid = list(_overlay(data, [tuple(p.split(".")) for p in packages]))
    withs = "".join(f" with {_ref(path)} as laid_{n}" for n, (path, _) in enumerate(laid))
    marks = [_ref((*p.split("."), upload.mark(n))) for n, p in enumerate(packages)]
    lines = ["import rego.v1", *(f"laid_{n} := {json.dumps(value)}" for n, (_, value) in enumerate(laid))]
    lines.append("all_there if {\n\t" + "\n\t".join(marks or ["true"]) + "\n}")
    for n, rule in enumerate(rules):
        asked = _ref((*rule.package.split("."), rule.name))
        lines.append(f'raw["{n}"] := {asked}')
        lines.append(f'one_{n} := {{"answers": {{v | v := {asked}{withs}}}}} if all_there')
    lines.append('raw["asked"] := true')
    lines.append(f'out := {{"answers": answers}} if {{\n\tall_there\n\tanswers := raw{withs}\n}}')
    body = "\n\n".join(lines)
    package = f"opsctl_entry_{hashlib.sha256(body.encode()).hexdigest()[:16]}"
    return Entry(f"opsctl/{package}", package, f"package {package}\n\n{body}\n")


def rule_lines(text: str, name: str) -> list[int]:
    """The lines at which a rule of this name starts: a server's syntax trees do not say."""
    head = re.compile(rf"^[ \t]*(?:default[ \t]+)?{re.escape(name)}\b(?!\()")
    return [n for n, line in enumerate(text.splitlines(), 1) if head.match(line)]


def _overlay(data: Mapping[str, Any], packages: Sequence[Path], at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Where data is laid: as high as possible, and never over a package."""
    for key, value in data.items():
        path = (*at, key)
        if any(p[: len(path)] == path for p in packages) and isinstance(value, Mapping):
            yield from _overlay(value, packages, path)
        else:
            yield path, value


def _ref(path: Path) -> str:
    return "data" + "".join(f"[{json.dumps(part)}]" for part in path)
