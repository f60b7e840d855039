"""policy eval and policy bench: ask the policies about one input, and time them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.findings import standings
from orchestrator.cli.render.json import diagnostic_document, head, verdict_document
from orchestrator.cli.render.policy_answers import (
    explanations_document,
    render_explanations,
    render_timings,
    timings_document,
)
from orchestrator.cli.render.report import Report, collected, repository, rule_of
from orchestrator.cli.render.text import render_verdicts
from orchestrator.cli.work.policies import Policies, policies_of
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.policy_input import instant
from orchestrator.model.verdict import Stage, denies


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the policies."""

    file: Path
    explain: bool = False
    rule: str = ""
    stage: Stage | None = None


def evaluate(console: Console, paths: Sequence[Path], question: Question, *, environment: str | None) -> int:
    """What the policies say of a saved input; 3 where they deny."""
    document = _document(question.file)
    policies = policies_of(console, paths, environment)
    stage = question.stage or _stage(document)
    asked = {"now": instant(time.time()), **document, "stage": str(stage)}
    bundle = policies.asked()
    judged = bootstrap.policy_eval(bundle, asked, stage)
    console.diagnostics(judged.notes)
    code = 3 if denies(judged.verdicts) else 0
    explained = bootstrap.policy_explain(bundle, asked, question.rule) if question.explain else []
    match console.output:
        case Output.TEXT:
            sections = [render_explanations(explained, console.out_style)] if explained else []
            sections.append(
                "\n".join(render_verdicts(judged.verdicts, judged.decision.engine, console.out_style)) + "\n"
            )
            console.result("\n".join(sections))
        case Output.JSON:
            console.document(
                lambda: {
                    **head("policy-eval"),
                    "denied": code == 3,
                    "engine": judged.decision.engine,
                    "stage": str(stage),
                    "verdicts": [verdict_document(v) for v in judged.verdicts],
                    "rules": explanations_document(explained),
                    "diagnostics": [diagnostic_document(d) for d in judged.notes],
                }
            )
        case _:
            findings = collected(judged.verdicts, judged.notes, rule_of(console.command))
            told = f"Policy: {standings(findings) or 'nothing to object'}."
            root = repository(Path.cwd())
            file = str(question.file)
            console.report(Report(console.command, told, findings, (), policies.named, code, file, root))
    return code


def _document(file: Path) -> Mapping[str, Any]:
    """A saved input; raises InvalidSpecError where it is none."""
    try:
        document = json.loads(file.read_text("utf-8"))
    except json.JSONDecodeError as error:
        place = Position(str(file), error.lineno, error.colno)
        raise InvalidSpecError((Diagnostic(f"not JSON: {error.msg}", place),)) from error
    except UnicodeDecodeError as error:
        raise InvalidSpecError((Diagnostic("the file is not UTF-8 text", Position(str(file))),)) from error
    hint = "opsctl plan --save-input FILE writes one; Terraform's `show -json` of a plan will do too"
    wrong = ""
    if not isinstance(document, dict):
        wrong = "an object was expected"
    elif not isinstance(document.get("resource_changes", []), list):
        wrong = "resource_changes: a list was expected"
    elif not all(isinstance(c, dict) and "address" in c for c in document.get("resource_changes", [])):
        wrong = "resource_changes: objects with an address were expected"
    if wrong:
        raise InvalidSpecError(
            (Diagnostic(f"this is no input of policies: {wrong}", Position(str(file)), hint),)
        )
    return dict(document)


def _stage(document: Mapping[str, Any]) -> Stage:
    said = document.get("stage")
    return Stage(said) if said in list(Stage) else Stage.PLAN


def bench(
    console: Console,
    paths: Sequence[Path],
    file: Path | None,
    *,
    changes: int,
    runs: int,
    environment: str | None,
) -> int:
    """Each rule's time on one input, the slowest first."""
    policies: Policies = policies_of(console, paths, environment)
    document = _document(file) if file else bootstrap.sample_input(changes)
    timings = bootstrap.policy_timings(policies.asked(), document, runs)
    number = len(document.get("resource_changes", ()))
    if console.output is Output.JSON:
        console.document(lambda: timings_document(timings, number))
    else:
        console.result(render_timings(timings, number, console.out_style))
    return 0
