"""permissions: what the clouds must allow, as a list or as a document that they take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import dump, head
from orchestrator.cli.render.progress import Events
from orchestrator.cli.work.planning import PLAN_FOLDER
from orchestrator.engine.permitting import Needed
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import TypeName

_DATA = "Microsoft.KeyVault/"
"""What Azure's roles have among their data actions."""


def permissions(
    console: Console,
    types: Sequence[str],
    *,
    environment: str | None,
    params: Mapping[str, str],
    planning: bool,
    form: str,
) -> int:
    """Of the stack in the present folder, or of types."""
    if types:
        needed = bootstrap.permissions_of_types([_known(type) for type in types])
    else:
        events = Events(console.err, console.err_style)
        needed = bootstrap.permissions_of_stack(
            PLAN_FOLDER, environment=environment, params=params, progress=events
        )
    match form:
        case "iam-policy":
            console.result(dump(_iam(needed, planning=planning)).rstrip())
        case "azure-role":
            console.result(dump(_role(needed, planning=planning)).rstrip())
        case _ if console.output is Output.JSON:
            console.document(lambda: {**head("permissions"), "needed": [_told(n, planning) for n in needed]})
        case _:
            console.result("\n".join(_text(needed, planning=planning)) or "No permissions are needed.")
    return 0


def _known(name: str) -> TypeName:
    type = TypeName(name)
    if bootstrap.catalogue().kind(type) is None:
        if type in bootstrap.abstract_types():
            raise OpsctlError(
                f"{name} is an abstract type: what it needs depends on the cloud\n"
                "hint: run opsctl permissions without a type, in the folder of a stack that uses it"
            )
        near = bootstrap.catalogue().nearest_type(name)
        raise OpsctlError(
            f"unknown type {name!r}\nhint: {f'did you mean {near!r}?' if near else 'opsctl types lists what is known'}"
        )
    return type


def _text(needed: Sequence[Needed], *, planning: bool) -> Iterator[str]:
    for number, each in enumerate(n for n in needed if n.names(planning=planning)):
        if number:
            yield ""
        yield each.name
        names = each.names(planning=planning)
        wide = max(map(len, names))
        yield from (f"  {name:<{wide}}  {_for(each, name):<5}  {', '.join(each.by[name])}" for name in names)


def _for(needed: Needed, name: str) -> str:
    return "plan" if name in needed.planning else "apply"


def _told(needed: Needed, planning: bool) -> Mapping[str, object]:  # noqa: FBT001 - as the command's own option
    found = [
        {"name": name, "for": _for(needed, name), "by": list(needed.by[name])}
        for name in needed.names(planning=planning)
    ]
    return {"name": needed.name, "family": needed.family or None, "permissions": found}


def _iam(needed: Sequence[Needed], *, planning: bool) -> Mapping[str, object]:
    """A policy document of AWS: which objects it is for, the team narrows down."""
    planned, all = _of(needed, "aws", planning=True), _of(needed, "aws", planning=planning)
    statements = [
        {"Sid": sid, "Effect": "Allow", "Action": sorted(names), "Resource": "*"}
        for sid, names in (("OpsctlPlan", planned), ("OpsctlApply", all - planned))
        if names
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _role(needed: Sequence[Needed], *, planning: bool) -> Mapping[str, object]:
    """A custom role of Azure, as ``az role definition create --role-definition`` takes it."""
    names = sorted(_of(needed, "azure", planning=planning))
    return {
        "Name": "opsctl plan" if planning else "opsctl",
        "IsCustom": True,
        "Description": "What opsctl needs for this stack.",
        "Actions": [name for name in names if not name.startswith(_DATA)],
        "NotActions": [],
        "DataActions": [name for name in names if name.startswith(_DATA)],
        "NotDataActions": [],
        "AssignableScopes": ["/subscriptions/SUBSCRIPTION"],
    }


def _of(needed: Sequence[Needed], family: str, *, planning: bool) -> set[str]:
    found = {name for each in needed if each.family == family for name in each.names(planning=planning)}
    if not any(each.family == family for each in needed):
        raise OpsctlError(
            f"nothing here needs a permission of {family}\nhint: opsctl permissions lists what is needed, and where"
        )
    return found
