"""What a name in an expression means: to which resource it points, and which value it has.

Enters: the desired resources of a stack. Leaves: the addresses that a reference points to (the edges of the
graph), and the names that an expression is evaluated with. Children of a composite see each other and their
``parent``, never the outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.expression import Template, evaluate, templates_in
from orchestrator.model.ids import Address, Path
from orchestrator.model.resource import Desired, Mode
from orchestrator.model.values import UNKNOWN

GLOBALS: Final = frozenset({"params", "stack", "env", "each", "self", "parent"})
Nodes = Mapping[Address, Mapping[str, Any]]
"""What is known of each resource so far: ``spec`` and ``status``."""


class NameError_(Exception):  # noqa: N801, N818 - the builtin's name is taken
    """A name that means nothing here."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Index:
    """Every desired resource by the name that others use, scope by scope."""

    def __init__(self, resources: Iterable[Desired]) -> None:
        self.by_address: dict[Address, Desired] = {}
        self.bases: dict[Address | None, dict[str, list[Desired]]] = {}
        for resource in resources:
            instances = self.bases.setdefault(resource.parent, {}).setdefault(resource.base, [])
            if resource.mode is not Mode.EMPTY:
                self.by_address[resource.address] = resource
                instances.append(resource)
        self._keyed: dict[tuple[Address | None, str], dict[str, Desired]] = {}

    def instances(self, parent: Address | None, name: str) -> Mapping[str, Desired]:
        """The instances of a name with a forEach, by key; found without a look at the others."""
        known = self._keyed.get((parent, name))
        if known is None:
            every = self.bases.get(parent, {}).get(name, ())
            known = {str(i.each["key"]): i for i in every if i.each is not None}
            self._keyed[parent, name] = known
        return known

    def target(self, path: Path, parent: Address | None) -> tuple[list[Desired], Path]:
        """The resources that a reference points to, and the rest of the path inside each of them.

        Raises NameError_ with the nearest name where it points nowhere.
        """
        if path[0] == "resources":
            path = path[1:]
            if not path:
                raise NameError_("resources needs a name", 'write resources["name"]')
        known = self.bases.get(parent, {})
        name = str(path[0])
        instances = known.get(name)
        if instances is None:
            here = f"resource {name!r}" if parent is None else f"resource {name!r} inside {parent}"
            raise NameError_(f"there is no {here}", did_you_mean(name, [*known, *GLOBALS]))
        if not instances:
            return [], ()
        if instances[0].each is None:
            return instances, path[1:]
        if len(path) < 2:
            return instances, ()
        one = self.instances(parent, name).get(str(path[1]))
        if one is not None and one.each is not None and one.each["key"] == path[1]:
            return [one], path[2:]
        if path[1] in {"spec", "status"}:
            keys = ", ".join(f'{name}["{i.each["key"]}"]' for i in instances[:3] if i.each)
            raise NameError_(f"{name} has a forEach: it is a map of instances", f"write {keys}")
        present = [str(i.each["key"]) for i in instances if i.each]
        raise NameError_(f"{name} has no instance {path[1]!r}", did_you_mean(str(path[1]), present))

    def references(self, paths: Iterable[Path], parent: Address | None) -> Iterator[tuple[Desired, Path]]:
        """Every resource that the paths point to, with the rest of the path."""
        for path in paths:
            if path[0] == "parent" and parent is not None:
                yield from self._through_parent(path[1:], parent)
            elif path[0] not in GLOBALS:
                targets, rest = self.target(path, parent)
                yield from ((target, rest) for target in targets)

    def _through_parent(self, path: Path, parent: Address) -> Iterator[tuple[Desired, Path]]:
        """A child reads its composite's spec: it depends on what that part of the spec depends on."""
        composite = self.by_address[parent]
        value: Any = composite.spec
        if path and path[0] != "spec":
            return
        for part in path[1:]:
            if isinstance(value, Template) or not isinstance(value, Mapping) or part not in value:
                break
            value = value[part]
        yield from self.references(paths_in(value), composite.parent)


