"""Sample data of a kind: what the conformance suite makes of it, changes in it, and changes behind our back.

A provider keeps a :class:`Sample` for each kind that can be made, and names the module that holds them in its
manifest (``Manifest.conformance``), as a :class:`Conformance` called ``CONFORMANCE``. Everything is data but
``behind``: what somebody does by the vendor's own SDK, past the provider.

A property is named by its path from the spec's root, with dots: ``name``, ``properties.subnets.0.name``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.model.provision import Observed
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret

Spec = Mapping[str, Any]
Reasons = Mapping[str, str]
"""By path: why something does not hold there, or is not tried."""


@dataclass(frozen=True, slots=True)
class Of:
    """In a sample: something of an object that was made before, by default its id."""

    parent: str
    path: str = "id"
    """``id``, or a path such as ``spec.name`` and ``status.address``."""
    form: str = "{}"
    """The text around it."""


@dataclass(frozen=True, slots=True)
class Unique:
    """In a sample: a name that nothing else in the cloud has; the same wherever it stands in one object."""

    form: str = "{}"
    """The text around it, which also tells two of them apart."""
    plain: bool = False
    """Letters and digits alone, where the cloud takes nothing else."""


@dataclass(frozen=True, slots=True)
class Given:
    """In a sample: something that the cloud has already, such as an image: see ``Conformance.given``."""

    name: str


@dataclass(frozen=True, slots=True)
class Parent:
    """An object that must be there first. Its spec may name those before it."""

    type: str
    spec: Spec


@dataclass(frozen=True, slots=True)
class Hand:
    """What somebody has who changes an object by hand, past the provider."""

    raw: Any
    """The vendor's own client, as ``Conformance.connect`` gives it."""
    seen: Observed
    """The object as it was read last."""
    parents: Mapping[str, Observed]
    path: str
    """The property that is to differ afterwards."""
    value: Any
    """Another value for it: that of ``Sample.updates``."""
    wait: Callable[[float], None] = lambda _seconds: None
    """Let seconds pass, between two calls of which the second wants the first one's effect."""

    @property
    def id(self) -> str:
        """The object's id."""
        return self.seen.id


