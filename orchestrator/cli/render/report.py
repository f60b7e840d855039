"""What a command found, in one shape for every form of output: what policy says, and what is wrong in the files.

Enters: verdicts, diagnostics, outcomes. Leaves: a Report whose findings stand each once, the worst first, at file
and line. Holds: a finding's fingerprint does not depend on the line that it stands at, so that a moved line is no
new finding.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from orchestrator.cli.render.values import count, inline
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.verdict import POLICY_ERROR, Effect, Verdict

_ORDER: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}


class Standing(StrEnum):
    """What a verdict means now that waivers and approvals are counted; the worst first."""

    DENIED = "denied"
    TO_APPROVE = "to approve"
    APPROVED = "approved"
    WAIVED = "waived"
    WARNED = "warned"
    PROPOSED = "proposed"


_STANDINGS: Final = {
    Effect.DENY: Standing.DENIED,
    Effect.REQUIRE_APPROVAL: Standing.TO_APPROVE,
    Effect.WARN: Standing.WARNED,
    Effect.REMEDIATE: Standing.PROPOSED,
}
_SEVERITIES: Final[Mapping[Standing, Severity]] = {
    Standing.DENIED: Severity.ERROR,
    Standing.TO_APPROVE: Severity.ERROR,
    Standing.WARNED: Severity.WARNING,
    Standing.APPROVED: Severity.NOTE,
    Standing.WAIVED: Severity.NOTE,
    Standing.PROPOSED: Severity.NOTE,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should look at."""

    rule: str
    """Which rule says it: a policy's label, or the command's own."""
    severity: Severity
    message: str
    standing: Standing | None = None
    """Of a policy."""
    title: str = ""
    rank: str = ""
    """How bad its rule says it is: low, medium, high, critical."""
    hint: str = ""
    """What to change."""
    link: str = ""
    address: str = ""
    path: str = ""
    """The property, from the spec's root."""
    file: str = ""
    """From the present folder."""
    line: int = 0
    column: int = 0
    aside: str = ""
    """Who has set it aside, and why: it does not count then."""
    notes: tuple[str, ...] = ()
    """What became of it, in lines."""

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits that stay while the same rule says the same of the same place in the spec."""
        said = self.message if not (self.address and self.path) else ""
        where = self.address or self.file
        told = f"{self.rule}\x00{where}\x00{self.path}\x00{said}"
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def place(self) -> str:
        """``file:line`` as editors and terminals link it."""
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that was looked at and is right."""

    name: str
    group: str
    """Its type, or the package of a test."""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """How a command ended, for machines that show findings."""

    command: str
    """As it is typed: ``opsctl plan``."""
    summary: str
    findings: tuple[Finding, ...] = ()
    passed: tuple[Case, ...] = ()
    subject: str = ""
    """The stack, or the folder."""
    exit_code: int = 0
    fallback: str = "opsctl.yaml"
    """The file that a finding without one stands at, where a form wants one."""
    root: Path = field(default_factory=Path)
    """The repository's folder: files are named from there."""

    def file(self, finding: Finding) -> str:
        """A finding's file from the repository's root, with slashes."""
        return from_root(finding.file or self.fallback, self.root)


def repository(start: Path) -> Path:
    """The folder of the repository that ``start`` is in, or ``start`` itself where it is in none."""
    here = start.resolve()
    return next((p for p in (here, *here.parents) if (p / ".git").exists()), here)


def from_root(file: str, root: Path) -> str:
    """A file of the present folder as a path from the repository's root; one that is elsewhere as it is."""
    path = Path(file)
    absolute = path if path.is_absolute() else Path.cwd() / path
    try:
        return absolute.relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.as_posix()


def of_verdict(verdict: Verdict) -> Finding:
    """What a policy says."""
    standing = _standing(verdict)
    notes = tuple(_became(verdict))
    return Finding(
        verdict.rule,
        _SEVERITIES[standing],
        verdict.message,
        standing,
        verdict.title,
        verdict.severity,
        verdict.fix,
        verdict.link,
        address=verdict.address,
        path=verdict.path,
        file=verdict.file,
        line=verdict.line,
        aside="; ".join(notes) if standing in (Standing.WAIVED, Standing.APPROVED) else "",
        notes=notes,
    )


