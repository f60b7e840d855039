"""Samples of Keystone's kinds."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Behind, Given, Of, Parent, Sample, Unique
from orchestrator.model.values import Secret
from providers.openstack.conformance.hands import write

_ONE: Final = "this cloud has one domain"
USER: Final = Parent("OS::Keystone::User", {"name": Unique("{}-u")})
GROUP: Final = Parent("OS::Keystone::Group", {"name": Unique("{}-g")})


def _patch(path: str, label: str, **attributes: str) -> Behind:
    return write("identity", path, label, "PATCH", **attributes)


_PROJECT = Sample(
    type="OS::Keystone::Project",
    minimal={"name": Unique()},
    more={"description": "for tests", "tags": ["b", "a"], "parent": Of("above"), "domain": "default"},
    parents={"above": Parent("OS::Keystone::Project", {"name": Unique("{}-above")})},
    updates={"name": Unique("{}-other"), "description": "words", "enabled": False, "tags": ["c"]},
    replaces={"parent": Given("project"), "domain": "elsewhere"},
    planned={"domain": _ONE},
    write=_patch("/projects", "project"),
)
_USER = Sample(
    type="OS::Keystone::User",
    minimal={"name": Unique()},
    more={
        "domain": "default",
        "password": Secret("plain-Text-1", "env:PASSWORD", "v1"),
        "default_project": Of("project"),
        "email": "somebody@example.com",
        "description": "for tests",
    },
    parents={
        "project": Parent("OS::Keystone::Project", {"name": Unique("{}-p")}),
        "other": Parent("OS::Keystone::Project", {"name": Unique("{}-p2")}),
    },
    updates={
        "name": Unique("{}-other"),
        "description": "words",
        "email": "else@example.com",
        "default_project": Of("other"),
        "password": Secret("plain-Text-2", "env:PASSWORD", "v2"),
        "enabled": False,
    },
    replaces={"domain": "elsewhere"},
    planned={"domain": _ONE},
    write=_patch("/users", "user", default_project="default_project_id"),
    kept={"password": "a user keeps the last one"},
)
_GROUP = Sample(
    type="OS::Keystone::Group",
    minimal={"name": Unique()},
    more={"description": "for tests", "domain": "default"},
    updates={"name": Unique("{}-other"), "description": "words"},
    replaces={"domain": "elsewhere"},
    planned={"domain": _ONE},
    write=_patch("/groups", "group"),
)
_ROLE = Sample(
    type="OS::Keystone::Role",
    minimal={"name": Unique()},
    more={"description": "for tests"},
    updates={"name": Unique("{}-other"), "description": "words"},
    replaces={"domain": "default"},
    planned={"domain": "the role of a domain is another thing"},
    write=_patch("/roles", "role"),
)
_CREDENTIAL = Sample(
    type="OS::Keystone::ApplicationCredential",
    minimal={"name": Unique()},
    more={
        "description": "for tests",
        "roles": ["member"],
        "expires_at": "2036-01-31T00:00:00Z",
        "secret": Secret("plain-Text-1", "env:SECRET", "v1"),
    },
    replaces={
        "name": Unique("{}-other"),
        "description": "words",
        "roles": ["reader"],
        "expires_at": "2037-01-31T00:00:00Z",
        "unrestricted": True,
        "secret": Secret("plain-Text-2", "env:SECRET", "v2"),
    },
)
_ASSIGNMENT = Sample(
    type="OS::Keystone::RoleAssignment",
    minimal={"role": "reader", "user": Of("user"), "project": Given("project")},
    parents={
        "user": USER,
        "group": GROUP,
        "project": Parent("OS::Keystone::Project", {"name": Unique("{}-p")}),
    },
    replaces={"role": "member", "project": Of("project")},
    untried={
        "user": "another user is another object",
        "group": "in place of a user",
        "domain": "in place of a project",
    },
)
_MEMBERSHIP = Sample(
    type="OS::Keystone::GroupMembership",
    minimal={"group": Of("group"), "user": Of("user")},
    parents={"user": USER, "group": GROUP, "other": Parent("OS::Keystone::User", {"name": Unique("{}-u2")})},
    replaces={"user": Of("other")},
    untried={"group": "another group is another object"},
)
SAMPLES: Final = (_PROJECT, _USER, _GROUP, _ROLE, _CREDENTIAL, _ASSIGNMENT, _MEMBERSHIP)
