"""Every check on every kind, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.kit.sample import Sample, leaves
from orchestrator.model.errors import OpsctlError, ProviderError
from orchestrator.model.ids import TypeName
from orchestrator.testing.provider_conformance import changing, failing, life
from orchestrator.testing.provider_conformance.report import Ending, Report, Result
from orchestrator.testing.provider_conformance.subject import Subject
from orchestrator.testing.provider_conformance.trial import Failed, NotTried, Trial


@dataclass(frozen=True, slots=True)
class Check:
    """One claim on every kind."""

    name: str
    claim: str
    run: Callable[[Trial], Iterator[str]]


CHECKS: Final[tuple[Check, ...]] = (
    Check(
        "once", "created under one token twice, or with any answer lost, it is one object", failing.makes_one
    ),
    Check("read", "every way of reading shows what was made, and counts its calls", life.reads_back),
    Check("plan", "after the create of any set of properties a plan is empty", life.plans_nothing),
    Check("update", "every updatable property changes in place, there and back", changing.updates),
    Check("drift", "every change by hand is named as drift, and healed", changing.drifts),
    Check("replace", "every create-only property replaces the object", changing.replaces),
    Check("delete", "deleted twice is deleted once, and it is absent then", life.deletes_twice),
    Check("discover", "discovered once, as it is read", life.is_discovered),
    Check("adopt", "adopted, a plan is empty", life.is_adopted),
    Check("marker", "our marker is kept by every update, and can be written anew", life.keeps_marker),
    Check("errors", "what fails is told in one of the three families, in words", failing.maps_errors),
    Check("throttle", "throttled anywhere it goes on, and nothing is made twice", failing.is_throttled),
    Check("pages", "what stands on a list's second page is there", life.has_pages),
)

Watch = Callable[[str, str], None]


def _unwatched(_type: str, _check: str) -> None:
    pass


def run(
    subject: Subject,
    *,
    kinds: Collection[str] = (),
    checks: Collection[str] = (),
    watch: Watch = _unwatched,
) -> Report:
    """Run the checks on the kinds, by default all of both. ``watch`` hears what begins. Raises OpsctlError for unknown names."""
    samples = _chosen(subject, kinds)
    known = {check.name: check for check in CHECKS}
    unknown = sorted(set(checks) - known.keys())
    if unknown:
        raise OpsctlError(f"no check {unknown[0]!r}: there are {', '.join(known)}")
    wanted = [check for check in CHECKS if not checks or check.name in checks]
    results: list[Result] = []
    for sample in samples:
        results += _kind(subject, sample, wanted, watch)
    made = [name for name, kind in subject.provider.kinds.items() if not kind.data_only]
    have = {*(sample.type for sample in subject.conformance.samples), *subject.conformance.exempt}
    return Report(
        subject.family,
        subject.where,
        {check.name: check.claim for check in wanted},
        tuple(results),
        {s.type: _undetected(subject, s) for s in samples if _undetected(subject, s)},
        {s.type: dict(s.untried) for s in samples if s.untried},
        () if kinds else tuple(sorted(set(made) - have)),
        {} if kinds else dict(subject.conformance.exempt),
    )


def _chosen(subject: Subject, kinds: Collection[str]) -> Sequence[Sample]:
    samples = {sample.type: sample for sample in subject.conformance.samples}
    served = subject.provider.kinds
    for name in [*kinds, *samples]:
        if TypeName(name) not in served:
            raise OpsctlError(
                f"{subject.family} serves no kind {name!r}\nhint: opsctl types {subject.family}"
            )
        if name not in samples:
            raise OpsctlError(
                f"there is no sample of {name}: the provider's module of samples is to have one"
            )
    return [sample for name, sample in samples.items() if not kinds or name in kinds]


def _undetected(subject: Subject, sample: Sample) -> dict[str, str]:
    schema = subject.provider.kinds[TypeName(sample.type)].spec
    untold = {path: "the cloud never tells it" for path, prop in leaves(schema) if prop.write_only}
    return {**untold, **sample.undetected}


def _kind(subject: Subject, sample: Sample, checks: Sequence[Check], watch: Watch) -> Iterator[Result]:
    trial = Trial(subject, sample)
    for check in checks:
        watch(sample.type, check.name)
        yield _one(trial, check)
    try:
        trial.close()
    except ProviderError as error:
        yield Result(sample.type, checks[-1].name, Ending.FAILED, (f"its parents are left behind: {error}",))


def _one(trial: Trial, check: Check) -> Result:
    began = time.perf_counter()
    trial.tried = 0
    messages: list[str] = []
    ending = Ending.PASSED
    try:
        for message in check.run(trial):
            messages.append(message)  # noqa: PERF402 - what came before an error is kept
    except NotTried as nothing:
        if not messages:
            ending, messages = Ending.INAPPLICABLE, [str(nothing)]
    except Failed as failed:
        messages.append(str(failed))
    except Exception as error:  # noqa: BLE001 - whatever a provider raises is a finding about it
        messages.append(f"{type(error).__name__}: {error}")
    if messages and ending is Ending.PASSED:
        ending = Ending.FAILED
    seconds = time.perf_counter() - began
    return Result(trial.sample.type, check.name, ending, tuple(messages), trial.tried, seconds)
