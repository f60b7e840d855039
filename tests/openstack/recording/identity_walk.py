"""Keystone's projects, users, groups, roles and credentials, as an administrator calls for them."""

from __future__ import annotations

from typing import Any

from tests.openstack.recording.recorder import NOBODY, Recorder

LOST = NOBODY.replace("-", "")
KINDS = {
    "project": {"description": "d", "enabled": True},
    "user": {"email": "a@b.test", "description": "d"},
    "group": {"description": "d"},
    "role": {"description": "d"},
}


def ask(cloud: Recorder, label: str, method: str, path: str, body: Any = None, **more: Any) -> Any:
    return cloud.call(label, "identity", method, path, body, **more)


def make(cloud: Recorder, kind: str, name: str) -> str:
    """One of a kind, and what is refused of it."""
    many, spec = f"/{kind}s", {"name": name, **KINDS[kind]}
    made = ask(cloud, kind, "POST", many, {kind: spec})[kind]["id"]
    one = f"{many}/{cloud.known(kind, made)}"
    ask(cloud, f"{kind} twice", "POST", many, {kind: spec})
    ask(cloud, f"{kind} nameless", "POST", many, {kind: {}})
    ask(cloud, f"{kind} get", "GET", one)
    ask(cloud, f"{kind} missing", "GET", f"{many}/{LOST}")
    ask(cloud, f"{kind} by name", "GET", f"{many}?name={name}")
    ask(cloud, f"{kind} update", "PATCH", one, {kind: {"description": "e"}})
    ask(cloud, f"{kind} rename", "PATCH", one, {kind: {"name": f"{name}-2"}})
    ask(cloud, f"{kind} update missing", "PATCH", f"{many}/{LOST}", {kind: {"description": "e"}})
    return made


def grants(cloud: Recorder, made: dict[str, str]) -> None:
    """Roles given and taken back."""
    project, user, group, role = (made[kind] for kind in KINDS)
    for who in (f"users/{user}", f"groups/{group}"):
        kind = who.partition("s/")[0]
        one = f"/projects/{project}/{who}/roles/{role}"
        ask(cloud, f"{kind} grant absent", "GET", one)
        ask(cloud, f"{kind} grant", "PUT", one)
        ask(cloud, f"{kind} grant twice", "PUT", one)
        ask(cloud, f"{kind} grant there", "GET", one)
        ask(cloud, f"{kind} assignments", "GET", f"/role_assignments?{kind}.id={made[kind]}")
        ask(cloud, f"{kind} revoke", "DELETE", one)
        ask(cloud, f"{kind} revoke twice", "DELETE", one)
    ask(cloud, "grant lost role", "PUT", f"/projects/{project}/users/{user}/roles/{LOST}")
    ask(cloud, "grant in domain", "PUT", f"/domains/default/users/{user}/roles/{role}")
    ask(cloud, "grant in domain revoke", "DELETE", f"/domains/default/users/{user}/roles/{role}")


def memberships(cloud: Recorder, user: str, group: str) -> None:
    one = f"/groups/{group}/users/{user}"
    ask(cloud, "member absent", "GET", one)
    ask(cloud, "member put", "PUT", one)
    ask(cloud, "member put twice", "PUT", one)
    ask(cloud, "member there", "GET", one)
    ask(cloud, "members", "GET", f"/groups/{group}/users")
    ask(cloud, "member delete", "DELETE", one)
    ask(cloud, "member delete twice", "DELETE", one)
    ask(cloud, "member lost user", "PUT", f"/groups/{group}/users/{LOST}")


def credentials(cloud: Recorder, name: str) -> None:
    """Application credentials of the one who asks."""
    many, key = (
        f"/users/{cloud.known('me', cloud.connection.current_user_id)}/application_credentials",
        "application_credential",
    )
    wanted = {"name": name, "roles": [{"name": "reader"}]}
    made = ask(cloud, "credential", "POST", many, {key: wanted})[key]["id"]
    one = f"{many}/{cloud.known('credential', made)}"
    ask(cloud, "credential twice", "POST", many, {key: wanted})
    ask(cloud, "credential nameless", "POST", many, {key: {}})
    ask(cloud, "credential get", "GET", one)
    ask(cloud, "credentials", "GET", f"{many}?name={name}")
    ask(cloud, "credential missing", "GET", f"{many}/{LOST}")
    ask(cloud, "credential delete", "DELETE", one)
    ask(cloud, "credential delete twice", "DELETE", one)


def walk(cloud: Recorder) -> None:
    """Make every call, and take away what was made."""
    name = cloud.own()
    ask(cloud, "domains", "GET", "/domains?name=Default")
    made = {kind: make(cloud, kind, name) for kind in KINDS}
    grants(cloud, made)
    memberships(cloud, made["user"], made["group"])
    credentials(cloud, name)
    for kind, key in made.items():
        ask(cloud, f"{kind} delete", "DELETE", f"/{kind}s/{key}")
        ask(cloud, f"{kind} delete twice", "DELETE", f"/{kind}s/{key}")
