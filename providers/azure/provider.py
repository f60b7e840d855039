"""Azure as the core sees it: the seam, and nothing that another file could hold.

Enters: the core's references, requests, intents. Leaves: observations, outcomes. Holds: the client and the
table of kinds; safe to call from several threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.kit import compare
from orchestrator.model.change import Action, Cause, PropertyChange
from orchestrator.model.errors import PermanentError, TransientError
from orchestrator.model.health import Health, Level
from orchestrator.model.ids import Path, Token, TypeName
from orchestrator.model.kind import KindSchema, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Proposal, ReadResult, Ref, Request
from orchestrator.model.quota import Demand, Preflight

from . import bodies, effects, health, ids, reading
from .client import ArmClient
from .kinds import all_kinds
from .kinds.kind import ArmKind
from .settings import Settings


class AzureProvider:
    """One subscription."""

    def __init__(self, settings: Settings) -> None:
        self._client = ArmClient(settings)

    @property
    def kinds(self) -> Mapping[TypeName, KindSchema]:
        """Every kind by its ARM type."""
        return {name: each.schema for name, each in all_kinds().items()}

    @property
    def calls(self) -> Mapping[str, int]:
        """HTTP calls so far, by method and type."""
        return self._client.calls

    @property
    def concurrency(self) -> int:
        """How many calls may be in flight at once."""
        return self._client.settings.concurrency

    def account(self) -> str:
        """The id of the subscription, as ARM tells it; PermanentError where it is in another tenant."""
        subscription, tenant = self._client.tenant()
        wanted = self._client.settings.tenant
        if wanted and wanted.lower() != tenant.lower():
            message = f"subscription {subscription} is in tenant {tenant}, not in {wanted}"
            raise PermanentError(message, "GET subscription", "WrongTenant")
        return subscription

    def preflight(self, demands: Sequence[Demand]) -> Preflight:
        """Nothing is asked: Azure tells its quotas by region and family."""
        del demands
        return Preflight()

    def read_many(self, type: TypeName, refs: Sequence[Ref], way: ReadWay) -> ReadResult:
        """What is there of the references."""
        return reading.many(self._client, _kind(type), refs, way)

    def discover(self, type: TypeName) -> Iterator[Observed]:
        """Everything of the kind in the subscription."""
        return reading.everything(self._client, _kind(type))

    def propose(
        self, type: TypeName, prior: Observed, want: Mapping[str, Any], last: Mapping[str, Any]
    ) -> Proposal:
        """The three-way comparison; a failed resource is written again."""
        kind = _kind(type)
        proposal = compare.propose(kind.schema, prior, want, last)
        if proposal.action is Action.NOOP and _failed(kind, prior):
            path: Path = ("properties", kind.state)
            return Proposal(Action.UPDATE, (PropertyChange(path, "Failed", "Succeeded", Cause.DRIFT),))
        return proposal

    def begin(self, request: Request, token: Token) -> Done | Pending:  # noqa: ARG002 - a PUT is its own token
        """One write; ids follow from the spec, so that the same write twice is one."""
        start = effects.BEGIN.get(request.action)
        if start is None:
            raise PermanentError(f"azure cannot {request.action}", str(request.type), "NotSupported")
        return start(self._client, _kind(request.type), request)

    def poll(self, type: TypeName, handle: Mapping[str, Any]) -> Done | Pending:
        """One look at what was begun."""
        return effects.poll(self._client, _kind(type), handle)

    def find(self, intent: Intent) -> Observed | None:
        """What an interrupted intent left: by its id, and by our marker where the type carries one.

        Raises TransientError while the service is still at work on it.
        """
        kind = _kind(intent.type)
        identity = intent.id or ids.resource_id(kind, intent.spec, self._client.settings.subscription)
        if identity is None:
            return None
        version = reading.version_of(kind, self._client, intent.spec)
        answer = reading.get(self._client, kind, identity, version)
        if answer.status == 404:
            return None
        state = bodies.state_of(kind, answer.body)
        if state in reading.DELETING or kind.levels.get(state) is Level.PROGRESSING:
            raise TransientError(
                f"{identity} is {state}", f"GET {kind.type}", "StillWorking", retry_after=1.0
            )
        known = reading.seen(kind, answer.body, intent.spec)
        foreign = (
            known is not None
            and kind.tagged
            and (known.marker is None or known.marker.uid != intent.marker.uid)
        )
        return None if foreign and intent.action is Action.CREATE else known

    def assess(self, type: TypeName, observed: Observed) -> Health:
        """The service's state and, for a machine, its power."""
        return health.assess(_kind(type), observed)


def _kind(type: TypeName) -> ArmKind:
    kind = all_kinds().get(type)
    if kind is None:
        raise PermanentError(f"azure has no kind {type}", "kinds", "UnknownType")
    return kind


def _failed(kind: ArmKind, prior: Observed) -> bool:
    properties = prior.status.get("properties") or {}
    return kind.state == "provisioningState" and properties.get(kind.state) == "Failed"