def _standing(verdict: Verdict) -> Standing:
    if verdict.waived:
        return Standing.WAIVED
    return Standing.APPROVED if verdict.approved else _STANDINGS[verdict.effect]


def _became(verdict: Verdict) -> Iterator[str]:
    """Who changed its level, set it aside or approved it, and what its rule proposes."""
    if verdict.declared is not None:
        yield f"{verdict.level} here, {verdict.declared} in the rule's metadata"
    waiver = verdict.waiver
    if waiver is not None:
        until = f"until {waiver.expires}" if verdict.waived else f"expired on {waiver.expires}"
        if not waiver.expires:
            until = "by the policies themselves"
        owner = f" of {waiver.owner}" if waiver.owner else ""
        yield f"waiver {waiver.name}{owner}, {until}: {waiver.reason}"
    for approval in verdict.approvals:
        yield f"approved by {approval.by} on {approval.created[:10]}: {approval.reason or 'no reason given'}"
    if verdict.remediation is not None:
        yield f"proposed, not applied: {verdict.remediation.message}".rstrip(": ")
        for patch in verdict.remediation.patch:
            value = "" if patch.op == "remove" else f" {inline(patch.value)}"
            yield f"  {patch.op} spec{patch.path}{value}"


def of_diagnostic(diagnostic: Diagnostic, rule: str) -> Finding:
    """What is wrong in the files, or what the command noticed."""
    where = diagnostic.position
    return Finding(
        rule,
        diagnostic.severity,
        diagnostic.message,
        hint=diagnostic.hint,
        address=diagnostic.address,
        file=where.file if where else "",
        line=where.line if where else 0,
        column=where.column if where else 0,
    )


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, the worst first, then as they stand in the files."""
    return tuple(
        sorted(dict.fromkeys(findings), key=lambda f: (_ORDER[f.severity], f.file, f.line, f.rule, f.address))
    )


def collected(verdicts: Sequence[Verdict], notes: Iterable[Diagnostic], rule: str) -> tuple[Finding, ...]:
    """Verdicts and diagnostics of one command; what is wrong with the policies themselves stands there as a verdict."""
    broken = {(v.file, v.line) for v in verdicts if v.code == POLICY_ERROR and v.line}
    told = [d for d in notes if d.position is None or (d.position.file, d.position.line) not in broken]
    return ordered([*map(of_verdict, verdicts), *(of_diagnostic(d, rule) for d in told)])


def rule_of(command: str) -> str:
    """The rule that a command's own findings belong to: ``opsctl policy check`` is ``opsctl.policy.check``."""
    return ".".join(command.split())


def numbered(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Each finding with a fingerprint that no other of them has."""
    seen: Counter[str] = Counter()
    for finding in findings:
        own = finding.fingerprint
        again = seen[own]
        seen[own] += 1
        yield finding, hashlib.sha256(f"{own}{again}".encode()).hexdigest() if again else own


def counted(findings: Iterable[Finding]) -> str:
    """How many of each kind: ``2 errors, 1 warning``; empty where there is none."""
    tally = Counter("set aside" if f.aside else str(f.severity) for f in findings)
    told = [count(tally[s], str(s)) for s in Severity if tally[s]]
    return ", ".join([*told, *([f"{tally['set aside']} set aside"] if tally["set aside"] else [])])


def failure(command: str, diagnostics: Sequence[Diagnostic], exit_code: int) -> Report:
    """A command that ended with errors before it had a result."""
    findings = collected((), diagnostics, rule_of(command))
    summary = f"{command} failed: {counted(findings) or 'nothing is known of why'}."
    return Report(command, summary, findings, exit_code=exit_code, root=repository(Path.cwd()))
