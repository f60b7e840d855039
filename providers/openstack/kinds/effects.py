"""What the effects of kinds have in common: a delete that waits for what uses the object, a wait with an end, no wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.errors import PermanentError
from orchestrator.model.provision import Done, Pending
from providers.openstack.errors import is_in_use, is_missing
from providers.openstack.kinds.kind import Cloud


class AtOnce:
    """A kind whose every effect is over when its call is."""

    __slots__ = ()

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Never asked: every effect is done at once."""
        del cloud
        raise PermanentError(f"nothing is pending for {dict(handle)}", "poll")


def try_delete(cloud: Cloud, service: str, path: str, handle: Mapping[str, Any]) -> Done | Pending | None:
    """Ask for a deletion; None where the cloud took it, Done where nothing is there.

    `handle` has the `id`, and `until`, the time to which what still uses the object is waited for; it is the handle of
    the Pending that says so. Raises PermanentError after that time.
    """
    try:
        cloud.client.send(service, "DELETE", path)
    except PermanentError as error:
        if is_missing(error):
            return Done(None)
        if not is_in_use(error) or cloud.now() >= float(handle["until"]):
            raise
        return Pending(handle, 1.0, "what still uses it", str(handle["id"]))
    return None


def wait(cloud: Cloud, handle: Mapping[str, Any], what: str) -> Pending:
    """Look again in half a second. Raises PermanentError after the time that the handle has in `until`."""
    if cloud.now() >= float(handle["until"]):
        raise PermanentError(f"{what} took too long", f"wait for {handle['step']}", "Timeout")
    return Pending(handle, 0.5, what, str(handle["id"]))


def gone(cloud: Cloud, service: str, path: str) -> None:
    """Delete what may be gone already."""
    try:
        cloud.client.send(service, "DELETE", path)
    except PermanentError as error:
        if not is_missing(error):
            raise
