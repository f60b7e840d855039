"""A step whose gate failed is taken back, as the plan said that it could be."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

from orchestrator.model.change import Action
from orchestrator.model.errors import ProviderError
from orchestrator.model.provision import Observed, Request
from orchestrator.model.snapshot import Began, Gone, Kept, Record, Settled
from orchestrator.seams.executor import Effect, Journal
from orchestrator.stages.apply.effect import Target, Tools, effect, intend
from orchestrator.stages.apply.perform import Job


def undo(job: Job, record: Record, seen: Observed, tools: Tools) -> Generator[Effect, Any, str]:
    """Take the step back; returns what went wrong, or an empty string. ``record`` is what the step made."""
    try:
        if job.change.undo == "delete":
            yield from _unmake(job, record, seen, tools)
        elif job.change.undo == "reapply" and job.record is not None:
            yield from _reapply(job, job.record, seen, tools)
        else:
            return "the plan says that it cannot be undone"
    except ProviderError as error:
        return str(error)
    return ""


def _unmake(job: Job, record: Record, seen: Observed, tools: Tools) -> Generator[Effect, Any, None]:
    """Delete what was made; after a createFirst replacement the old object is the resource again."""
    marker = tools.marker(record.address, record.uid)
    request = Request(Action.DELETE, record.type, record.address, marker, {}, seen, (), record.spec)
    at = Target(record.provider, record.type)
    intent = intend(request, at, tools)
    yield Journal([Began(intent)])
    yield from effect(request, intent, at, tools)
    restored = [Kept(job.record)] if job.half == "new" and job.change.create_first and job.record else []
    yield Journal([Gone(record.address, record.uid, intent.token), *restored])


def _reapply(job: Job, before: Record, seen: Observed, tools: Tools) -> Generator[Effect, Any, None]:
    """Bring the object back to the spec that was applied before."""
    provider = tools.providers[before.provider]
    want = job.lifecycle.leaving_alone(before.spec, seen.spec)
    proposal = provider.propose(before.type, seen, want, job.want)
    if proposal.action is not Action.NOOP:
        marker = tools.marker(job.change.address, before.uid)
        request = Request(
            Action.UPDATE,
            before.type,
            job.change.address,
            marker,
            want,
            seen,
            proposal.changes,
            job.want,
        )
        intent = intend(request, job.target, tools)
        yield Journal([Began(intent)])
        now = yield from effect(request, intent, job.target, tools)
        seen = now or seen
        yield Journal([Settled(intent.token)])
    status = provider.kinds[before.type].with_told(seen.status, before.status)
    kept = replace(before, address=job.change.address, status=status)
    yield Journal([Kept(kept)])
