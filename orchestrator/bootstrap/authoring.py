"""What policy authors ask for: checks, tests, formatting, evaluation, explanations, timing, pages.

Everything here is imported when it is called: only these commands pay for the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.package_data import folder as packaged
from orchestrator.bootstrap.catalogue import abstract_types, catalogue, unknown_type
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import InvalidSpecError, OpsctlError
from orchestrator.model.ids import TypeName
from orchestrator.model.verdict import Bundle, Stage
from orchestrator.stages.load.files import ENVIRONMENTS, STACK_FILE, find

if TYPE_CHECKING:
    from orchestrator.adapters.policy_bench import Timings
    from orchestrator.adapters.policy_explain import Explanation
    from orchestrator.adapters.policy_pages import Page
    from orchestrator.adapters.policy_schemas import Schemas
    from orchestrator.adapters.policy_tests import TestResult, TestRun
    from orchestrator.model.schema import Property
    from orchestrator.stages.policy.asking import Judgement

    PolicyTest = TestResult
    PolicyRun = TestRun
    RuleTimings = Timings
    RuleExplanation = Explanation
    RulePage = Page
    PublishedSchemas = Schemas

__all__ = [
    "policies_below",
    "policy_check",
    "policy_eval",
    "policy_explain",
    "policy_format",
    "policy_pages",
    "policy_schemas",
    "policy_tests",
    "policy_timings",
    "sample_input",
    "shipped_policies",
    "spec_files",
    "spec_format",
]


def shipped_policies() -> Path:
    """The folder of the policies that ship."""
    return packaged("policies")


def policies_below(paths: Sequence[Path]) -> Bundle:
    """The policies and tests below these paths; raises InvalidSpecError with everything that cannot be read."""
    from orchestrator.adapters.policy_files import load_bundle  # noqa: PLC0415 - only for policies

    return load_bundle(paths)


def policy_schemas() -> PublishedSchemas:
    """The schemas of what policies see: of every stage, and of every type that is known here."""
    from orchestrator.adapters.policy_schemas import schemas_of  # noqa: PLC0415 - only for policies

    kinds, abstract = catalogue(), abstract_types()

    def spec(type: str) -> Property | None:
        kind = abstract.get(TypeName(type)) or kinds.kind(TypeName(type))
        return None if kind is None else kind.spec

    return schemas_of(list(map(str, (*kinds.types(), *abstract))), spec)


def policy_check(bundle: Bundle) -> list[Diagnostic]:
    """Everything that is wrong with these policies and their tests."""
    from orchestrator.adapters.policy_tests import check  # noqa: PLC0415 - only for policies

    return [*check(bundle, policy_schemas()), *_foreign(bundle)]


def _foreign(bundle: Bundle) -> list[Diagnostic]:
    """Types that rules compare with and no provider knows."""
    from orchestrator.adapters.policy_embedded import mentions_in  # noqa: PLC0415 - only for policies
    from orchestrator.stages.policy.types import unknown_types  # noqa: PLC0415 - as above

    named = (mention for found in mentions_in(bundle.modules).values() for mention in found)
    return unknown_types(named, bundle, unknown_type)


def policy_tests(bundle: Bundle, pattern: str = "") -> PolicyRun:
    """Run the tests of these policies; raises OpsctlError for a pattern that is none."""
    import re  # noqa: PLC0415 - as below

    from orchestrator.adapters.policy_tests import run_covered  # noqa: PLC0415 - only for policies

    try:
        return run_covered(bundle, pattern=pattern)
    except re.error as error:
        raise OpsctlError(f"--run {pattern}: not a regular expression: {error}") from error


def spec_files(paths: Sequence[Path]) -> list[Path]:
    """The YAML files at these paths; of a folder those of the stack in it, its environments too."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise OpsctlError(f"{path}: there is no such folder or file")
        if path.is_file():
            found.append(path)
            continue
        found += [path / STACK_FILE] if (path / STACK_FILE).is_file() else []
        found += [*find(path), *find(path / ENVIRONMENTS)]
    return list(dict.fromkeys(found))


def spec_format(text: str) -> str:
    """A spec file laid out. Raises OpsctlError where it is no YAML, or cannot be laid out."""
    from orchestrator.adapters.spec_format import LayoutError, format_spec  # noqa: PLC0415 - only for fmt

    try:
        return format_spec(text)
    except LayoutError as error:
        raise OpsctlError(f"it is left as it is: {error}") from error


def policy_format(text: str) -> str:
    """One module laid out."""
    from orchestrator.adapters.policy_format import format_rego  # noqa: PLC0415 - only for policies

    return format_rego(text)


def policy_eval(bundle: Bundle, document: Mapping[str, Any], stage: Stage) -> Judgement:
    """What these policies say of an input document."""
    from orchestrator.adapters.policy_embedded import EmbeddedEngine  # noqa: PLC0415 - only for policies
    from orchestrator.stages.policy.asking import Circumstances, judge  # noqa: PLC0415 - as above

    circumstances = Circumstances((), datetime.now(UTC).date().isoformat(), unknown_type)
    engine = EmbeddedEngine()
    _stop_at_errors(engine.load(bundle))  # once: the judge asks the same engine
    return judge(engine, bundle, document, stage, circumstances)


def policy_explain(bundle: Bundle, document: Mapping[str, Any], only: str) -> list[RuleExplanation]:
    """Each asked rule, expression by expression; raises OpsctlError where the policies do not compile."""
    from orchestrator.adapters.policy_child import ChildFailedError  # noqa: PLC0415 - only for policies
    from orchestrator.adapters.policy_embedded import plain  # noqa: PLC0415 - as above
    from orchestrator.adapters.policy_explain import explain  # noqa: PLC0415 - as above

    try:
        return explain(_compiled(bundle), document, only=only)
    except ChildFailedError as error:
        raise OpsctlError(f"the policies cannot be explained: {plain(str(error))}") from error


def policy_timings(bundle: Bundle, document: Mapping[str, Any], runs: int) -> RuleTimings:
    """How long each rule takes; raises OpsctlError where one fails."""
    from orchestrator.adapters.policy_bench import measure  # noqa: PLC0415 - only for policies
    from orchestrator.adapters.policy_child import ChildFailedError  # noqa: PLC0415 - as above
    from orchestrator.adapters.policy_embedded import plain  # noqa: PLC0415 - as above

    try:
        return measure(_compiled(bundle), document, runs=runs)
    except ChildFailedError as error:
        raise OpsctlError(f"the policies cannot be timed: {plain(str(error))}") from error


def sample_input(count: int) -> dict[str, Any]:
    """A plan of ``count`` creations on three clouds."""
    from orchestrator.adapters import policy_bench  # noqa: PLC0415 - only for policies

    return policy_bench.sample_input(count)


def policy_pages(bundle: Bundle) -> list[RulePage]:
    """What each asked rule says of itself, with its parameters and tests; raises InvalidSpecError."""
    from orchestrator.adapters.policy_pages import pages  # noqa: PLC0415 - only for policies

    return pages(_compiled(bundle))


def _compiled(bundle: Bundle) -> Bundle:
    """Policies that compile; raises InvalidSpecError with everything that is wrong."""
    from orchestrator.adapters.policy_embedded import compile_modules  # noqa: PLC0415 - only for policies

    _stop_at_errors(compile_modules(bundle.modules, bundle.data)[1])
    return bundle


def _stop_at_errors(found: Sequence[Diagnostic]) -> None:
    errors = tuple(d for d in found if d.severity is Severity.ERROR)
    if errors:
        raise InvalidSpecError(errors)
