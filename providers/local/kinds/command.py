"""``Local::Command``: programs that are run when the resource is made, changed or removed; never at plan.

Programs are argument lists, never a shell's line. They get PATH and what ``environment`` names, no input, and
a process group of their own, so that a Ctrl-C at the terminal lets one that runs come to its end. What a
program did cannot be asked: one that was cut off is run again, so write it so that this does no harm.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from orchestrator.kit import compare
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Proposal, ReadResult, Ref, Request
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret, find_leaves, reveal

TYPE: Final = TypeName("Local::Command")
TIMEOUT: Final = 300.0
KEPT: Final = 64 * 1024
"""Bytes of output that are kept: the last ones."""
RUNS_AGAIN: Final = frozenset({"create", "environment", "folder", "triggers"})
"""Properties whose change runs ``update``, or replaces the resource where there is none."""


@dataclass(frozen=True, slots=True)
class _Ran:
    stdout: str
    code: int


class Command:
    """Runs programs in the stack's folder, or in a folder below it."""

    def __init__(self, folder: Path, *, count: Callable[[str], None]) -> None:
        self._folder = folder
        self._count = count
        self.schema = SCHEMA

    def read(self, refs: Sequence[Ref]) -> ReadResult:
        """What state says is what is there; nothing is run."""
        return ReadResult({r.address: Observed(r.id, r.spec, r.status) for r in refs if r.id is not None}, 0)

    def propose(self, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]) -> Proposal:
        """Without an ``update`` command, what would run it replaces the resource."""
        proposal = compare.propose(SCHEMA, prior, want, last)
        if want.get("update") is not None or not _reruns(proposal):
            return proposal
        changes = tuple(replace(c, replaces=c.path[0] in RUNS_AGAIN) for c in proposal.changes)
        return Proposal(Action.REPLACE, changes)

    def begin(self, request: Request) -> Done:
        """Run what the action asks for. Raises PermanentError where a program fails."""
        mine = request.prior.id if request.prior is not None else f"command-{request.marker.uid}"
        match request.action:
            case Action.CREATE:
                return self._ended(mine, request, self._run("create", request.want))
            case Action.UPDATE if _reruns(Proposal(Action.UPDATE, request.changes)):
                return self._ended(mine, request, self._run("update", request.want))
            case Action.DELETE:
                self._run("delete", request.last)
                return Done(None)
            case _:
                status = request.prior.status if request.prior is not None else {}
                return Done(Observed(mine, request.want, status, request.marker))

    def find(self, intent: Intent) -> Observed | None:
        """Nothing can be asked: a create was not, an update or a delete is still to come."""
        if intent.action is Action.CREATE or intent.id is None:
            return None
        return Observed(intent.id, {}, {"id": intent.id}, intent.marker)

    def _ended(self, id: str, request: Request, ran: _Ran) -> Done:
        status = {"id": id, "stdout": ran.stdout, "exitCode": ran.code}
        return Done(Observed(id, request.want, status, request.marker))

    def _run(self, which: str, spec: Mapping[str, Any]) -> _Ran:
        plain = reveal(spec)
        arguments = plain.get(which)
        if not arguments:
            return _Ran("", 0)
        self._count("RunCommand")
        hidden = _secrets(spec)
        try:
            process = subprocess.Popen(
                [str(a) for a in arguments],
                cwd=self._folder / str(plain.get("folder") or "."),
                env=_environment(plain),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise PermanentError(_hide(f"cannot run {arguments[0]}: {error}", hidden), which) from None
        stdout, stderr = _output(process, float(plain.get("timeout") or TIMEOUT), which)
        if process.returncode != 0:
            said = _hide(_last(stderr) or _last(stdout), hidden)
            raise PermanentError(
                f"{arguments[0]} ended with {process.returncode}: {said}", which, str(process.returncode)
            )
        return _Ran(_hide(stdout, hidden).removesuffix("\n"), process.returncode)


def _output(process: subprocess.Popen[bytes], timeout: float, which: str) -> tuple[str, str]:
    """Both outputs, cut to their ends. Raises PermanentError after killing what took too long."""
    with process:
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise PermanentError(f"killed after {timeout:g} seconds", which, "Timeout") from None
    return stdout[-KEPT:].decode(errors="replace"), stderr[-KEPT:].decode(errors="replace")


def _environment(spec: Mapping[str, Any]) -> dict[str, str]:
    """PATH, and what the spec names: nothing leaks in by chance."""
    given = (spec.get("environment") or {}).items()
    named = {str(k): str(v).lower() if isinstance(v, bool) else str(v) for k, v in given}
    return {"PATH": os.environ.get("PATH", os.defpath), **named}


def _reruns(proposal: Proposal) -> bool:
    return any(c.path[0] in RUNS_AGAIN for c in proposal.changes)


def _secrets(spec: Mapping[str, Any]) -> list[str]:
    """The plain secrets among what a program is given: they must not come back in what it says."""
    plain = []
    for path in find_leaves(spec, Secret):
        leaf: Any = spec
        for part in path:
            leaf = leaf[part]
        plain.append(str(leaf.value))
    return sorted((text for text in plain if text), key=len, reverse=True)


def _last(text: str) -> str:
    """The lines that most likely say why."""
    return "\n".join(text.strip().splitlines()[-5:])


def _hide(text: str, hidden: Sequence[str]) -> str:
    for secret in hidden:
        text = text.replace(secret, "(sensitive)")
    return text


_PROGRAM: Final = Property("array", items=Property("string"))

SCHEMA: Final = KindSchema(
    type=TYPE,
    summary="programs that are run when the resource is made, changed or removed",
    spec=Property(
        "object",
        properties={
            "create": replace(_PROGRAM, description="program and arguments, run once", required=True),
            "update": replace(
                _PROGRAM, description="run when create, environment, folder or triggers change"
            ),
            "delete": replace(_PROGRAM, description="run before the resource is forgotten"),
            "triggers": Property("any", "any value; a change of it runs update, or replaces the resource"),
            "environment": Property(
                "object", "variables beside PATH", additional=Property(("string", "number", "boolean"))
            ),
            "folder": Property("string", "where to run, from the stack's folder"),
            "timeout": Property("number", "seconds until it is killed", minimum=0.1, default=TIMEOUT),
        },
    ),
    status=Property(
        "object",
        properties={
            "id": Property("string", "made from the incarnation's uid", stable=True),
            "stdout": Property("string", "what create or update printed last, without the final newline"),
            "exitCode": Property("integer", "0: any other is a failure"),
        },
    ),
    reads=(ReadWay(How.BATCH, 1_000_000),),
    marking=Marking.NONE,
    documentation="A command that was cut off is run again by the next apply: write it so that this does no harm.",
    refine=lambda spec: [
        f"{name} is empty: a program and its arguments are wanted"
        for name in ("create", "update", "delete")
        if spec.get(name) == []
    ],
)
