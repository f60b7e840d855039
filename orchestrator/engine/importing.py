"""``opsctl import``: objects that are there become documents, with the ``Import`` documents that adopt them.

Enters: chosen things, what else is known by its id, and the providers that can say what a spec would change. Leaves:
drafts: a name, a spec, and what a person has to look at. Holds: what a draft says is what its cloud said, so that a plan
of it changes nothing but markers; a literal id of something else that is managed becomes an expression, never in a
circle; a default is left out; a secret is never in a draft.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from orchestrator.kit.compare import same
from orchestrator.model.cel_syntax import KEYWORDS, SCOPE, TYPES
from orchestrator.model.ids import Address, Path, TypeName, render_path
from orchestrator.model.inventory import Thing, folded, short
from orchestrator.model.kind import KindSchema
from orchestrator.model.provision import Proposal
from orchestrator.model.schema import MISSING, Property, check
from orchestrator.model.values import Secret, texts_in

Propose = Callable[[Thing, Mapping[str, Any]], Proposal]
"""What a spec would change of a thing that nobody has managed."""
_SURE: Final = re.compile(
    r"/subscriptions/.+|[a-z]+-[0-9a-f]{8,17}|[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE
)
"""Ids that mean one thing wherever they stand: ARM's, EC2's, UUIDs. Others are names, and may mean something else."""
_SECRET: Final = re.compile(r'\$\{secret\("env:\w+"\)\}')
_PLAIN: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Draft:
    """One thing as a document."""

    thing: Thing
    name: str
    spec: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    """The names that its expressions mention."""
    notes: tuple[str, ...] = ()
    """What a person has to look at."""
    foreign: tuple[str, ...] = ()
    """Ids in it of things that were found, and that neither the import nor the stack has."""


@dataclass(frozen=True, slots=True)
class Drafting:
    """What drafts are made with."""

    kinds: Mapping[TypeName, KindSchema]
    propose: Propose
    managed: Mapping[str, Address] = field(default_factory=dict)
    """What the stack has already, by id."""
    taken: frozenset[str] = frozenset()
    """Names that the stack's files use."""
    others: frozenset[str] = frozenset()
    """Ids of everything that was found."""


def drafts(chosen: Sequence[Thing], making: Drafting) -> tuple[Draft, ...]:
    """A draft of each chosen thing, but of those that stand in the list of their parent; what is needed comes first."""
    inside = set(_inlined(chosen, making.kinds))
    apart = [thing for thing in chosen if key_of(thing) not in inside]
    absent = {key_of(thing): _separate(thing, apart, making.kinds) for thing in apart}
    names = _names(apart, making.taken)
    links = _Links(names, making)
    made = [_draft(thing, names[key_of(thing)], absent[key_of(thing)], links, making) for thing in apart]
    return tuple(_ordered(made))


def related(
    chosen: Sequence[Thing], found: Sequence[Thing], kinds: Mapping[TypeName, KindSchema]
) -> list[Thing]:
    """The chosen things, what they name by its id, and what only ties them together or is a part of them."""
    free = [thing for thing in found if thing.address is None]
    by_id: dict[str, list[Thing]] = {}
    for thing in free:
        if _SURE.fullmatch(thing.id):
            by_id.setdefault(folded(thing.id), []).append(thing)
    kept = {key_of(thing): thing for thing in chosen}
    waiting = list(chosen)
    while waiting:
        while waiting:
            texts = texts_in(waiting.pop().observed.spec)
            named = (other for text in texts for other in by_id.get(folded(text), ()))
            fresh = {key_of(other): other for other in named if key_of(other) not in kept}
            kept |= fresh
            waiting += fresh.values()
        ties = {key_of(t): t for t in free if key_of(t) not in kept and _ties(t, kept.values(), by_id, kinds)}
        kept |= ties
        waiting += ties.values()
    return list(kept.values())


def _ties(
    thing: Thing,
    kept: Collection[Thing],
    by_id: Mapping[str, Sequence[Thing]],
    kinds: Mapping[TypeName, KindSchema],
) -> bool:
    """Whether it has no marks of its own, and all that it names is kept: a route, an attachment, a container."""
    kind = kinds.get(thing.type)
    if kind is None or kind.marking.carried or thing.tags or thing.stack:
        return False
    mine = {folded(thing.id)}
    named = {folded(t) for t in texts_in(thing.observed.spec)} & by_id.keys() - mine
    return bool(named) and named <= {folded(each.id) for each in kept}


def key_of(thing: Thing) -> tuple[str, str, str]:
    """What tells things apart."""
    return (str(thing.provider), str(thing.type), thing.id)


def _children(parent: Thing, things: Sequence[Thing], kind: KindSchema) -> Iterator[tuple[str, Thing]]:
    """Things that the parent lists too, each with the property that lists it."""
    for property, type in kind.absorbs.items():
        for thing in things:
            if thing.type == type and folded(parent.id) in map(folded, _own_texts(thing)):
                yield property, thing


