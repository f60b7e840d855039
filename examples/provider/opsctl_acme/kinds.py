"""The kinds, as data. A new one is a row here, a sample in conformance.py, and its behaviour in sandbox.py."""

from __future__ import annotations

from orchestrator.kit.rest.kind import RestKind
from orchestrator.kit.shapes import number, pairs, spec, status, text
from orchestrator.model.health import Level
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay

BOX = RestKind(
    schema=KindSchema(
        TypeName("Acme::Box"),
        spec=spec(
            name=text("what it is called", required=True),
            size=number("how much goes in; it can change", minimum=1, default=1),
            colour=text("painted when it is made", create_only=True, default="plain"),
            labels=pairs("free keys"),
        ),
        status=status(state=text("building, ready or broken")),
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
