"""What changes: by opsctl in place, behind its back, and by a replacement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.kit.sample import Hand, leaves, related, says, with_value, without
from orchestrator.model.change import Action, Cause
from orchestrator.model.provision import Observed, Proposal
from orchestrator.model.schema import MISSING, Property
from orchestrator.testing.provider_conformance.life import Findings, may_be_written, told, value_at
from orchestrator.testing.provider_conformance.trial import LOOKS, Failed, NotTried, Trial

Spec = Mapping[str, Any]


def writable(trial: Trial, *, create_only: bool) -> dict[str, Property]:
    """The properties that change in place, or those whose change is a replacement, by path."""
    return {path: prop for path, prop in leaves(trial.kind.spec) if prop.create_only is create_only}


def named(proposal: Proposal) -> set[str]:
    """The paths that a proposal would change."""
    return {".".join(map(str, change.path)) for change in proposal.changes}


def _is_covered(path: str, paths: Any) -> bool:
    return any(related(path, other) for other in paths)


def updates(trial: Trial) -> Findings:
    """Every updatable property changes in place, to another value and back; the plan is empty after each."""
    sample = trial.sample
    for path in writable(trial, create_only=False):
        if not _is_covered(path, [*sample.updates, *sample.untried]):
            yield f"{path} can be updated, and the sample has no other value for it"
    base = trial.full()
    others = trial.fill(sample.updates)
    with trial.clearing():
        if not others:
            raise NotTried("nothing of it can change in place")
        seen = trial.create(base)
        for path, value in others.items():
            if path in sample.untried:
                continue
            trial.tried += 1
            want = with_value(base, path, value)
            if not may_be_written(trial, want):
                yield f"{path}: the sample's other value is nothing that may be written"
                continue
            problem, seen = _change(trial, seen, want, base, path)
            yield from problem
            back, seen = _back(trial, seen, base, want)
            yield from (f"{path}, back: {message}" for message in back)
        yield from _taken_out(trial, seen, base)


def _change(trial: Trial, seen: Observed, want: Spec, last: Spec, path: str) -> tuple[list[str], Observed]:
    """One property to another value: what does not hold, and the object then."""
    proposal = trial.propose(seen, want, last)
    if proposal.action is not Action.UPDATE:
        return [f"{path}: another value is {proposal.action}, not an update: {told(proposal.changes)}"], seen
    found = [f"{path}: {message}" for message in _named_alone(trial, proposal, path)]
    done = trial.bring(seen, want, last)
    if done.id != seen.id:
        found.append(f"{path}: after the update its id is {done.id}, and was {seen.id}")
    left = trial.propose(done, want).changes
    if left:
        found.append(f"{path}: the answer to the update differs from what was wanted: {told(left)}")
    again = trial.reread(done, want)
    left = trial.propose(again, want).changes
    if left:
        found.append(f"{path}: after the update it reads as something else: {told(left)}")
    return found, again


def _named_alone(trial: Trial, proposal: Proposal, path: str) -> Iterator[str]:
    allowed = (path, *trial.sample.coupled.get(path, ()))
    if not _is_covered(path, named(proposal)):
        yield f"the plan does not name it: {told(proposal.changes) or 'nothing'}"
    strange = [other for other in named(proposal) if not _is_covered(other, allowed)]
    if strange:
        yield f"the plan names {', '.join(sorted(strange))} too"


def _back(trial: Trial, seen: Observed, want: Spec, last: Spec) -> tuple[list[str], Observed]:
    """To the spec that it came from: by an update, or where that goes in one direction only, by a new one."""
    proposal = trial.propose(seen, want, last)
    if proposal.action is Action.REPLACE:
        trial.delete(seen, last)
        return [], trial.create(want)
    done = trial.reread(trial.bring(seen, want, last), want)
    left = trial.propose(done, want).changes
    return ([told(left)] if left else []), done


def _taken_out(trial: Trial, seen: Observed, base: Spec) -> Findings:
    """What leaves the spec goes back to what the cloud takes by itself."""
    small = trial.minimal()
    for path in writable(trial, create_only=True):
        if says(base, path) and not says(small, path):
            small = _carried(small, base, path)
    for path in trial.sample.kept:
        small = _carried(small, base, path)
    if small == base or not may_be_written(trial, small):
        return
    proposal = trial.propose(seen, small, base)
    if proposal.action is Action.REPLACE:
        yield f"taken out of the spec, it would be replaced: {told(proposal.changes)}"
        return
    if proposal.action is Action.NOOP:
        return
    trial.tried += 1
    done = trial.reread(trial.bring(seen, small, base), small)
    left = trial.propose(done, small).changes
    if left:
        yield f"taken out of the spec, it differs: {told(left)}"


def _carried(small: dict[str, Any], base: Any, path: str) -> dict[str, Any]:
    value = base
    for step in path.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return small
        value = value[step]
    return dict(with_value(small, path, value))


def drifts(trial: Trial) -> Findings:
    """A change by hand of every updatable property is named as drift, and healed; also where the spec is silent."""
    sample, seen_by = trial.sample, writable(trial, create_only=False)
    hands = {path: sample.behind.get(path, sample.write) for path in [*sample.behind, *sample.updates]}
    for path, prop in seen_by.items():
        excused = [*sample.undetected, *sample.untried]
        if not prop.write_only and not _is_covered(path, [*(p for p, h in hands.items() if h), *excused]):
            yield f"{path} can be updated, and nothing says how to change it by hand"
    chosen = [path for path, hand in hands.items() if hand is not None and _can_be_seen(trial, path, seen_by)]
    if not chosen:
        raise NotTried("nothing of it changes behind our back")
    yield from _by_hand(trial, trial.full(), chosen)
    silent = [path for path in chosen if _is_silent(trial, path)]
    if silent:
        found = _by_hand(trial, trial.minimal(), silent, silent=True)
        yield from (f"with a spec that does not say it, {message}" for message in found)


def _can_be_seen(trial: Trial, path: str, seen_by: Mapping[str, Property]) -> bool:
    if path in trial.sample.undetected or path in trial.sample.untried:
        return False
    below = [prop for other, prop in seen_by.items() if related(path, other)]
    return not below or not all(prop.write_only for prop in below)


def _is_silent(trial: Trial, path: str) -> bool:
    """Whether a property has a default, at which the smallest spec leaves it, or leaves all that is around it.

    Not where a hand of its own makes just that default of it.
    """
    default, sample = _default(trial, path), trial.sample
    if default is MISSING or path in sample.kept or says(sample.minimal, path):
        return False
    around = path.rpartition(".")[0]
    if not says(sample.full, path) and (not around or says(sample.minimal, around)):
        return False  # the full spec is as silent
    return path not in sample.behind or sample.updates.get(path, MISSING) != default


def _default(trial: Trial, path: str) -> Any:
    prop = dict(leaves(trial.kind.spec)).get(path)
    return MISSING if prop is None else prop.default


def _other(trial: Trial, path: str, *, silent: bool) -> Any:
    """The value that is set by hand; where the spec is silent, one that is not the default."""
    value = trial.fill(trial.sample.updates.get(path))
    if silent and value == _default(trial, path):
        return value_at(trial.full(), path)
    return value


def _by_hand(trial: Trial, spec: Spec, paths: list[str], *, silent: bool = False) -> Findings:
    with trial.clearing():
        seen = trial.reread(trial.create(spec), spec)
        for path in paths:
            trial.tried += 1
            hand = trial.sample.behind.get(path) or trial.sample.write
            if hand is None:
                raise Failed(f"{path}: nothing says how to change it by hand")
            value = _other(trial, path, silent=silent)
            hand(Hand(trial.subject.raw, seen, trial.scene.parents, path, value, trial.subject.time.sleep))
            seen, proposal = _noticed(trial, seen, spec, path)
            yield from _judged(trial, proposal, path)
            if proposal.changes:
                left, seen = _back(trial, seen, spec, spec)
                yield from (f"{path}: changed by hand and healed, it differs: {message}" for message in left)


def _noticed(trial: Trial, seen: Observed, spec: Spec, path: str) -> tuple[Observed, Proposal]:
    """Look until it shows: the cloud may take its time with a change by hand."""
    for _ in range(LOOKS):
        found = trial.reread(seen, spec)
        proposal = trial.propose(found, spec)
        if _is_covered(path, named(proposal)) or (trial.subject.faults is not None and proposal.changes):
            break
        trial.subject.time.sleep(0.5)
    return found, proposal


def _judged(trial: Trial, proposal: Proposal, path: str) -> Iterator[str]:
    if not proposal.changes:
        yield f"{path}: changed by hand, and a plan shows nothing"
        return
    yield from (f"{path}: changed by hand, {message}" for message in _named_alone(trial, proposal, path))
    causes = {str(change.cause) for change in proposal.changes}
    if causes != {str(Cause.DRIFT)}:
        yield f"{path}: changed by hand, the cause is said to be {', '.join(sorted(causes))}"


def replaces(trial: Trial) -> Findings:
    """A change of every create-only property is a replacement that names it, and the new one is as wanted."""
    sample = trial.sample
    for path in writable(trial, create_only=True):
        if not _is_covered(path, [*sample.replaces, *sample.untried]):
            yield f"{path} is create-only, and the sample has no other value for it"
    if not sample.replaces:
        raise NotTried("nothing of it is create-only")
    spec = trial.full()
    with trial.clearing():
        made = trial.create(spec)
        for path, value in trial.fill(sample.replaces).items():
            trial.tried += 1
            want = with_value(without(spec, path), path, value)
            proposal = trial.propose(made, want, spec)
            replaced = {".".join(map(str, c.path)) for c in proposal.changes if c.replaces}
            if proposal.action is not Action.REPLACE or not _is_covered(path, replaced):
                yield f"{path}: another value is {proposal.action}: {told(proposal.changes) or 'nothing'}"
                continue
            if path in sample.planned:
                continue
            trial.delete(made, spec)
            new = trial.create(want)
            left = trial.propose(trial.reread(new, want), want).changes
            if left:
                yield f"{path}: the new one differs from what was wanted: {told(left)}"
            trial.delete(new, want)
            made = trial.create(spec)
