"""The kinds, as data. A new one is a row here, a sample in conformance.py, and its behaviour in sandbox.py."""

from __future__ import annotations

from orchestrator.kit.rest.kind import RestKind
from orchestrator.model.health import Level
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.schema import Property

BOX = RestKind(
    schema=KindSchema(
        TypeName("Acme::Box"),
        spec=Property(
            "object",
            properties={
                "name": Property("string", "what it is called", required=True),
                "size": Property("integer", "how much goes in; it can change", minimum=1, default=1),
                "colour": Property("string", "painted when it is made", create_only=True, default="plain"),
                "labels": Property("object", "free keys", additional=Property("string"), default={}),
            },
        ),
        status=Property(
            "object",
            properties={
                "id": Property("string", "the service's id", stable=True),
                "state": Property("string", "building, ready or broken"),
            },
        ),
        summary="A box",
        reads=(ReadWay(How.LIST, 100), ReadWay(How.GET)),
        marking=Marking.TOKEN,  # the create takes an Idempotency-Key
        readiness=True,
        permissions=("boxes:read", "boxes:write"),
    ),
    path="/boxes",
    tags="labels",  # our marker goes among them
    state="state",
    words={"building": Level.PROGRESSING, "ready": Level.HEALTHY, "broken": Level.FAILED},
)
KINDS = (BOX,)
