"""OS::Nova::KeyPair: imported or made by Nova, found by its name, and never changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.kit.fields import picked
from orchestrator.kit.shapes import spec, status, text
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.values import Secret, reveal
from providers.openstack.kinds.effects import AtOnce, gone
from providers.openstack.kinds.kind import Body, Cloud
from providers.openstack.kinds.listing import knows
from providers.openstack.kinds.net import BULK
from providers.openstack.kinds.properties import trimmed

PATH: Final = "/os-keypairs"


def _observe(body: Body) -> Observed:
    seen = {**picked(body, "name", "public_key"), "type": body.get("type", "ssh")}
    shown = picked(body, "name", "fingerprint", "public_key")
    if "private_key" in body:  # in the answer to the create alone
        shown["private_key"] = Secret(body["private_key"])
    return Observed(str(body["name"]), seen, {"id": body["name"], **shown})


@dataclass(frozen=True, slots=True)
class KeyPairKind(AtOnce):
    """One key pair of the user whose credentials are used."""

    schema: KindSchema

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Read by name: the name is the id."""
        names = {
            ref.address: ref.id or str(reveal(ref.spec["name"]))
            for ref in refs
            if ref.id or knows(ref.spec, "name")
        }
        if way.how is How.LIST and names:
            bodies = {body["name"]: body for body in self._all(cloud)}
        else:
            bodies = {name: body for name in names.values() if (body := self._get(cloud, name)) is not None}
        return {address: _observe(bodies[name]) for address, name in names.items() if name in bodies}

    @staticmethod
    def _get(cloud: Cloud, name: str) -> Body | None:
        found = cloud.client.peek("compute", f"{PATH}/{name}")
        return None if found is None else dict(found["keypair"])

    @staticmethod
    def _all(cloud: Cloud) -> Iterator[Body]:
        """Its marker is the name, and its items stand in an envelope each."""
        marker: dict[str, str] = {}
        while True:
            answer = cloud.client.get("compute", PATH, limit=1000, **marker)
            yield from (entry["keypair"] for entry in answer["keypairs"])
            if not answer["keypairs"] or not answer.get("keypairs_links"):
                return
            marker = {"marker": answer["keypairs"][-1]["keypair"]["name"]}

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read all of the user's."""
        return (_observe(body) for body in self._all(cloud))

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Import, let Nova make one, or delete; there is nothing to update."""
        del token
        if request.action is Action.DELETE:
            gone(cloud, "compute", f"{PATH}/{request.prior.id if request.prior else ''}")
            return Done(None)
        if request.action is not Action.CREATE:
            return Done(request.prior)
        wanted = reveal(request.want)
        body = picked(wanted, "name", "public_key", "type")
        try:
            made = cloud.client.send("compute", "POST", PATH, {"keypair": body})["keypair"]
        except PermanentError as error:
            imports = "public_key" in wanted and "already exists" in error.message
            there = self._get(cloud, wanted["name"]) if imports else None
            if there is None or trimmed(there["public_key"]) != trimmed(wanted["public_key"]):
                raise
            made = there  # by a call whose answer was lost: it is the same key
        return Done(_observe({"type": body.get("type", "ssh"), **made}))

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by name; a create counts only where the key is the one that was meant."""
        name = intent.id or str(reveal(intent.spec.get("name", "")))
        body = self._get(cloud, name) if name else None
        if body is None:
            return None
        meant = trimmed(reveal(intent.spec.get("public_key")))
        if intent.action is Action.CREATE and isinstance(meant, str) and trimmed(body["public_key"]) != meant:
            return None
        return _observe(body)


KIND = KeyPairKind(
    KindSchema(
        TypeName("OS::Nova::KeyPair"),
        spec(
            name=text(
                "the name, one per user",
                required=True,
                create_only=True,
                pattern=r"^[-_@. a-zA-Z0-9]{1,255}$",
            ),
            public_key=text(
                "the public key; without it Nova makes a pair", create_only=True, normalize=trimmed
            ),
            type=text("ssh or x509", enum=("ssh", "x509"), default="ssh", create_only=True),
        ),
        status(
            name=text("its name", stable=True),
            fingerprint=text("the key's fingerprint", stable=True),
            public_key=text("the public key", stable=True),
            private_key=text("the private key, where Nova made the pair", secret=True, once=True),
        ),
        "A public key that servers let in",
        tells=lambda spec: "public_key" not in spec,
        reads=BULK,
        marking=Marking.NATURAL,
        consistency=2.0,
        natural_key=("name",),
        unique_name="name",
        permissions=tuple(
            f"os_compute_api:os-keypairs:{verb}" for verb in ("index", "show", "create", "delete")
        ),
    )
)
