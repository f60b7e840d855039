"""MonitorInstances and UnmonitorInstances, which moto does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from providers.aws.sandbox.wire import Call

if TYPE_CHECKING:
    from providers.aws.sandbox.world import World

_STATES: Final = {"MonitorInstances": ("pending", "enabled"), "UnmonitorInstances": ("disabling", "disabled")}
_SPACE: Final = "http://ec2.amazonaws.com/doc/2016-11-15/"


def answer(call: Call, world: World) -> bytes | None:
    """The answer to one of the two, with its effect; None for every other operation."""
    if call.service != "ec2" or call.operation not in _STATES:
        return None
    underway, settled = _STATES[call.operation]
    wanted = set(call.each("InstanceId"))
    items = ""
    for instance in world.live_instances(call.region):
        if instance.id in wanted:
            instance.monitoring_state = settled
            items += (
                f"<item><instanceId>{instance.id}</instanceId>"
                f"<monitoring><state>{underway}</state></monitoring></item>"
            )
    name = f"{call.operation}Response"
    body = f"<requestId>{uuid4()}</requestId><instancesSet>{items}</instancesSet>"
    return f'<{name} xmlns="{_SPACE}">{body}</{name}>'.encode()
