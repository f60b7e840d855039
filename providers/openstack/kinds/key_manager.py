"""Barbican's secrets and containers, by its API reference v1. Not proved against a real service yet.

Nothing of them changes: another payload is another secret. Names are not unique there, so that an interrupted
create is found by name only while there is one of it.
"""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.schema import Property
from providers.openstack.kinds.collection import CollectionKind, Progress
from providers.openstack.kinds.fields import Field
from providers.openstack.kinds.identity import moment
from providers.openstack.kinds.kind import Body, Cloud, Spec
from providers.openstack.kinds.listing import Listing
from providers.openstack.kinds.net import BULK

UNPROVED: Final = "By its API reference; not proved against a real Barbican yet."
_OR_NOTHING: Final = ("string", "null")


def _identified(reference: str) -> Any:
    """Barbican tells addresses: the id is their last part."""

    def shaped(body: Body) -> Body:
        return {**body, "id": str(body[reference]).rstrip("/").rpartition("/")[2]}

    return shaped


def _sent(_cloud: Cloud, body: dict[str, Any], wanted: Spec) -> dict[str, Any]:
    kind = {"payload_content_type": "text/plain"} if "payload" in wanted else {}
    return {"secret_type": "opaque", **kind, **body}


SECRET: Final = CollectionKind(
    KindSchema(
        TypeName("OS::Barbican::Secret"),
        spec(
            name=text("its name", required=True, create_only=True),
            payload=text("what it holds", secret=True, create_only=True, write_only=True),
            payload_content_type=text(
                "the media type of what it holds; text/plain where it is left out",
                create_only=True,
                write_only=True,
            ),
            payload_content_encoding=text(
                "base64, of what is no text", enum=("base64",), create_only=True, write_only=True
            ),
            secret_type=text(
                "what it is",
                enum=("opaque", "symmetric", "public", "private", "certificate", "passphrase"),
                default="opaque",
                create_only=True,
            ),
            algorithm=Property(_OR_NOTHING, "what it is for", default=None, create_only=True),
            bit_length=Property(("integer", "null"), "its length", default=None, create_only=True),
            mode=Property(_OR_NOTHING, "how it is used", default=None, create_only=True),
            expiration=Property(
                _OR_NOTHING, "when it ends", default=None, create_only=True, normalize=moment
            ),
        ),
        status(
            name=text("its name", stable=True),
            status=text("ACTIVE or ERROR"),
            secret_ref=text("its address", stable=True),
            created=text("when it was made", stable=True),
        ),
        "A secret that Barbican keeps",
        reads=BULK,
        marking=Marking.NATURAL,
        natural_key=("name",),
        stateful=True,
        readiness=True,
        permissions=("secrets:post", "secret:get", "secrets:get", "secret:delete"),
        documentation=UNPROVED,
    ),
    Listing("key-manager", "/secrets", "", "secrets", shaped=_identified("secret_ref")),
    (
        Field("name"),
        Field("payload"),
        Field("payload_content_type"),
        Field("payload_content_encoding"),
        Field("secret_type"),
        Field("algorithm"),
        Field("bit_length"),
        Field("mode"),
        Field("expiration"),
    ),
    lambda body: picked(body, "name", "status", "secret_ref", "created"),
    progress=Progress(("ACTIVE",), ("ERROR",)),
    creating=_sent,
)
_SECRETS: Final = Property(
    "array",
    "the secrets in it",
    items=spec(
        name=text("its name here", required=True),
        ref=text("the secret's address (secret_ref)", required=True),
    ),
    unordered=True,
    default=[],
    create_only=True,
)


def _named(_cloud: Cloud, seen: Any, _wanted: Any, _body: Body) -> list[dict[str, str]]:
    return [{"name": entry["name"], "ref": entry["secret_ref"]} for entry in seen]


def _container(noun: str, kind: str, summary: str) -> CollectionKind:
    return CollectionKind(
        KindSchema(
            TypeName(f"OS::Barbican::{noun}"),
            spec(name=text("its name", required=True, create_only=True), secrets=_SECRETS),
            status(
                name=text("its name", stable=True),
                status=text("ACTIVE or ERROR"),
                container_ref=text("its address", stable=True),
            ),
            summary,
            reads=BULK,
            marking=Marking.NATURAL,
            natural_key=("name",),
            readiness=True,
            permissions=("containers:post", "container:get", "containers:get", "container:delete"),
            documentation=UNPROVED,
        ),
        Listing(
            "key-manager",
            "/containers",
            "",
            "containers",
            shaped=_identified("container_ref"),
            alive=lambda body: body.get("type", kind) == kind,
        ),
        (
            Field("name"),
            Field(
                "secrets",
                "secret_refs",
                to=lambda _c, value: [{"name": e["name"], "secret_ref": e["ref"]} for e in value],
                back=_named,
            ),
        ),
        lambda body: picked(body, "name", "status", "container_ref"),
        progress=Progress(("ACTIVE",), ("ERROR",)),
        creating=lambda _c, body, _w: {"type": kind, **body},
    )


GENERIC: Final = _container("GenericContainer", "generic", "Secrets that belong together")
CERTIFICATE: Final = _container(
    "CertificateContainer",
    "certificate",
    "A certificate with its key: certificate, private_key, intermediates",
)
