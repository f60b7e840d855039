"""A local Key Vault: secrets and keys with versions, behind challenge authentication, as the vendor's clients expect it.

Enters: HTTPS requests below ``/VAULT``, the place of ``https://VAULT.vault.azure.net``. Leaves: what Key Vault
answers, by its REST reference. Holds: everything is in memory; ids name the real host, so that clients can read them;
a vault is there as soon as somebody names it. Keys are in `vault_keys`.
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from werkzeug.wrappers import Request

from . import answers
from .answers import RefusedError, Reply
from .vault_keys import VaultKeys

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TOKEN: Final = "sandbox"  # noqa: S105 - the sandbox's own, on loopback, in every copy of opsctl
RESOURCE: Final = "https://vault.azure.net"
_NAME: Final = re.compile(r"[0-9a-zA-Z-]{1,127}")
_PATH: Final = re.compile(
    r"/(?P<vault>[0-9a-zA-Z-]{3,24})/(?P<what>secrets|keys)(?:/(?P<name>[^/]*)(?:/(?P<version>[^/]*)(?:/(?P<act>[a-z]+))?)?)?/?"
)
_PAGE: Final = 25
_LARGEST: Final = 25 * 1024


@dataclass(slots=True)
class Version:
    """One version of a secret."""

    id: str
    value: str
    created: int
    content_type: str | None
    tags: Mapping[str, str]
    enabled: bool = True


@dataclass(slots=True)
class Vault:
    """Secrets by name, their versions in order; deleted ones can be recovered, and keep their names taken."""

    secrets: dict[str, list[Version]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    keys: VaultKeys = field(default_factory=VaultKeys)


class VaultSimulator:
    """Every vault of one tenant, as a WSGI application."""

    def __init__(self, tenant: str, *, now: Callable[[], float] = time.time) -> None:
        self.tenant = tenant
        self.now = now
        self.vaults: dict[str, Vault] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        with self._lock:
            try:
                reply = self._answer(Request(environ))
            except RefusedError as refused:
                reply = refused.reply()
        return answers.response(reply)(environ, start_response)

    def _answer(self, request: Request) -> Reply:
        self._authenticate(request)
        if "api-version" not in request.args:
            raise RefusedError(400, "BadParameter", "api-version must be specified")
        path = _PATH.fullmatch(request.path)
        if path is None:
            raise RefusedError(404, "NotFound", f"nothing is at {request.path}")
        vault, base = (
            self.vaults.setdefault(path["vault"], Vault()),
            f"https://{path['vault']}.vault.azure.net",
        )
        name, version = path["name"] or "", path["version"] or ""
        if path["what"] == "keys":
            body = request.get_json(silent=True) or {}
            place = (base, name, version, path["act"] or "")
            return vault.keys.answer(request.method, place, body, int(self.now()))
        match request.method, bool(name), version:
            case "GET", False, _:
                return self._list(
                    request, base, [(n, v[-1]) for n, v in vault.secrets.items() if n not in vault.deleted]
                )
            case "GET", True, "versions":
                return self._list(request, base, [(name, v) for v in _known(vault, name)], versions=True)
            case "GET", True, _:
                return Reply(200, _bundle(base, name, _pick(vault, name, version)))
            case "PUT", True, "":
                return Reply(200, _bundle(base, name, self._set(vault, name, request)))
            case "DELETE", True, "":
                found = _known(vault, name)[-1]
                vault.deleted.add(name)
                return Reply(200, {**_item(base, name, found), "recoveryId": f"{base}/deletedsecrets/{name}"})
        raise RefusedError(405, "MethodNotAllowed", f"{request.method} is not allowed here")

    def _authenticate(self, request: Request) -> None:
        given = request.headers.get("Authorization", "")
        if given == f"Bearer {TOKEN}":
            return
        where = (
            f'Bearer authorization="https://login.microsoftonline.com/{self.tenant}", resource="{RESOURCE}"'
        )
        said = "AKV10000: Request is missing a Bearer or PoP token."
        if given:
            where += ', error="invalid_token"'
            said = "AKV10032: Invalid issuer."
        raise RefusedError(401, "Unauthorized", said, {"WWW-Authenticate": where})

    def _set(self, vault: Vault, name: str, request: Request) -> Version:
        try:
            body = json.loads(request.get_data())
        except ValueError:
            body = None
        if not _NAME.fullmatch(name):
            message = f"The request URI contains an invalid name: {name}"
            raise RefusedError(400, "BadParameter", message)
        if not isinstance(body, dict) or not isinstance(body.get("value"), str):
            raise RefusedError(400, "BadParameter", "Property value has invalid value")
        if len(body["value"].encode()) > _LARGEST:
            raise RefusedError(400, "BadParameter", "The secret value is too long")
        if name in vault.deleted:
            message = f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused"
            raise RefusedError(409, "Conflict", message)
        made = Version(
            uuid.uuid4().hex,
            body["value"],
            int(self.now()),
            body.get("contentType"),
            body.get("tags") or {},
            enabled=(body.get("attributes") or {}).get("enabled", True),
        )
        vault.secrets.setdefault(name, []).append(made)
        return made

    def _list(
        self, request: Request, base: str, found: list[tuple[str, Version]], *, versions: bool = False
    ) -> Reply:
        skip = request.args.get("$skiptoken", "0")
        start = int(skip) if skip.isdigit() else 0
        size = min(int(request.args.get("maxresults", _PAGE)), _PAGE)
        items = [_item(base, n, v, version=versions) for n, v in found[start : start + size]]
        link = f"{request.base_url}?api-version={request.args['api-version']}&$skiptoken={start + size}"
        return Reply(200, {"value": items, "nextLink": link if len(found) > start + size else None})


def _known(vault: Vault, name: str) -> list[Version]:
    if name not in vault.secrets or name in vault.deleted:
        message = f"A secret with (name/id) {name} was not found in this key vault."
        raise RefusedError(404, "SecretNotFound", message)
    return vault.secrets[name]


def _pick(vault: Vault, name: str, version: str) -> Version:
    known = _known(vault, name)
    found = known[-1] if not version else next((v for v in known if v.id == version), None)
    if found is None:
        message = f"A secret with (name/id) {name}/{version} was not found in this key vault."
        raise RefusedError(404, "SecretNotFound", message)
    if not found.enabled:
        raise RefusedError(
            403, "Forbidden", "Operation get is not allowed on a disabled secret.", inner="SecretDisabled"
        )
    return found


def _item(base: str, name: str, found: Version, *, version: bool = False) -> dict[str, Any]:
    attributes = {
        "enabled": found.enabled,
        "created": found.created,
        "updated": found.created,
        "recoveryLevel": "Recoverable",
        "recoverableDays": 90,
    }
    item = {"id": f"{base}/secrets/{name}{f'/{found.id}' if version else ''}", "attributes": attributes}
    told = {"contentType": found.content_type, "tags": dict(found.tags)}
    return {**item, **{key: value for key, value in told.items() if value}}


def _bundle(base: str, name: str, found: Version) -> dict[str, Any]:
    return {"value": found.value, **_item(base, name, found, version=True)}


def operation_name(environ: Mapping[str, Any]) -> str:
    """What a fault rule names: "GET secrets", "LIST secrets", "GET keys", "unwrapkey keys"."""
    path = _PATH.fullmatch(str(environ.get("PATH_INFO", "")))
    method = str(environ.get("REQUEST_METHOD", ""))
    if path is None:
        return f"{method} secrets"
    if path["act"]:
        return f"{path['act']} keys"
    return f"{'LIST' if method == 'GET' and not path['name'] else method} {path['what']}"