Behind = Callable[[Hand], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One kind: two specs, another value for each property, and how to change it by hand."""

    type: str
    minimal: Spec
    """As little as the cloud takes."""
    more: Spec = field(default_factory=dict)
    """Laid over ``minimal`` it is the full spec: every property that can be set beside the others."""
    parents: Mapping[str, str | Parent] = field(default_factory=dict)
    """What must be there first, by the names that :class:`Of` uses; a type alone is made by its own sample."""
    updates: Mapping[str, Any] = field(default_factory=dict)
    """Another value for every property that can change in place."""
    replaces: Mapping[str, Any] = field(default_factory=dict)
    """Another value for every create-only property, and such values of others as need a replacement."""
    behind: Mapping[str, Behind] = field(default_factory=dict)
    """How to change a property by hand."""
    write: Behind | None = None
    """How to set any other property to ``Hand.value`` by hand."""
    together: tuple[tuple[str, ...], ...] = ()
    """Paths of ``more`` that go only together."""
    coupled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By a path: those that change with it by themselves."""
    undetected: Reasons = field(default_factory=dict)
    """Changes by hand that cannot be seen, and why."""
    untried: Reasons = field(default_factory=dict)
    """Properties that the suite leaves alone, and why."""
    planned: Reasons = field(default_factory=dict)
    """Replacements that are looked at in the plan and not made, and why."""
    kept: Reasons = field(default_factory=dict)
    """Properties that stay when they leave the spec, and why."""
    undiscovered: str = ""
    """Why objects that nobody asks for by name are not discovered; empty: they are."""

    @property
    def full(self) -> Spec:
        """The full spec, with its placeholders."""
        return dict(overlaid(self.minimal, self.more))


def _nothing(_raw: Any) -> Mapping[str, Any]:
    return {}


def _no_raw(_settings: Mapping[str, Any], folder: Path) -> Any:
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformance:
    """What a provider gives to the conformance suite."""

    samples: tuple[Sample, ...]
    connect: Callable[[Mapping[str, Any], Path], Any] = _no_raw
    """The vendor's own client, from the provider's settings and the stack's folder."""
    given: Callable[[Any], Mapping[str, Any]] = _nothing
    """What the cloud has already, looked up by the raw client."""
    paged: Mapping[str, Any] = field(default_factory=dict)
    """Settings with which a list comes in pages of ``page`` objects; empty: there are no such settings."""
    page: int = 2
    exempt: Reasons = field(default_factory=dict)
    """By type: kinds that the suite cannot look at, and why."""
    sandbox: Mapping[str, Any] = field(default_factory=dict)
    """Settings laid over the sandbox's own: an administrator's, where some kinds need one."""
    close: Callable[[Any], None] = lambda _raw: None
    """Let go of the raw client."""


def overlaid(below: Any, above: Any) -> Any:
    """``above`` laid over ``below``: mappings are merged, everything else is replaced."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    return {**below, **{k: overlaid(below[k], v) if k in below else v for k, v in above.items()}}


def steps_of(path: str) -> tuple[str | int, ...]:
    """The steps of a dotted path; numbers count the items of arrays."""
    return tuple(int(step) if step.isdigit() else step for step in path.split("."))


def with_value(spec: Any, path: str, value: Any) -> Any:
    """A copy of ``spec`` with one property set; mappings on the way are made."""
    return _with(spec, steps_of(path), value)


def _with(inner: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    if not steps:
        return value
    step, *rest = steps
    if isinstance(step, int):
        return [_with(item, tuple(rest), value) if i == step else item for i, item in enumerate(inner)]
    below = inner if isinstance(inner, Mapping) else {}
    return {**below, step: _with(below.get(step, {}), tuple(rest), value)}


def without(spec: Any, path: str) -> Any:
    """A copy of ``spec`` in which a property is not said."""
    step, *rest = steps_of(path)
    if isinstance(spec, list | tuple) and isinstance(step, int):
        return [without(item, _dotted(rest)) if i == step and rest else item for i, item in enumerate(spec)]
    if not isinstance(spec, Mapping) or step not in spec:
        return spec
    if not rest:
        return {k: v for k, v in spec.items() if k != step}
    return {**spec, step: without(spec[step], _dotted(rest))}


def _dotted(steps: list[str | int]) -> str:
    return ".".join(map(str, steps))


def says(spec: Any, path: str) -> bool:
    """Whether a spec sets the property at a path."""
    for step in steps_of(path):
        if isinstance(step, int):
            if not isinstance(spec, list | tuple) or step >= len(spec):
                return False
        elif not isinstance(spec, Mapping) or step not in spec:
            return False
        spec = spec[step]
    return True


def leaves(schema: Property, spec: Any = None, at: str = "") -> Iterator[tuple[str, Property]]:
    """Every property that can be written, by path; those of an array's items by the item ``0``.

    With a ``spec``, only what that spec says, and as deep as the schema names properties.
    """
    for name, inner in schema.properties.items():
        if inner.read_only or (spec is not None and not says(spec, name)):
            continue
        here, value = f"{at}{name}", None if spec is None else spec[name]
        item = inner.items if inner.items is not None and inner.items.properties and spec is None else None
        if item is not None and not inner.create_only:
            yield from leaves(item, None, f"{here}.0.")
        elif inner.properties and not inner.create_only and (spec is None or isinstance(value, Mapping)):
            yield from leaves(inner, value, f"{here}.")
        else:
            yield here, inner


def related(one: str, other: str) -> bool:
    """Whether two paths are the same, or one lies below the other."""
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def resolved(value: Any, fill: Callable[[Of | Unique | Given], Any]) -> Any:
    """A sample's value with its placeholders filled in."""
    match value:
        case Of() | Unique() | Given():
            return fill(value)
        case Secret():
            return value
        case Mapping():
            return {k: resolved(v, fill) for k, v in value.items()}
        case list() | tuple():
            return [resolved(v, fill) for v in value]
        case _:
            return value
