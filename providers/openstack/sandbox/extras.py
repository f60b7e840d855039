"""What Nova's flavors and Cinder's volume types have alike: extra specs, and who may use a private one."""

from __future__ import annotations

from collections.abc import Callable

from providers.openstack.sandbox.calls import Answer, Call
from providers.openstack.sandbox.cloud import Body
from providers.openstack.sandbox.problems import conflict, missing


def show_or_add(call: Call, found: Body, check: Callable[[], None]) -> Answer:
    """Show the extra specs, or add some, which `check` may refuse."""
    there = found.get("extra_specs", {})
    if call.method == "GET":
        return Answer(200, {"extra_specs": there})
    check()
    given = call.body("extra_specs")
    found["extra_specs"] = {**there, **given}
    return Answer(200, {"extra_specs": given})


def drop(found: Body, name: str, what: str) -> None:
    """Remove an extra spec; `what` names its holder in the refusal."""
    there = found.get("extra_specs", {})
    if name not in there:
        raise missing(f"{what} has no extra specs with key {name}.")
    found["extra_specs"] = {k: v for k, v in there.items() if k != name}


def change_access(holders: list[str], whom: str, *, gives: bool, twice: str, never: str) -> None:
    """Give access or take it; `twice` and `never` are the service's words where that is so already."""
    if gives:
        if whom in holders:
            raise conflict(twice)
        holders.append(whom)
    elif whom in holders:
        holders.remove(whom)
    else:
        raise missing(never)