def paths_in(value: Any) -> Iterator[Path]:
    """The paths that the expressions anywhere in ``value`` refer to."""
    for _, template in templates_in(value):
        for expression in template.expressions:
            yield from expression.paths


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every expression of a stack can see, whoever asks."""

    params: Mapping[str, Any] = field(default_factory=dict)
    stack: Mapping[str, Any] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    secret: Callable[[str], Any] | None = None
    """Resolves the literal argument of ``secret("…")``, fetched before."""
    outputs: Callable[[str], Any] | None = None
    """The outputs of another stack, fetched before."""


class _Instances(Mapping[str, Any]):
    """The instances of one name by key: what is known of each is looked up when it is asked for."""

    __slots__ = ("_known", "_scope")

    def __init__(self, scope: Scope, known: Mapping[str, Desired]) -> None:
        self._scope = scope
        self._known = known

    def __getitem__(self, key: str) -> Any:
        return self._scope.node(self._known[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def composite_node(address: Address, spec: Any, status: Mapping[str, Any]) -> dict[str, Any]:
    """What expressions read of a composite."""
    return {"spec": spec, "status": {"id": str(address), **status}}


class Scope(Mapping[str, Any]):
    """The names that one resource's expressions see."""

    __slots__ = ("_around", "_index", "_nodes", "_owner", "_self")

    def __init__(
        self,
        around: Surroundings,
        index: Index,
        nodes: Nodes,
        owner: Desired | None = None,
        self_: Mapping[str, Any] | None = None,
    ) -> None:
        self._around = around
        self._index = index
        self._nodes = nodes
        self._owner = owner
        self._self = self_

    def __getitem__(self, name: str) -> Any:
        """The value of a root name; raises KeyError where there is none."""
        match name:
            case "params":
                return self._around.params
            case "stack":
                return self._around.stack
            case "env":
                return self._around.env
            case "each" if self._owner is not None and self._owner.each is not None:
                return self._owner.each
            case "self" if self._self is not None:
                return self._self
            case "parent" if self._owner is not None and self._owner.parent is not None:
                composite = self._index.by_address[self._owner.parent]
                return {"name": instance_name(composite), "spec": LazySpec(self, composite)}
            case "resources":
                return _Resources(self)
            case _:
                return self.resource(name)

    def resource(self, name: str) -> Any:
        """A resource of this scope, or the map of its instances."""
        parent = None if self._owner is None else self._owner.parent
        instances = self._index.bases.get(parent, {})[name]
        if instances and instances[0].each is None:
            return self.node(instances[0])
        return _Instances(self, self._index.instances(parent, name))

    def node(self, resource: Desired) -> Mapping[str, Any]:
        """What is known of a resource so far: its spec and its status."""
        return self._nodes.get(resource.address, {"spec": UNKNOWN, "status": UNKNOWN})

    def of(self, owner: Desired, self_: Mapping[str, Any] | None = None) -> Scope:
        """The scope of another resource of the same stack."""
        return Scope(self._around, self._index, self._nodes, owner, self_)

    def inside(self, composite: Desired) -> Scope:
        """The scope of what a composite is made of, in which its own status is written."""
        return self.of(replace(composite, parent=composite.address))

    def resolve(self, value: Any) -> Any:
        """``value`` with every expression replaced by what it gives; untouched parts are shared."""
        if isinstance(value, Template):
            return evaluate(value, self, secret=self._around.secret, outputs=self._around.outputs)
        if isinstance(value, Mapping):
            return {key: self.resolve(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.resolve(inner) for inner in value]
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(("params", "stack", "env", "resources"))

    def __len__(self) -> int:
        return 4


def instance_name(resource: Desired) -> str:
    """A name for what a resource makes: its own, and its forEach key where it has one."""
    return resource.base if resource.each is None else f"{resource.base}-{resource.each['key']}"


class _Resources(Mapping[str, Any]):
    """``resources["name"]``, looked up when it is asked for."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def __getitem__(self, name: str) -> Any:
        return self._scope.resource(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class LazySpec(Mapping[str, Any]):
    """A composite's spec, each property resolved when a child reads it: others may not be known yet."""

    __slots__ = ("_composite", "_scope")

    def __init__(self, scope: Scope, composite: Desired) -> None:
        self._composite = composite
        self._scope = scope.of(composite)

    def __getitem__(self, name: str) -> Any:
        return self._scope.resolve(self._composite.spec[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._composite.spec)

    def __len__(self) -> int:
        return len(self._composite.spec)
