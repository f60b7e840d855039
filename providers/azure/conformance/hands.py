"""The vendor's own pipeline for changes by hand, and the parents that many samples have.

A hand reads the whole body, changes one property in it and writes it back, as the portal and every ``azure-mgmt``
client do; it goes through ``azure-mgmt-core``, on which those stand, and through nothing of the provider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.sample import Hand, Of, Parent, Unique, with_value
from orchestrator.model.ids import TypeName
from providers.azure import settings
from providers.azure.client import credential_of
from providers.azure.kinds import all_kinds
from providers.azure.kinds.kind import GROUP

HERE: Final = "westeurope"
ELSEWHERE: Final = "northeurope"
UNKNOWN: Final = "another type, which the provider does not have"
SAID: Final = {"apiVersion": "it says how the service is spoken to, and is nothing that it keeps"}
"""What no sample of Azure tries."""
_LOOKS: Final = 120
_AT_WORK: Final = ("Creating", "Updating", "Accepted", "Running", "Starting", "Provisioning")


@dataclass(frozen=True, slots=True)
class Raw:
    """The vendor's pipeline at one endpoint."""

    pipeline: Any
    endpoint: str

    def ask(self, method: str, resource: str, version: str, body: Any = None) -> Any:
        """One call; raises the SDK's error where it is refused."""
        from azure.core.rest import HttpRequest  # noqa: PLC0415 - lazy: the SDK costs 0.2 s

        url = f"{self.endpoint}{resource}"
        answer = self.pipeline.send_request(
            HttpRequest(method, url, params={"api-version": version}, json=body)
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None


def connect(given: Mapping[str, Any], _folder: Path) -> Raw:
    """As whom the provider connects, without anything of the provider between."""
    from azure.core.pipeline import policies  # noqa: PLC0415 - lazy: the SDK costs 0.2 s
    from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415
    from azure.mgmt.core import ARMPipelineClient  # noqa: PLC0415
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy  # noqa: PLC0415

    where = settings.read(given)
    if where.credential == "sandbox":
        signed: Any = policies.HeadersPolicy({"Authorization": "Bearer sandbox"})
    else:
        signed = ARMChallengeAuthenticationPolicy(credential_of(where), f"{where.endpoint}/.default")
    return Raw(
        ARMPipelineClient(
            where.endpoint,
            policies=[policies.RequestIdPolicy(), signed],
            transport=RequestsTransport(use_env_settings=not where.is_here),
        ),
        where.endpoint,
    )


def close(raw: Raw) -> None:
    """Let go of its connections."""
    raw.pipeline.close()


def written(hand: Hand) -> None:
    """The property set to the sample's other value."""
    _put(hand, hand.path, hand.value)


def tagged(hand: Hand) -> None:
    """A tag of somebody else's beside ours."""
    _put(hand, "tags.made", "by hand")


def _put(hand: Hand, path: str, value: Any) -> None:
    """Read, change, write, and wait until the service is done with it."""
    kind = all_kinds()[TypeName(hand.seen.status["type"])]
    body = hand.raw.ask("GET", hand.id, kind.version)
    method = "PATCH" if kind.patches else "PUT"
    hand.raw.ask(method, hand.id, kind.version, with_value(body, path, value))
    for _ in range(_LOOKS):
        found = hand.raw.ask("GET", hand.id, kind.version)
        if not kind.state or found["properties"].get(kind.state) not in _AT_WORK:
            return
        hand.wait(1.0)
    raise TimeoutError(f"{hand.id} is still being changed")


IN_GROUP: Final = {"parent": Of("group"), "location": HERE}
RESOURCE_GROUP: Final = Parent(GROUP, {"name": Unique(), "location": HERE})
GROUPS: Final = {"group": RESOURCE_GROUP, "elsewhere": RESOURCE_GROUP}
"""The group of a sample, and another that it could be in."""
MOVED: Final = {"name": Unique("{}-other"), "parent": Of("elsewhere"), "location": ELSEWHERE}
"""Other values for what says where a resource is."""
