"""ARM URLs taken apart.

Enters: a URL path. Leaves: a `Path`, whose type and names keep the caller's spelling. Ids are compared in
lower case everywhere (ARM treats them so).
"""

from __future__ import annotations

from dataclasses import dataclass

GROUPS = "Microsoft.Resources/resourceGroups"


@dataclass(frozen=True, slots=True)
class Path:
    """What a URL points at: `type` with its `names`, one less name than segments where `tail` is set.

    `tail` is a last segment without a name: a collection's type or an action.
    """

    subscription: str
    group: str = ""
    type: str = ""
    names: tuple[str, ...] = ()
    tail: str = ""

    @property
    def namespace(self) -> str:
        """The resource provider, "Microsoft.Network"."""
        return self.type.split("/", 1)[0]

    @property
    def key(self) -> str:
        """The lower-case id of the named resource; "" where none is named."""
        return self.id.lower()

    @property
    def id(self) -> str:
        """The id in the caller's spelling."""
        if not self.names:
            return ""
        scope = f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
        if self.type == GROUPS:
            return scope
        namespace, *types = self.type.split("/")
        pairs = "".join(f"/{kind}/{name}" for kind, name in zip(types, self.names, strict=True))
        return f"{scope}/providers/{namespace}{pairs}"


def parse(path: str) -> Path | None:
    """The path of an ARM URL, or None where it is not one."""
    parts = [part for part in path.split("/") if part]
    if len(parts) < 2 or parts[0].lower() != "subscriptions":
        return None
    subscription, rest = parts[1], parts[2:]
    group = ""
    if rest and rest[0].lower() == "resourcegroups":
        group, rest = (rest[1] if len(rest) > 1 else ""), rest[2:]
        if not rest:
            return Path(
                subscription, group, GROUPS, (group,) if group else (), "" if group else "resourceGroups"
            )
        if rest[0].lower() != "providers":
            return Path(subscription, group, GROUPS, (group,), rest[0])
    return _typed(subscription, group, rest)


def _typed(subscription: str, group: str, rest: list[str]) -> Path | None:
    if not rest:
        return Path(subscription)
    if rest[0].lower() != "providers" or len(rest) < 2:
        return None
    namespace, pairs = rest[1], rest[2:]
    named = len(pairs) // 2
    kinds = [pairs[index * 2] for index in range(named)]
    names = tuple(pairs[index * 2 + 1] for index in range(named))
    tail = pairs[-1] if len(pairs) % 2 else ""
    return Path(subscription, group, "/".join([namespace, *kinds]), names, tail)


def parent_id(resource_id: str) -> str:
    """The id of what holds this resource: its parent resource, or its resource group."""
    parts = resource_id.split("/")
    lowered = [part.lower() for part in parts]
    start = lowered.index("providers") if "providers" in lowered else len(parts)
    if len(parts) - start <= 4:
        return "/".join(parts[:start])
    return "/".join(parts[:-2])


def name_of(resource_id: str) -> str:
    """The last name of an id."""
    return resource_id.rsplit("/", 1)[-1]