def _own_texts(thing: Thing) -> Iterator[str]:
    """What may name a parent: texts at the top of a spec."""
    return (value for value in thing.observed.spec.values() if isinstance(value, str))


def _inlined(things: Sequence[Thing], kinds: Mapping[TypeName, KindSchema]) -> Iterator[tuple[str, str, str]]:
    """Plain objects of a parent that is imported too, and that nobody else names: they stay in its list."""
    for parent in things:
        kind = kinds.get(parent.type)
        if kind is None or not kind.absorbs:
            continue
        listed = list(_children(parent, things, kind))
        for property in kind.absorbs:
            mine = [child for name, child in listed if name == property]
            ids = {folded(child.id) for child in mine}
            rest = (t for t in things if t is not parent and t not in mine)
            if not any(folded(text) in ids for thing in rest for text in texts_in(thing.observed.spec)):
                yield from (key_of(child) for child in mine)


def _separate(thing: Thing, apart: Sequence[Thing], kinds: Mapping[TypeName, KindSchema]) -> frozenset[str]:
    """Properties of a parent whose objects are documents of their own here."""
    kind = kinds.get(thing.type)
    return frozenset(name for name, _ in _children(thing, apart, kind)) if kind is not None else frozenset()


def _names(things: Sequence[Thing], taken: frozenset[str]) -> dict[tuple[str, str, str], str]:
    """A name for each that is plain in expressions, and unique in the stack."""
    used = {*taken, *KEYWORDS, *TYPES, *SCOPE}
    found: dict[tuple[str, str, str], str] = {}
    for thing in things:
        stem = re.sub(r"\W+", "_", thing.name, flags=re.ASCII).strip("_") or short(thing.type)
        stem = stem if _PLAIN.fullmatch(stem) else f"{short(thing.type)}_{stem}"
        typed = stem if stem == short(thing.type) else f"{stem}_{short(thing.type)}"
        candidates = (stem, typed, *(f"{typed}_{n}" for n in range(2, len(things) + 2)))
        found[key_of(thing)] = next(name for name in candidates if name not in used)
        used.add(found[key_of(thing)])
    return found


