"""Secrets in Vault's (or OpenBao's) key-value engines: ``vault:mount/path#key@version``.

Enters: references, and how to reach Vault. Leaves: secrets; of KV version 2 with the engine's own version number, of
version 1, which has none, with a keyed one where a key is configured. Holds: which engine a mount is, Vault itself is
asked once a mount, as its own command line does; a secret of which two keys are wanted is read once; a key is written
under the version that was read (check-and-set), so that nobody's other key is lost.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestrator.adapters.secret_versions import Versions
from orchestrator.adapters.vault_client import SETTINGS, VaultClient
from orchestrator.kit.secret_references import (
    FORBIDDEN,
    MISSING,
    RESOLVING,
    STORING,
    OneByOne,
    Reference,
    missing,
    refusal,
    unpinned,
)
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.schema import Property
from orchestrator.seams.secrets import SecretPlugin

ONLY: Final = "value"
"""The key that is written where a reference names none."""
_VERSION: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret lies: an engine's mount, its version, and the path inside of it."""

    mount: str
    version: int
    path: str


class VaultSecrets(OneByOne[Mapping[str, Any]]):
    """Every key-value secret that one identity may ask."""

    versions = _VERSION

    def __init__(self, client: VaultClient, versions: Versions) -> None:
        self._client = client
        self._versions = versions
        self._mounts: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def calls(self) -> Mapping[str, int]:
        """By operation."""
        return self._client.calls

    def prepare(self, names: Sequence[str]) -> None:
        """Which engines they lie in."""
        for name in names:
            self._learn(name)

    def store(self, reference: str, value: str) -> str:
        """A new version of the secret with this key in it; the other keys stay."""
        at = unpinned(reference, _VERSION)
        try:
            self._learn(at.name)
            place = self._place(at.name)
            body = self.body(at) if at.path else ({}, "0")
            if isinstance(body, ProviderError):
                if body.code != MISSING:
                    raise body
                body = ({}, "0")
            data = {**body[0], at.path or ONLY: value}
            version = self._write(place, data, int(body[1] or 0) if at.path else None)
        except PermanentError as error:
            raise self.told(at, error, STORING) from error
        return version or self._versions.of(reference, json.dumps(value))

    def _write(self, place: Place, data: Mapping[str, Any], before: int | None) -> str:
        where = {"path": place.path, "mount_point": place.mount}
        if place.version == 1:
            self._client.ask("write", lambda c: c.secrets.kv.v1.create_or_update_secret(secret=data, **where))
            return ""
        made = self._client.ask(
            "write", lambda c: c.secrets.kv.v2.create_or_update_secret(secret=data, cas=before, **where)
        )
        return str(made["data"]["version"])

    def body(self, at: Reference) -> tuple[Mapping[str, Any], str] | ProviderError:
        """Its keys."""
        try:
            place = self._place(at.name)
            where = {"path": place.path, "mount_point": place.mount}
            if place.version == 1:
                answer = self._client.ask("read", lambda c: c.secrets.kv.v1.read_secret(**where))
                return answer["data"], ""
            asked = {"version": int(at.version)} if at.version else {}
            answer = self._client.ask(
                "read",
                lambda c: c.secrets.kv.v2.read_secret_version(
                    raise_on_deleted_version=True, **asked, **where
                ),
            )
        except PermanentError as error:
            return error
        return answer["data"]["data"], str(answer["data"]["metadata"]["version"])

    def value(self, at: Reference, body: Mapping[str, Any], version: str) -> tuple[Any, str]:
        """One key; where the engine keeps no versions, with a keyed one."""
        found = _key(at, body)
        return found, version or self._versions.of(at.text, json.dumps(found))

    def _learn(self, name: str) -> None:
        """Which engine is mounted where this secret lies; where that may not be asked, the first part is one of KV 2."""
        with self._lock:
            if any(f"{name}/".startswith(mount) for mount in self._mounts):
                return
            mount, version = f"{name.partition('/')[0]}/", 2
            try:
                answer = self._client.ask(
                    "mounts", lambda c: c.adapter.get(f"/v1/sys/internal/ui/mounts/{name}")
                )
                told = answer.json() if hasattr(answer, "json") else answer
                mount = str(told["data"]["path"])
                version = int((told["data"].get("options") or {}).get("version") or 1)
            except PermanentError as error:
                if error.code not in (FORBIDDEN, MISSING):
                    raise
            self._mounts[mount] = version

    def _place(self, name: str) -> Place:
        mount = max((m for m in self._mounts if f"{name}/".startswith(m)), key=len)
        path = f"{name}/".removeprefix(mount).strip("/")
        if not path:
            raise refusal(f"vault:{name}", "write the mount and the path: vault:mount/path#key")
        return Place(mount.strip("/"), self._mounts[mount], path)

    def told(self, at: Reference, error: ProviderError, doing: str) -> ProviderError:
        """What is missing: the secret, or a right."""
        if not isinstance(error, PermanentError) or error.message.startswith(at.text):
            return error
        if error.code == MISSING and doing == RESOLVING:
            return missing(at.text, self._nowhere(at))
        if error.code == FORBIDDEN:
            place = self._place(at.name)
            path = f"{place.mount}/{'data/' if place.version == 2 else ''}{place.path}"
            needed = "create and update" if doing == STORING else "read"
            said = f"{error.message}: the token's policy must allow to {needed} {path}"
            return refusal(at.text, said, FORBIDDEN, doing=doing)
        return refusal(at.text, error.message, error.code, doing=doing)

    def _nowhere(self, at: Reference) -> str:
        """There is none; the nearest name is told where names may be listed."""
        place = self._place(at.name)
        folder, _, last = place.path.rpartition("/")
        if at.version:
            return f"there is no version {at.version} of it, or it was deleted"
        try:
            if place.version == 1:
                answer = self._client.ask(
                    "list", lambda c: c.secrets.kv.v1.list_secrets(path=folder, mount_point=place.mount)
                )
            else:
                answer = self._client.ask(
                    "list", lambda c: c.secrets.kv.v2.list_secrets(path=folder, mount_point=place.mount)
                )
            known = [str(key) for key in answer["data"]["keys"]]
        except ProviderError:
            known = []
        near = "" if last in known else did_you_mean(last, known)
        return f"there is no such secret in {place.mount}/{f'; {near}' if near else ''}"


def _key(at: Reference, body: Mapping[str, Any]) -> Any:
    """One key of a secret; the only one where the reference names none. Names of keys are no secret in Vault."""
    if at.path:
        if at.path not in body:
            hint = did_you_mean(at.path, body) or f"it has: {', '.join(sorted(body)) or 'none'}"
            raise missing(at.text, f"it has no key {at.path!r}; {hint}")
        value = body[at.path]
    elif len(body) == 1:
        (value,) = body.values()
    else:
        names = ", ".join(sorted(body)) or "none"
        raise refusal(
            at.text, f"say which key is meant, such as #{min(body, default='key')}; it has: {names}"
        )
    if value in ("", None):
        raise missing(at.text, "it is empty")
    return value


def source(settings: Mapping[str, Any], folder: Path) -> VaultSecrets:
    """Open it; Vault is asked only when a secret is. Raises PermanentError where the settings cannot be used."""
    return VaultSecrets(VaultClient(settings), Versions(settings, folder))


plugin: Final = SecretPlugin(
    "vault",
    "vault:mount/path#key@version",
    "Vault's or OpenBao's key-value engines",
    source,
    source,
    Property("object", properties=SETTINGS),
    permissions=("read MOUNT/data/PATH",),
    storing=("create MOUNT/data/PATH", "update MOUNT/data/PATH"),
)
