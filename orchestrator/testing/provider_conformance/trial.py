"""One kind under test: its parents, objects of it, and the short ways to do something to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, TypeVar

from orchestrator.kit.sample import Given, Of, Parent, Sample, Spec, Unique, resolved, steps_of
from orchestrator.model.change import Action
from orchestrator.model.errors import ProviderError, TransientError
from orchestrator.model.ids import Address, TypeName, Uid
from orchestrator.model.kind import How, KindSchema, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Observed, Proposal, ReadResult, Ref, Request
from orchestrator.model.values import Secret, find_leaves
from orchestrator.seams.provider import Provider
from orchestrator.testing.provider_conformance.driver import Driver
from orchestrator.testing.provider_conformance.subject import Subject

T = TypeVar("T")
THING: Final = Address("thing")
LOOKS: Final = 60
"""How often something is looked for that the cloud takes its time with."""


class NotTried(Exception):  # noqa: N818 - no error: there is nothing to check
    """The check has nothing to do with this kind, or with this cloud."""


class Failed(Exception):  # noqa: N818 - the suite's own word
    """What the check claims does not hold, and there is no use in going on."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The parents of one object, and the name that it alone has."""

    name: str
    parents: Mapping[str, Observed] = field(default_factory=dict)


class Trial:
    """One kind of one provider."""

    def __init__(self, subject: Subject, sample: Sample) -> None:
        """Nothing is made yet."""
        self.subject = subject
        self.sample = sample
        self.type = TypeName(sample.type)
        self.kind: KindSchema = subject.provider.kinds[self.type]
        self.driver = Driver(subject, secrets=_secrets_of(sample))
        self.tried = 0
        self._numbers = count(1)
        self._scene: Scene | None = None
        self._made: list[tuple[TypeName, Observed]] = []

    # What a sample says, for one scene.

    @property
    def scene(self) -> Scene:
        """The parents that most checks share."""
        if self._scene is None:
            self._scene = self.new_scene()
        return self._scene

    def new_scene(self, *, sample: Sample | None = None) -> Scene:
        """Parents of its own for one more object."""
        sample = sample or self.sample
        name = f"{self.subject.run}-{next(self._numbers)}"
        parents: dict[str, Observed] = {}
        for key, parent in sample.parents.items():
            parents[key] = self._parent(f"{name}-{key}", parent, parents)
        return Scene(name, parents)

    def _parent(self, name: str, parent: str | Parent, before: Mapping[str, Observed]) -> Observed:
        if isinstance(parent, Parent):
            spec = self.fill(parent.spec, Scene(name, before))
            return self._make(TypeName(parent.type), spec)
        own = next((s for s in self.subject.conformance.samples if s.type == parent), None)
        if own is None:
            raise Failed(f"the sample wants a {parent} to be there, and there is no sample of that")
        inner = self.new_scene(sample=own)
        return self._make(TypeName(parent), self.fill(own.minimal, Scene(name, inner.parents)))

    def _make(self, type: TypeName, spec: Spec) -> Observed:
        address = Address("parent")
        made = self.driver.do(Request(Action.CREATE, type, address, self.marker(address), spec))
        if made is None:
            raise Failed(f"the parent of type {type} was made, and nothing is there")
        self._made.append((type, made))
        return made

    def fill(self, value: Any, scene: Scene | None = None) -> Any:
        """A value of the sample with its placeholders filled in."""
        where = scene or self.scene

        def filled(leaf: Of | Unique | Given) -> Any:
            match leaf:
                case Unique():
                    return leaf.form.format(where.name.replace("-", "") if leaf.plain else where.name)
                case Given():
                    return (self.subject.given or {})[leaf.name]
                case Of():
                    found = _at(where.parents[leaf.parent], leaf.path)
                    return found if leaf.form == "{}" else leaf.form.format(found)

        return resolved(value, filled)

    def minimal(self, scene: Scene | None = None) -> dict[str, Any]:
        """The smallest spec."""
        return dict(self.fill(self.sample.minimal, scene))

    def full(self, scene: Scene | None = None) -> dict[str, Any]:
        """The fullest spec."""
        return dict(self.fill(self.sample.full, scene))

    # What is done to objects.

    def marker(self, address: Address = THING) -> Marker:
        """The marker of one more incarnation."""
        return Marker(self.subject.stack, address, Uid(uuid.uuid4().hex))

    def creation(self, spec: Spec) -> Request:
        """A request to make one more."""
        return Request(Action.CREATE, self.type, THING, self.marker(), spec)

    def create(self, spec: Spec) -> Observed:
        """Make one; it is cleared up at the end of the check."""
        return self.keep(self.driver.do(self.creation(spec)))

    def keep(self, made: Observed | None) -> Observed:
        """Clear it up at the end of the check."""
        if made is None:
            raise Failed("the create is done, and nothing is there")
        self._made.append((self.type, made))
        return made

    def bring(self, seen: Observed, want: Spec, last: Spec | None = None) -> Observed:
        """Bring an object to what is wanted, in place, as the proposal says."""
        proposal = self.propose(seen, want, last)
        if proposal.action is Action.NOOP:
            return seen
        marker = seen.marker or self.marker()
        known = want if last is None else last
        done = self.driver.do(
            Request(Action.UPDATE, self.type, THING, marker, want, seen, proposal.changes, known)
        )
        if done is None:
            raise Failed("an update is done, and nothing is there")
        return done

    def mark(self, seen: Observed, want: Spec, marker: Marker) -> Observed:
        """Write a marker on an object."""
        done = self.driver.do(Request(Action.RETAG, self.type, THING, marker, want, seen, (), want))
        if done is None:
            raise Failed("a marker was written, and nothing is there")
        return done

    def delete(self, seen: Observed, last: Spec | None = None) -> Observed | None:
        """Delete it; what is there afterwards."""
        left = self.driver.do(self.deletion(seen, last))
        self._made = [(type, made) for type, made in self._made if made.id != seen.id]
        return left

    def deletion(self, seen: Observed, last: Spec | None = None) -> Request:
        """A request to delete it."""
        marker = seen.marker or self.marker()
        return Request(Action.DELETE, self.type, THING, marker, prior=seen, last=last or seen.spec)

    # What is asked.

    def propose(self, seen: Observed, want: Spec, last: Spec | None = None) -> Proposal:
        """What would bring it to what is wanted; by default that is what was applied last."""
        return self.subject.provider.propose(self.type, seen, want, want if last is None else last)

    def read(self, seen: Observed, spec: Spec, way: ReadWay | None = None) -> Observed | None:
        """Read it by its id; by default one by one, which no list can be late for."""
        return self.look(Ref(THING, seen.id, spec, status=seen.status), way)

    def reread(self, seen: Observed, spec: Spec) -> Observed:
        """Read what must be there."""
        found = self.read(seen, spec)
        if found is None:
            raise Failed(f"{seen.id} is not found by its id")
        return found

    def look(self, ref: Ref, way: ReadWay | None = None) -> Observed | None:
        """Read one reference, as often as the cloud asks to be asked again."""
        return self.reading([ref], way or self.surest).found.get(THING)

    def reading(self, refs: Sequence[Ref], way: ReadWay, provider: Provider | None = None) -> ReadResult:
        """Read references in one way."""
        asked = provider or self.subject.provider
        return self.patiently(lambda: asked.read_many(self.type, refs, way))

    def patiently(self, call: Callable[[], T]) -> T:
        """Make a read again as long as it is refused for the moment."""
        last: ProviderError | None = None
        for _ in range(LOOKS):
            try:
                return call()
            except TransientError as error:
                last = error
                self.subject.time.sleep(min(error.retry_after or 0.5, 2.0))
        raise last or AssertionError("no look was made")

    @property
    def surest(self) -> ReadWay:
        """One object a call, where the kind can be read so."""
        one = [way for way in self.kind.reads if way.how is How.GET]
        return one[0] if one else self.kind.reads[-1]

    def discovered(self) -> list[Observed]:
        """Everything of the kind."""
        return list(self.patiently(lambda: list(self.subject.provider.discover(self.type))))

    def ours(self, before: Sequence[Observed], spec: Spec) -> list[Observed]:
        """What was not there before, and is of this run: by our marker, or by being as it was wanted."""
        if self.sample.undiscovered:
            meant = self.look(Ref(THING, None, spec))
            return [] if meant is None else [meant]
        known = {o.id for o in before}
        new = [o for o in self.discovered() if o.id not in known]
        marked = [o for o in new if o.marker is not None]
        if self.kind.marking.carried:
            return [o for o in marked if o.marker is not None and o.marker.stack == self.subject.stack]
        found = (self.read(o, spec) for o in new)
        return [o for o in found if o is not None and self.propose(o, spec).action is not Action.REPLACE]

    # The ends.

    @contextmanager
    def clearing(self) -> Iterator[None]:
        """What is made within is gone afterwards; the shared parents stay."""
        _ = self.scene
        before = len(self._made)
        try:
            yield
        finally:
            self._clear(before)

    def close(self) -> None:
        """Clear up the parents too."""
        self._clear(0)

    def _clear(self, keep: int) -> None:
        while len(self._made) > keep:
            type, made = self._made.pop()
            marker = made.marker or self.marker()
            request = Request(Action.DELETE, type, THING, marker, prior=made, last=made.spec)
            self.driver.do(request)


def _at(seen: Observed, path: str) -> Any:
    if path == "id":
        return seen.id
    root, _, rest = path.partition(".")
    value: Any = {"spec": seen.spec, "status": seen.status}[root]
    for step in steps_of(rest):
        value = value[step]
    return value


def _secrets_of(sample: Sample) -> tuple[str, ...]:
    """The plain secrets of a sample."""
    found = []
    for spec in (sample.minimal, sample.more, *sample.updates.values(), *sample.replaces.values()):
        for path in find_leaves(spec, Secret):
            value: Any = spec
            for step in path:
                value = value[step]
            found.append(str(value.value))
    return tuple(found)
