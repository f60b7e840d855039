"""What Neutron accepts in a body: one row per attribute, and the refusals in its own words.

A row says whether POST and PUT may carry the attribute, what its absence means, and whether only an administrator
may set it. The rows follow the API definitions of release 2026.1; messages were recorded from a real cloud.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from providers.openstack.sandbox.calls import Call
from providers.openstack.sandbox.cloud import Body
from providers.openstack.sandbox.problems import bad_request, forbidden

REQUIRED = object()
ABSENT = object()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; `default` REQUIRED means that POST must carry it, ABSENT that none is filled in."""

    kind: str = "string"
    default: Any = ""
    post: bool = True
    put: bool = True
    admin: bool = False
    nullable: bool = False


READ_ONLY = Attribute(post=False, put=False)
COMMON = {
    "id": READ_ONLY,
    "status": READ_ONLY,
    "tags": READ_ONLY,
    "created_at": READ_ONLY,
    "updated_at": READ_ONLY,
    "revision_number": READ_ONLY,
    "name": Attribute(),
    "description": Attribute(),
    "project_id": Attribute(put=False),
    "tenant_id": Attribute(put=False),
}
FLAG = Attribute("boolean", default=True)
CREATE_ONLY = Attribute(default=None, put=False, nullable=True)
Table = Mapping[str, Attribute]


def checked(call: Call, label: str, table: Table, body: Body) -> Body:
    """Check one body against its table; gives it with converted values and, on POST, with defaults."""
    unknown = [name for name in body if name not in table]
    if unknown:
        raise bad_request("Unrecognized attribute(s) '" + ", ".join(sorted(unknown)) + "'")
    creating = call.method == "POST"
    for name in body:
        _check_allowed(call, label, name, table[name])
    given = {name: _converted(name, table[name], value) for name, value in body.items()}
    if not creating:
        return given
    for name, attribute in table.items():
        if attribute.default is REQUIRED and name not in given:
            raise bad_request(f"Failed to parse request. Required attribute '{name}' not specified")
    filled = (row for row in table.items() if row[1].post and not row[1].admin)
    defaults = {name: copy.copy(a.default) for name, a in filled if a.default not in (REQUIRED, ABSENT)}
    return {**defaults, **given}


def _check_allowed(call: Call, label: str, name: str, attribute: Attribute) -> None:
    if call.method == "POST" and not attribute.post:
        raise bad_request(f"Attribute '{name}' not allowed in POST")
    if call.method == "PUT" and not attribute.put:
        raise bad_request(f"Cannot update read-only attribute {name}")
    if attribute.admin and not call.project.is_admin:
        verb = "create" if call.method == "POST" else "update"
        rule = f"rule:{verb}_{label}"
        raise forbidden(f"({rule} and {rule}:{name}) is disallowed by policy")


def _converted(name: str, attribute: Attribute, value: Any) -> Any:
    if value is None and attribute.nullable:
        return None
    return _CONVERTERS[attribute.kind](name, value)


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise bad_request(f"Invalid input for {name}. Reason: '{value}' is not a valid string.")
    return value


def _boolean(_name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in {"true", "1"}:
        return True
    if text in {"false", "0"}:
        return False
    raise bad_request(
        f"Invalid input for operation: '{value}' cannot be converted to boolean.", "InvalidInput"
    )


def _integer(_name: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise bad_request(
            f"Invalid input for operation: '{value}' is not an integer.", "InvalidInput"
        ) from error


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise bad_request(f"Invalid input for {name}. Reason: '{value}' is not a list.")
    return value


def _mapping(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_request(f"Invalid input for {name}. Reason: '{value}' is not a dictionary.")
    return value


_CONVERTERS: Mapping[str, Callable[[str, Any], Any]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _integer,
    "list": _list,
    "mapping": _mapping,
}