class _Links:
    """Which ids are known by a name, and who needs whom by now."""

    def __init__(self, names: Mapping[tuple[str, str, str], str], making: Drafting) -> None:
        self._by_id: dict[str, list[tuple[str, str]]] = {}
        for (_, type, id), name in names.items():
            self._by_id.setdefault(folded(id), []).append((name, type))
        self._managed = {folded(id): address for id, address in making.managed.items()}
        self._others = {folded(id) for id in making.others if _SURE.fullmatch(id)}
        self._needs: dict[str, set[str]] = {name: set() for name in names.values()}

    def of(self, who: str, text: str, at: Path) -> str | None:
        """The expression in place of an id that ``who`` names, or None where there is none."""
        sure = _SURE.fullmatch(text) is not None
        for name, type in self._by_id.get(folded(text), ()):
            if name != who and (sure or _means(at, TypeName(type))) and not self._leads(name, who):
                self._needs[who].add(name)
                return f"${{{name}.status.id}}"
        address = self._managed.get(folded(text)) if sure else None
        if address is not None and "/" not in address:
            base = address if _PLAIN.match(address) and "-" not in address.partition("[")[0] else None
            return f"${{{base or f'resources[{chr(34)}{address}{chr(34)}]'}.status.id}}"
        return None

    def needs(self, who: str) -> tuple[str, ...]:
        """Whom it names."""
        return tuple(sorted(self._needs[who]))

    def is_foreign(self, text: str) -> bool:
        """Whether it is the id of something that is there, and that is not managed here."""
        return folded(text) in self._others - self._managed.keys() - self._by_id.keys()

    def _leads(self, start: str, end: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            name = waiting.pop()
            if name == end:
                return True
            fresh = self._needs[name] - seen
            seen |= fresh
            waiting.extend(fresh)
        return False


def _means(at: Path, type: TypeName) -> bool:
    """Whether a property's name says that it names a thing of this type: ``DBSubnetGroupName``, ``key_name``."""
    last = next((str(part) for part in reversed(at) if isinstance(part, str)), "")
    stem = re.sub(
        r"[^a-z0-9]", "", re.sub(r"_?(name|id|identifier)s?$", "", last, flags=re.IGNORECASE).lower()
    )
    return len(stem) > 2 and re.sub(r"[^a-z0-9]", "", short(type)).startswith(stem)


def _draft(thing: Thing, name: str, absent: frozenset[str], links: _Links, making: Drafting) -> Draft:
    kind = making.kinds[thing.type]
    whole = {k: v for k, v in _told(kind.spec, thing.observed.spec).items() if k not in absent}
    for property in absent:
        whole = _without(whole, property)
    spec, left = _settled(thing, _short(kind.spec, whole), whole, making.propose, absent)
    secrets = _wanted_secrets(kind, spec)
    for path in secrets:
        spec = _with(spec, path, f'${{secret("env:{name.upper()}_{_snake(path[-1])}")}}')
    notes = [f"{render_path(path)}: the plan will show a difference" for path in left]
    notes += [f"spec.{render_path(p)}: say where the secret is; no cloud tells it" for p in secrets]
    notes += [f"spec.{render_path(v.path)}: {v.message}" for v in check(spec, kind.spec)]
    linked = _linked(spec, name, links, ())
    foreign = tuple(dict.fromkeys(t for t in texts_in(linked) if t != thing.id and links.is_foreign(t)))
    return Draft(thing, name, linked, links.needs(name), tuple(notes), foreign)


def _wanted_secrets(kind: KindSchema, spec: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Secrets that a spec cannot be without, by what the kind says of it."""
    said = " ".join(kind.refine(spec)) if kind.refine is not None else ""
    return [path for path, needed in _secrets(kind.spec, ()) if needed or ".".join(path) in said.split()]


def _secrets(schema: Property, at: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bool]]:
    for name, inner in schema.properties.items():
        if inner.secret:
            yield (*at, name), inner.required
        elif not inner.read_only:
            yield from _secrets(inner, (*at, name))


def _snake(name: str) -> str:
    """``administratorLoginPassword`` as a variable of the environment is called."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def _with(spec: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    head, rest = path[0], path[1:]
    return {**spec, head: _with(spec.get(head, {}), rest, value) if rest else value}


def _told(schema: Property, value: Any) -> Any:
    """What may be written of what was read: no read-only property, no secret, nothing that is null."""
    if isinstance(value, Mapping):
        return {
            name: _told(inner, item)
            for name, item in value.items()
            if (inner := schema.properties.get(name) or schema.additional) is not None
            and not (inner.read_only or inner.secret or item is None or isinstance(item, Secret))
        }
    if isinstance(value, list | tuple):
        return [_told(schema.items or Property(), item) for item in value]
    return value


def _short(schema: Property, value: Any) -> Any:
    """The same without what is the default anyway."""
    if isinstance(value, list | tuple):
        return [_short(schema.items or Property(), item) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept: dict[str, Any] = {}
    for name, item in value.items():
        inner = schema.properties.get(name)
        if inner is not None and not inner.required and _is_default(inner, item):
            continue
        shorter = _short(inner or schema.additional or Property(), item)
        if shorter or not isinstance(shorter, Mapping | list) or (inner is not None and inner.required):
            kept[name] = shorter
    return kept


def _is_default(schema: Property, value: Any) -> bool:
    default = schema.default
    return default is not MISSING and same(replace(schema, default=MISSING), default, value)


def _without(spec: Mapping[str, Any], property: str) -> dict[str, Any]:
    """A spec without a property, which may stand below another: ``properties.subnets``."""
    head, _, rest = property.partition(".")
    if not rest:
        return {name: value for name, value in spec.items() if name != head}
    inner = spec.get(head)
    return {**spec, head: _without(inner, rest)} if isinstance(inner, Mapping) else dict(spec)


def _settled(
    thing: Thing, spec: Mapping[str, Any], whole: Mapping[str, Any], propose: Propose, absent: frozenset[str]
) -> tuple[dict[str, Any], list[Path]]:
    """The spec with whatever a plan of it would change taken over as it is there, and what it would change still."""
    own = {name.partition(".")[0] for name in absent}
    settled = dict(spec)
    for change in propose(thing, settled).changes:
        head = str(change.path[0])
        if head in whole and head not in own:
            settled[head] = whole[head]
    return settled, [c.path for c in propose(thing, settled).changes if str(c.path[0]) not in own]


def _linked(value: Any, who: str, links: _Links, at: Path) -> Any:
    """The same with expressions in place of ids; what would be read as an expression is written as text."""
    if isinstance(value, Mapping):
        return {name: _linked(item, who, links, (*at, name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_linked(item, who, links, (*at, number)) for number, item in enumerate(value)]
    if isinstance(value, str) and not _SECRET.fullmatch(value):
        return links.of(who, value, at) or value.replace("${", "$${")
    return value


def _ordered(made: Sequence[Draft]) -> Iterator[Draft]:
    """What is needed comes before what needs it; else as they were."""
    by_name = {draft.name: draft for draft in made}
    done: set[str] = set()

    def visit(draft: Draft) -> Iterator[Draft]:
        if draft.name in done:
            return
        done.add(draft.name)
        for need in draft.needs:
            yield from visit(by_name[need])
        yield draft

    for draft in made:
        yield from visit(draft)
