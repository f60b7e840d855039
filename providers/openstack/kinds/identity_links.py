"""What Keystone joins by a PUT: a role given to somebody somewhere, and a user put into a group.

The path names all ends, so that a link made twice is made once: its id is that path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import reveal
from providers.openstack.errors import is_missing
from providers.openstack.kinds.effects import AtOnce, gone
from providers.openstack.kinds.identity import WHOLE
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import knows
from providers.openstack.kinds.net import BULK

_COLLECTIONS: Final[Mapping[str, str]] = {
    "projects": "project", "domains": "domain", "users": "user", "groups": "group", "roles": "role",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkKind(AtOnce):
    """One kind of link. `path` makes the path of a spec's ends; `listed` gives those that a list shows."""

    schema: KindSchema
    ends: Callable[[Spec], Sequence[tuple[str, str]]]
    """The path's parts, each a collection and the property that names the object in it; none: not known yet."""
    listed: Callable[[Cloud], Iterator[str]] | None = None

    def _path(self, cloud: Cloud, wanted: Spec) -> str:
        parts = self.ends(wanted)
        ids = ((many, cloud.names.id(_COLLECTIONS[many], wanted[name])) for many, name in parts)
        return "/".join(f"{many}/{id}" for many, id in ids)

    def _observe(self, cloud: Cloud, id: str, wanted: Spec) -> Observed:
        pieces = id.split("/")
        pairs = dict(zip(pieces[::2], pieces[1::2], strict=True))
        seen = {
            _COLLECTIONS[many]: cloud.names.spelled(_COLLECTIONS[many], wanted.get(_COLLECTIONS[many]), key)
            for many, key in pairs.items()
        }
        return Observed(id, seen, {"id": id})

    @staticmethod
    def _there(cloud: Cloud, id: str) -> bool:
        try:
            cloud.client.send("identity", "HEAD", f"/{id}")
        except PermanentError as error:
            if is_missing(error):
                return False
            raise
        return True

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Ask for each pair, or look for all of them in the list."""
        asked = {ref.address: ref.id or self._natural(cloud, ref.spec) for ref in refs}
        listing = way.how is How.LIST and self.listed is not None and any(asked.values())
        known = set(self.listed(cloud)) if listing and self.listed else set()
        found = {}
        for ref in refs:
            id = asked[ref.address]
            if id and (id in known or self._there(cloud, id)):
                found[ref.address] = self._observe(cloud, id, ref.spec)
        return found

    def _natural(self, cloud: Cloud, wanted: Spec) -> str:
        parts = self.ends(wanted)
        if not parts or not knows(wanted, *(name for _, name in parts)):
            return ""
        try:
            return self._path(cloud, wanted)
        except PermanentError as error:
            if is_missing(error):  # an end that is not there is joined with nothing
                return ""
            raise

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read everything that a list shows."""
        return (self._observe(cloud, id, {}) for id in (self.listed(cloud) if self.listed else ()))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Join or part; there is nothing to update."""
        del token
        if request.action is Action.DELETE:
            gone(cloud, "identity", f"/{request.prior.id if request.prior else ''}")
            return Done(None)
        if request.action is not Action.CREATE:
            return Done(request.prior)
        wanted = reveal(request.want)
        id = self._path(cloud, wanted)
        cloud.client.send("identity", "PUT", f"/{id}")
        return Done(self._observe(cloud, id, wanted))

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by the ends."""
        id = intent.id or self._natural(cloud, intent.spec)
        return self._observe(cloud, id, intent.spec) if id and self._there(cloud, id) else None


def _one_of(wanted: Spec, *names: str) -> str:
    return next((name for name in names if wanted.get(name) is not None), "")


def _assigned(wanted: Spec) -> Sequence[tuple[str, str]]:
    scope, who = _one_of(wanted, "project", "domain"), _one_of(wanted, "user", "group")
    if not scope or not who:
        return ()
    return ((f"{scope}s", scope), (f"{who}s", who), ("roles", "role"))


def _refine_assignment(wanted: Mapping[str, Any]) -> list[str]:
    found = []
    if ("user" in wanted) == ("group" in wanted):
        found.append("name either the user or the group that is given the role")
    if ("project" in wanted) == ("domain" in wanted):
        found.append("name either the project or the domain that the role is for")
    return found


def _assignments(cloud: Cloud) -> Iterator[str]:
    for entry in cloud.client.pages("identity", "/role_assignments", "role_assignments", **WHOLE):
        path = _assignment_path(entry)
        if path:
            yield path


def _assignment_path(entry: Body) -> str:
    scope = next((name for name in ("project", "domain") if name in entry["scope"]), "")
    who = next((name for name in ("user", "group") if name in entry), "")
    inherited = "OS-INHERIT:inherited_to" in entry["scope"]
    if not scope or not who or inherited:
        return ""
    return f"{scope}s/{entry['scope'][scope]['id']}/{who}s/{entry[who]['id']}/roles/{entry['role']['id']}"


def _members(cloud: Cloud) -> Iterator[str]:
    """One call a group: Keystone has no list of them all."""
    for group in list(cloud.client.pages("identity", "/groups", "groups", **WHOLE)):
        for user in cloud.client.pages("identity", f"/groups/{group['id']}/users", "users", **WHOLE):
            yield f"groups/{group['id']}/users/{user['id']}"


def _either(what: str) -> Any:
    return text(what, create_only=True)


ASSIGNMENT: Final = LinkKind(
    KindSchema(
        TypeName("OS::Keystone::RoleAssignment"),
        spec(
            role=text("the role, by name or id", required=True, create_only=True),
            user=_either("the user who is given it, by name or id"),
            group=_either("the group that is given it, by name or id"),
            project=_either("the project that it is for, by name or id"),
            domain=_either("the domain that it is for, by name or id"),
        ),
        status(),
        "Gives a role to a user or a group; administrators only",
        reads=BULK,
        marking=Marking.DETERMINISTIC,
        natural_key=("role", "user", "group", "project", "domain"),
        permissions=(
            "identity:list_role_assignments",
            "identity:create_grant",
            "identity:check_grant",
            "identity:revoke_grant",
        ),
        refine=_refine_assignment,
    ),
    _assigned,
    _assignments,
)
MEMBERSHIP: Final = LinkKind(
    KindSchema(
        TypeName("OS::Keystone::GroupMembership"),
        spec(
            group=text("the group, by name or id", required=True, create_only=True),
            user=text("the user, by name or id", required=True, create_only=True),
        ),
        status(),
        "Puts a user into a group; administrators only",
        reads=(ReadWay(How.GET),),
        marking=Marking.DETERMINISTIC,
        natural_key=("group", "user"),
        permissions=(
            "identity:list_groups",
            "identity:list_users_in_group",
            "identity:add_user_to_group",
            "identity:check_user_in_group",
            "identity:remove_user_from_group",
        ),
    ),
    lambda _wanted: (("groups", "group"), ("users", "user")),
    _members,
)
