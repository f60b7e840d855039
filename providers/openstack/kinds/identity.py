"""What Keystone keeps: projects, users, groups, roles, application credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import flag, spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret
from providers.openstack.kinds.collection import CollectionKind
from providers.openstack.kinds.fields import Field, reference
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.listing import Listing
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import empty_is_none

_OR_NOTHING: Final = ("string", "null")
WHOLE: Final[Mapping[str, Any]] = {"limit": None}
"""Of some lists Keystone shows as many as asked for, and never the rest: they are asked for whole."""
_WORDS: Final = Property(_OR_NOTHING, "what it is for", default=None, normalize=empty_is_none)
_NAMED: Final = ("name", "domain")


def _domain(*, of_roles: bool = False) -> Property:
    if of_roles:
        return Property(_OR_NOTHING, "the domain that it is for; none: all", default=None, create_only=True)
    return text("the domain that it is in, by name or id", default="default", create_only=True)


def _same_domain(cloud: Cloud, seen: Any, wanted: Any, _body: Body) -> Any:
    return seen and cloud.names.spelled("domain", wanted, str(seen))


def _domain_id(cloud: Cloud, value: Any) -> Any:
    return value if value in (None, "default") else cloud.names.id("domain", value)


DOMAIN: Final = Field("domain", "domain_id", to=_domain_id, back=_same_domain)


def _permissions(noun: str) -> tuple[str, ...]:
    return tuple(f"identity:{verb}_{noun}" for verb in ("create", "get", "list", "update", "delete"))


def _status(body: Body) -> dict[str, Any]:
    return picked(body, "name", "domain_id", "enabled")


_NAME: Final = text("its name, of which there is one in its domain", required=True)
_NAME_STATUS: Final = status(
    name=text("its name"),
    domain_id=Property(_OR_NOTHING, "the domain's id"),
    enabled=flag("whether it counts"),
)
PROJECT: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Keystone::Project"),
        spec(
            name=_NAME,
            domain=_domain(),
            parent=Property(_OR_NOTHING, "the project that it is below, by name or id", create_only=True),
            description=_WORDS,
            enabled=flag("whether anybody gets in", default=True),
            tags=Property(
                "array", "plain tags", items=text("a tag", pattern=r"^[^,/]+$"), unordered=True, default=[]
            ),
        ),
        _NAME_STATUS,
        "A project: what resources belong to; administrators only",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=_NAMED,
        unique_name="name",
        stateful=True,
        permissions=_permissions("project"),
    ),
    Listing("identity", "/projects", "project", "projects"),
    (
        Field("name"),
        DOMAIN,
        Field(
            "parent",
            "parent_id",
            to=lambda cloud, value: value and cloud.names.id("project", value),
            back=lambda cloud, seen, wanted, body: (
                None if seen == body["domain_id"] else cloud.names.spelled("project", wanted, seen)
            ),
        ),
        Field("description"),
        Field("enabled"),
        Field("tags", back=lambda _c, seen, _w, _b: sorted(seen)),
    ),
    _status,
    verb="PATCH",
)
USER: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Keystone::User"),
        spec(
            name=_NAME,
            domain=_domain(),
            password=text("the user's password", secret=True, write_only=True),
            email=Property(_OR_NOTHING, "an address", default=None, normalize=empty_is_none),
            default_project=Property(
                _OR_NOTHING, "the project that a sign-in without one is for, by name or id", default=None
            ),
            description=_WORDS,
            enabled=flag("whether the user gets in", default=True),
        ),
        _NAME_STATUS,
        "Somebody who signs in; administrators only",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=_NAMED,
        unique_name="name",
        permissions=_permissions("user"),
    ),
    Listing("identity", "/users", "user", "users"),
    (
        Field("name"),
        DOMAIN,
        Field("password"),
        Field("email"),
        reference("default_project", "default_project_id", "project"),
        Field("description"),
        Field("enabled"),
    ),
    _status,
    verb="PATCH",
)


def _named(noun: str, summary: str, *, of_roles: bool = False) -> CollectionKind:
    """A kind that is a name in a domain, with words on it."""
    return CollectionKind(
        KindSchema(
            TypeName(f"OS::Keystone::{noun.title()}"),
            spec(name=_NAME, domain=_domain(of_roles=of_roles), description=_WORDS),
            _NAME_STATUS,
            summary,
            reads=BULK,
            marking=Marking.NATURAL,
            natural_key=_NAMED,
            unique_name="name",
            permissions=_permissions(noun),
        ),
        Listing("identity", f"/{noun}s", noun, f"{noun}s", query=WHOLE),
        (Field("name"), DOMAIN, Field("description")),
        _status,
        verb="PATCH",
    )


GROUP: Final = _named("group", "Users who are given roles together; administrators only")
ROLE: Final = _named("role", "What somebody may do; administrators only", of_roles=True)
_IMPLIED: Final[Mapping[str, tuple[str, ...]]] = {
    "admin": ("manager", "member", "reader"),
    "manager": ("member", "reader"),
    "member": ("reader",),
}
"""What Keystone's own roles bring along: shown among a credential's roles, though nobody asked for them."""


def _asked_roles(_cloud: Cloud, seen: Any, wanted: Any, _body: Body) -> list[str]:
    """Name the roles as the spec does: by id where it has ids, and without those that came along."""
    asked = wanted if isinstance(wanted, list | tuple) else ()
    names = [role["id"] if role["id"] in asked else str(role["name"]) for role in seen]
    implied = {name for known in names for name in _IMPLIED.get(known, ())}
    return sorted(name for name in names if name in asked or name not in implied)


def _credential_status(body: Body) -> dict[str, Any]:
    shown = picked(body, "name", "project_id", "expires_at")
    if "secret" in body:  # in the answer to the create alone
        shown["secret"] = Secret(body["secret"])
    return shown


def moment(value: Any) -> Any:
    """Compare moments to the second, with or without the Z."""
    return value.removesuffix("Z").partition(".")[0] if isinstance(value, str) else value


CREDENTIAL: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Keystone::ApplicationCredential"),
        spec(
            name=text("its name, of which the user has one", required=True, create_only=True),
            description=Property(_OR_NOTHING, "what it is for", default=None, create_only=True),
            secret=text(
                "the secret to have; without it Keystone makes one",
                secret=True,
                create_only=True,
                write_only=True,
            ),
            roles=Property(
                "array",
                "the user's roles that it is to have, by name or id; without it all",
                items=text("a role"),
                unordered=True,
                create_only=True,
            ),
            expires_at=Property(
                _OR_NOTHING,
                "when it ends, as 2027-01-31T00:00:00Z",
                pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z?$",
                normalize=moment,
                default=None,
                create_only=True,
            ),
            unrestricted=flag(
                "whether it may make and delete application credentials", default=False, create_only=True
            ),
        ),
        status(
            name=text("its name", stable=True),
            project_id=text("the project that it is for", stable=True),
            expires_at=Property(_OR_NOTHING, "when it ends", stable=True),
            secret=text("its secret, where Keystone made it", secret=True, once=True),
        ),
        "A way in for programs, for one project and some roles of the user whose credentials are used",
        tells=lambda wanted: "secret" not in wanted,
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name",),
        unique_name="name",
        permissions=(
            "identity:list_application_credentials",
            "identity:get_application_credential",
            "identity:create_application_credential",
            "identity:delete_application_credential",
        ),
    ),
    Listing(
        "identity",
        "/users/{user}/application_credentials",
        "application_credential",
        "application_credentials",
        query=WHOLE,
    ),
    (
        Field("name"),
        Field("description"),
        Field("secret"),
        Field(
            "roles",
            to=lambda cloud, value: [
                {"id": cloud.names.id("role", name)} if _is_id(name) else {"name": name} for name in value
            ],
            back=_asked_roles,
        ),
        Field("expires_at"),
        Field("unrestricted", back=lambda _c, seen, _w, _b: bool(seen)),
    ),
    _credential_status,
)


def _is_id(name: str) -> bool:
    return len(name) == 32 and all(letter in "0123456789abcdef" for letter in name)
