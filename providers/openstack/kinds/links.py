"""What Neutron's links share: an effect is one call, and the link is found by the two ends that it joins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.model.errors import PermanentError
from orchestrator.model.provision import Done, Pending
from providers.openstack.errors import is_in_use, is_missing
from providers.openstack.kinds.kind import Cloud


def put_off(cloud: Cloud, path: str, body: Mapping[str, Any], until: float) -> Done | Pending:
    """Undo a link by a PUT: gone already is done; still needed is tried again for a while."""
    try:
        cloud.client.send("network", "PUT", path, dict(body))
    except PermanentError as error:
        if is_missing(error):
            return Done(None)
        if not is_in_use(error) or cloud.now() >= until:
            raise
        return Pending({"path": path, "body": dict(body), "until": until}, 1.0, "what still needs it")
    return Done(None)
