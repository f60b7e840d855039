"""The life of an object: made, read, planned again, discovered, adopted, marked, deleted.

Each check is a generator of what does not hold; it raises NotTried where it has nothing to do with the kind.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from orchestrator.kit.sample import leaves, steps_of, with_value
from orchestrator.model.change import Action, PropertyChange
from orchestrator.model.ids import Address, render_path
from orchestrator.model.kind import How, Marking
from orchestrator.model.provision import Observed, Ref
from orchestrator.model.schema import check
from orchestrator.testing.provider_conformance.trial import THING, Failed, NotTried, Trial

SETS: Final = 4
"""Property sets by chance, beside the smallest, the fullest, and each property alone."""
Findings = Iterator[str]


def told(changes: tuple[PropertyChange, ...]) -> str:
    """Changes, for a message."""
    return "; ".join(f"{render_path(c.path)}: {c.before!r} -> {c.after!r} ({c.cause})" for c in changes)


def reads_back(trial: Trial) -> Findings:
    """Every way of reading shows it as it was wanted, with its id, and counts its calls."""
    for spec in (trial.minimal(), trial.full()):
        with trial.clearing():
            made = trial.create(spec)
            for way in trial.kind.reads:
                trial.tried += 1
                before = sum(trial.subject.provider.calls.values())
                result = trial.reading([Ref(THING, made.id, spec, status=made.status)], way)
                counted = sum(trial.subject.provider.calls.values()) - before
                if result.calls != counted and not trial.kind.inline:
                    yield f"a read by {way.how} says that it took {result.calls} calls, and {counted} were counted"
                yield from _as_wanted(trial, result.found.get(THING), made, spec, f"read by {way.how}")


def _as_wanted(
    trial: Trial, seen: Observed | None, made: Observed, spec: Mapping[str, Any], how: str
) -> Findings:
    if seen is None:
        yield f"{how}, it is not there"
        return
    if seen.id != made.id:
        yield f"{how}, its id is {seen.id!r}, and the create said {made.id!r}"
    proposal = trial.propose(seen, spec)
    if proposal.changes:
        yield f"{how}, it differs from what was made: {told(proposal.changes)}"
    if seen.status.get("id", seen.id) != seen.id:
        yield f"{how}, status.id is {seen.status.get('id')!r}"
    wrong = [
        v.message for v in check(seen.status, _writable(trial.kind.status)) if "required" not in v.message
    ]
    if wrong:
        yield f"{how}, the status does not fit its schema: {'; '.join(wrong[:3])}"
    for secret in trial.driver.secrets:
        if secret in repr((seen.spec, seen.status)):
            yield f"{how}, a secret of the spec is told in plain"


def _writable(schema: Any) -> Any:
    """A status is what the cloud says: nothing in it is read-only for us."""
    plain = {name: replace(_writable(inner), read_only=False) for name, inner in schema.properties.items()}
    items = _writable(schema.items) if schema.items is not None else None
    return replace(schema, properties=plain, items=items)


def plans_nothing(trial: Trial) -> Findings:
    """After the create of any set of properties, a plan is empty."""
    for paths, spec in property_sets(trial):
        trial.tried += 1
        with trial.clearing():
            made = trial.create(spec)
            named = f"with {', '.join(paths)}" if paths else "with the smallest spec"
            for seen, when in ((made, "right after it was made"), (trial.reread(made, spec), "read again")):
                proposal = trial.propose(seen, spec)
                if proposal.action is not Action.NOOP or proposal.changes:
                    yield f"{named}, {when}: {told(proposal.changes) or proposal.action}"


def property_sets(trial: Trial) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """The smallest spec; with each other property alone; with some of them; with all. Only what may be written."""
    more = trial.fill(trial.sample.more)
    paths = [path for path, _ in leaves(trial.kind.spec, more)]
    groups = [list(group) for group in trial.sample.together]
    grouped = {path for group in groups for path in group}
    units = [*groups, *([path] for path in paths if path not in grouped)]
    chance = random.Random(trial.sample.type)  # noqa: S311 - to be the same in every run
    some = [[u for u in units if chance.random() < 0.5] for _ in range(SETS)] if len(units) > 2 else []
    seen: set[tuple[str, ...]] = set()
    for chosen in ([], *([u] for u in units), *some, units):
        names = tuple(path for unit in chosen for path in unit)
        spec = trial.minimal()
        for path in names:
            spec = with_value(spec, path, value_at(more, path))
        if names not in seen and may_be_written(trial, spec):
            yield list(names), spec
        seen.add(names)


def may_be_written(trial: Trial, spec: Mapping[str, Any]) -> bool:
    """Whether the schema and its rules take a spec."""
    refused = trial.kind.refine(spec) if trial.kind.refine is not None else []
    return not refused and not list(check(spec, trial.kind.spec))


def value_at(spec: Any, path: str) -> Any:
    """What a spec says at a path."""
    for step in steps_of(path):
        spec = spec[step]
    return spec


def deletes_twice(trial: Trial) -> Findings:
    """A deleted object is absent however it is read, and is deleted again without complaint."""
    spec = trial.minimal()
    made = trial.create(spec)
    for way in trial.kind.reads:
        if trial.read(made, spec, way) is None:
            yield f"made, it is not there when it is read by {way.how}"
    if trial.delete(made, spec) is not None:
        yield "the delete is done, and says that something is there"
    for way in trial.kind.reads:
        trial.tried += 1
        if trial.read(made, spec, way) is not None:
            yield f"deleted, it is there when it is read by {way.how}"
    if made.id in {o.id for o in trial.discovered()}:
        yield "deleted, it is discovered"
    if trial.look(Ref(THING, None, spec)) is not None:
        yield "deleted, it is found by its natural key"
    trial.driver.errors.clear()
    try:
        trial.delete(made, spec)
    except Exception as error:  # noqa: BLE001 - whatever a provider raises is a finding about it
        yield f"deleting it once more is an error: {type(error).__name__}: {error}"


def is_discovered(trial: Trial) -> Findings:
    """Discovery shows it once, and as every way of reading does."""
    if trial.sample.undiscovered:
        raise NotTried(trial.sample.undiscovered)
    with trial.clearing():
        made = trial.create(trial.full())
        found = [o for o in trial.discovered() if o.id == made.id]
        if len(found) != 1:
            raise Failed(f"it is discovered {len(found)} times")
        for way in trial.kind.reads:
            trial.tried += 1
            seen = trial.read(made, {}, way)
            if seen is None:
                yield f"it is discovered, and not there when it is read by {way.how}"
            elif (seen.spec, seen.marker) != (found[0].spec, found[0].marker):
                yield f"discovered it is {found[0].spec}, and read by {way.how} it is {seen.spec}"


def is_adopted(trial: Trial) -> Findings:
    """An object that another made is taken over, and a plan is empty then."""
    spec = trial.full()
    with trial.clearing():
        made = trial.create(spec)
        seen = trial.reread(made, spec)
        proposal = trial.propose(seen, spec, {})
        if proposal.action is Action.REPLACE:
            raise Failed(f"adopting it would replace it: {told(proposal.changes)}")
        seen = trial.bring(seen, spec, {})
        if _takes_marker(trial, seen):
            seen = trial.mark(seen, spec, trial.marker())
        trial.tried += 1
        left = trial.propose(trial.reread(seen, spec), spec)
        if left.changes:
            yield f"adopted, it differs: {told(left.changes)}"
        yield from _found_by_key(trial, made, spec)


def _found_by_key(trial: Trial, made: Observed, spec: Mapping[str, Any]) -> Findings:
    """Without state, what can be told by its own properties is found by them."""
    if not trial.kind.marking.named:
        return
    key = trial.kind.natural_key
    if trial.kind.marking is Marking.NATURAL and all(spec.get(name) is None for name in key):
        return
    trial.tried += 1
    found = trial.look(Ref(THING, None, spec, status=made.status))
    if found is None or found.id != made.id:
        yield f"by its natural key {', '.join(key)} it is {'not found' if found is None else found.id}"


def _takes_marker(trial: Trial, seen: Observed) -> bool:
    return trial.kind.marking.carried or seen.marker is not None


def keeps_marker(trial: Trial) -> Findings:
    """The marker is there after the create, after every update, and is written anew where it was lost."""
    spec = trial.minimal()
    with trial.clearing():
        request = trial.creation(spec)
        made = trial.keep(trial.driver.do(request))
        seen = trial.reread(made, spec)
        if not _takes_marker(trial, seen):
            raise NotTried("it has no room for a marker")
        if seen.marker != request.marker:
            raise Failed(f"made with the marker {request.marker}, it has {seen.marker}")
        for path, value in trial.fill(trial.sample.updates).items():
            want = with_value(spec, path, value)
            if path in trial.sample.untried or not may_be_written(trial, want):
                continue
            trial.tried += 1
            if trial.propose(seen, want, spec).action is not Action.UPDATE:
                continue
            seen = trial.reread(trial.bring(seen, want, spec), want)
            if seen.marker != request.marker:
                yield f"after an update of {path} its marker is {seen.marker}"
            if trial.propose(seen, spec, want).action is Action.UPDATE:
                seen = trial.reread(trial.bring(seen, spec, want), spec)
            else:
                spec = want
        other = trial.marker()
        seen = trial.reread(trial.mark(seen, spec, other), spec)
        trial.tried += 1
        if seen.marker != other:
            yield f"marked anew it has {seen.marker}"
        proposal = trial.propose(seen, spec)
        if proposal.changes:
            yield f"marked anew it differs: {told(proposal.changes)}"


def has_pages(trial: Trial) -> Findings:
    """What stands on the second page of a list is there too."""
    paged, size = trial.subject.paged, trial.subject.conformance.page
    if paged is None:
        raise NotTried("there is no setting for the size of a page")
    with trial.clearing():
        scenes = [trial.new_scene() for _ in range(size + 1)]
        ids = {trial.create(trial.minimal(scene)).id for scene in scenes}
        if len(ids) <= size:
            raise Failed(
                f"{size + 1} creates made {len(ids)} objects: the samples want a name of their own each"
            )
        trial.tried = len(ids)
        missing = ids - {o.id for o in trial.patiently(lambda: list(paged.discover(trial.type)))}
        if missing:
            yield f"of {len(ids)} objects in pages of {size}, {len(missing)} are not discovered"
        refs = [Ref(Address(f"thing{number}"), id) for number, id in enumerate(sorted(ids))]
        for way in (way for way in trial.kind.reads if way.how is not How.GET):
            found = trial.reading(refs, way, paged).found
            if len(found) != len(ids):
                yield f"of {len(ids)} objects in pages of {size}, {len(found)} are read by {way.how}"
