"""What Keystone keeps: domains, projects, users, groups, roles and who has which; sign-in is answered from it.

`Project` (of `cloud`) is what a token is good for; it is made anew at each sign-in from what is kept here, so that
a role that was granted a moment ago counts, and a disabled project or user does not get in.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator
from typing import Any, Final

from providers.openstack.sandbox.cloud import DOMAIN, Body, Cloud, Project

ROLES: Final = ("admin", "manager", "member", "reader")
PLACES: Final = ("projects", "users", "groups", "roles", "domains", "application_credentials")


def table(cloud: Cloud, name: str) -> dict[str, Body]:
    """One of Keystone's collections; the seeded projects and users are there from the start."""
    if not cloud.table("identity_roles"):
        _plant(cloud)
    return cloud.table(f"identity_{name}")


def add(cloud: Cloud, name: str, body: Body) -> Body:
    """Keep a new object."""
    table(cloud, name)
    return cloud.add(f"identity_{name}", body)


def _plant(cloud: Cloud) -> None:
    cloud.add(
        "identity_domains",
        {**DOMAIN, "description": "The default domain", "enabled": True, "options": {}, "tags": []},
    )
    for name in ROLES:
        cloud.add(
            "identity_roles", {"id": role_id(name), "name": name, "domain_id": None, "description": None}
        )
    for known in cloud.projects:
        cloud.add("identity_projects", _project(known))
        user = {"id": known.user_id, "name": known.user, "domain_id": "default", "enabled": True}
        cloud.add("identity_users", {**user, "_password": known.password})
        for role in known.roles:
            grant(cloud, f"projects/{known.id}", f"users/{known.user_id}", role_id(role))


def _project(known: Project) -> Body:
    names = {"id": known.id, "name": known.name, "domain_id": "default", "parent_id": "default"}
    return {**names, "description": "", "enabled": True, "is_domain": False, "tags": []}


def role_id(name: str) -> str:
    """The id of a role that every cloud has."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, f"{name}.role.sandbox").hex


def _grant_key(scope: str, who: str, role: str) -> str:
    return f"{scope}/{who}/roles/{role}"


def grant(cloud: Cloud, scope: str, who: str, role: str) -> None:
    """Give a role (`projects/ID` or `domains/ID`, `users/ID` or `groups/ID`); twice is once."""
    key = _grant_key(scope, who, role)
    cloud.table("identity_grants").setdefault(key, {"id": key, "scope": scope, "who": who, "role": role})


def granted(cloud: Cloud, scope: str, who: str, role: str) -> bool:
    """Whether it was given."""
    return _grant_key(scope, who, role) in cloud.table("identity_grants")


def revoke(cloud: Cloud, scope: str, who: str, role: str) -> bool:
    """Take it back; says whether it was there."""
    return cloud.table("identity_grants").pop(_grant_key(scope, who, role), None) is not None


def join(cloud: Cloud, group: str, user: str) -> None:
    """Put a user into a group."""
    cloud.table("identity_members")[f"{group}/{user}"] = {
        "id": f"{group}/{user}",
        "group": group,
        "user": user,
    }


def joined(cloud: Cloud, group: str, user: str) -> bool:
    """Whether a user is in a group."""
    return f"{group}/{user}" in cloud.table("identity_members")


def part(cloud: Cloud, group: str, user: str) -> bool:
    """Take a user out of a group; says whether it was in."""
    return cloud.table("identity_members").pop(f"{group}/{user}", None) is not None


def forget(cloud: Cloud, name: str, key: str) -> None:
    """Remove an object, and what hangs on it."""
    table(cloud, name).pop(key)
    for other in ("identity_grants", "identity_members"):
        held = cloud.table(other)
        for entry in [e for e in held if key in e.split("/")]:
            del held[entry]
    credentials = cloud.table("identity_application_credentials")
    for entry in [c["id"] for c in credentials.values() if key in {c["user_id"], c["project_id"]}]:
        del credentials[entry]


def _roles(cloud: Cloud, user: str, project: str) -> Iterator[str]:
    groups = {m["group"] for m in cloud.table("identity_members").values() if m["user"] == user}
    holders = {f"users/{user}", *(f"groups/{group}" for group in groups)}
    for entry in cloud.table("identity_grants").values():
        if entry["scope"] == f"projects/{project}" and entry["who"] in holders:
            yield str(table(cloud, "roles")[entry["role"]]["name"])


def by_password(cloud: Cloud, wanted: Body) -> Body | None:
    """Give the enabled user that a name or id and a password belong to."""
    for user in table(cloud, "users").values():
        named = wanted.get("id") == user["id"] or wanted.get("name") == user["name"]
        right = secrets.compare_digest(str(wanted.get("password")), str(user.get("_password")))
        if named and right and user["enabled"]:
            return user
    return None


def by_credential(cloud: Cloud, wanted: Body) -> Project | None:
    """Give what an application credential is good for: its own project, and the roles that it was made with."""
    for made in table(cloud, "application_credentials").values():
        named = wanted.get("id") == made["id"]
        if named and secrets.compare_digest(str(wanted.get("secret")), made["_secret"]):
            user = table(cloud, "users")[made["user_id"]]
            project = table(cloud, "projects")[made["project_id"]]
            return _session(user, project, tuple(role["name"] for role in made["roles"]))
    return None


def session(cloud: Cloud, user: Body, wanted: Body) -> Project | None:
    """Give what a user's token is good for in the wanted project; None where no role allows it."""
    for project in table(cloud, "projects").values():
        if "id" in wanted or "name" in wanted:
            meant = wanted.get("id", project["id"]) == project["id"]
            meant = meant and wanted.get("name", project["name"]) == project["name"]
        else:
            meant = project["id"] == user.get("default_project_id") or bool(_known(cloud, user, project))
        roles = tuple(sorted(set(_roles(cloud, user["id"], project["id"]))))
        if meant and roles and project["enabled"]:
            return _session(user, project, roles)
    return None


def _known(cloud: Cloud, user: Body, project: Body) -> bool:
    return any(known.user_id == user["id"] and known.id == project["id"] for known in cloud.projects)


def _session(user: Body, project: Body, roles: tuple[str, ...]) -> Project:
    return Project(project["name"], user["name"], "", roles, id=project["id"], user_id=user["id"])


def public(body: Body) -> dict[str, Any]:
    """What is told of an object."""
    return {key: value for key, value in body.items() if not key.startswith("_")}
