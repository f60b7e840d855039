"""Terraform's http-backend protocol: one document at an address, a lock beside it.

GET reads the document (404 or 204: there is none), the update method writes it, with ``?ID=`` of the lock. The lock
method takes a JSON about who locks, and answers 423 or 409 with that of the holder; the unlock method takes the same
JSON. Source: Terraform's documentation, "Backend Type: http", and its client (``internal/backend/remote-state/http``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import urllib3

from orchestrator.kit.severed import MESSAGE, is_severed
from orchestrator.model.errors import StateError

LOCKED: Final = (409, 423)
_PAUSES: Final = (0.2, 1.0, 2.0)
_BUSY: Final = (429, 500, 502, 503, 504)


class LockInfo(msgspec.Struct, rename="pascal"):
    """Who locks, as Terraform and the servers write it."""

    id: str = msgspec.field(name="ID", default="")
    operation: str = ""
    info: str = ""
    who: str = ""
    version: str = ""
    created: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the document is, where its lock is, and how to ask."""

    address: str
    lock_address: str
    unlock_address: str
    update_method: str = "POST"
    lock_method: str = "LOCK"
    unlock_method: str = "UNLOCK"
    username: str = ""
    password: str = ""
    ca: str | None = None

    @property
    def shown(self) -> str:
        """The address without what may be secret in it."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and the server's own time of it (0 where it does not tell)."""

    status: int
    body: bytes
    at: float


class HttpStore:
    """One document. Safe to use from several threads."""

    def __init__(self, place: Place) -> None:
        self.place = place
        headers = {"User-Agent": "opsctl"}
        if place.username or place.password:
            headers |= urllib3.make_headers(basic_auth=f"{place.username}:{place.password}")
        self._headers = headers
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=5, read=30), retries=False, ca_certs=place.ca
        )

    def read(self) -> tuple[bytes | None, float]:
        """The document (None where there is none) and the server's time. Raises StateError."""
        answer = self._patiently("GET", self.place.address)
        if answer.status in (204, 404):
            return None, answer.at
        self._expect(answer, "GET")
        return (answer.body or None), answer.at

    def write(self, document: bytes, lock: str) -> bool:
        """Write it under a lock; False where the server says that the lock is not ours. Not repeated."""
        mark = "&" if "?" in self.place.address else "?"
        method = self.place.update_method
        answer = self._ask(method, f"{self.place.address}{mark}ID={lock}", document)
        if answer.status in LOCKED:
            return False
        self._expect(answer, method)
        return True

    def lock(self, info: LockInfo) -> LockInfo | None:
        """Take the lock; None where it is ours now, else who has it."""
        answer = self._patiently(self.place.lock_method, self.place.lock_address, msgspec.json.encode(info))
        if answer.status not in LOCKED:
            self._expect(answer, self.place.lock_method)
            return None
        try:
            found = msgspec.json.decode(answer.body, type=LockInfo)
        except msgspec.DecodeError:
            found = LockInfo(who="somebody whom the server does not name")
        return None if found.id == info.id else found  # ours: the answer to an earlier try got lost

    def unlock(self, info: LockInfo) -> bool:
        """Free a lock by what its holder said; False where the server has another, or none."""
        method = self.place.unlock_method
        answer = self._patiently(method, self.place.unlock_address, msgspec.json.encode(info))
        if answer.status in (*LOCKED, 400, 404):
            return False
        self._expect(answer, method)
        return True

    def close(self) -> None:
        """Let go of connections."""
        self._pool.clear()

    def _patiently(self, method: str, url: str, body: bytes | None = None) -> Answer:
        """A call that may be repeated: again where the server is away or busy for a moment."""
        for pause in _PAUSES:
            try:
                answer = self._ask(method, url, body)
            except StateError:
                pass
            else:
                if answer.status not in _BUSY:
                    return answer
            time.sleep(pause)
        return self._ask(method, url, body)

    def _ask(self, method: str, url: str, body: bytes | None = None) -> Answer:
        headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
        try:
            answer = self._pool.request(method, url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise StateError(
                f"state at {self.place.shown}: {method}: {_told(error)}; check the address and the network"
            ) from error
        if is_severed(method, answer.status, answer.headers, empty=not answer.data):
            raise StateError(f"state at {self.place.shown}: {method}: {MESSAGE}; check the network")
        date = answer.headers.get("Date")
        at = parsedate_to_datetime(date).timestamp() if date else 0.0
        return Answer(answer.status, answer.data, at)

    def _expect(self, answer: Answer, method: str) -> None:
        if 200 <= answer.status < 300:
            return
        advice = {
            401: "check state.username and state.password",
            403: "the user may not do that: check its rights there",
            404: "check state.address",
            405: "the server wants other methods: set state.update_method, lock_method, unlock_method",
        }.get(answer.status, "look into the server's log")
        if 300 <= answer.status < 400:
            advice = "it answers with a redirection: set state.address to where it leads"
        said = " ".join(answer.body[:200].decode("utf-8", "replace").split())
        raise StateError(
            f"state at {self.place.shown}: {method}: HTTP {answer.status}: {said or '-'}; {advice}"
        )


def place_of(settings: Mapping[str, Any]) -> Place:
    """The settings as they are written, credentials in plain. Raises StateError where they cannot be."""
    addresses = [settings.get(n) for n in ("address", "lock_address", "unlock_address") if settings.get(n)]
    for address in addresses:
        parts = urlsplit(str(address))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StateError(f"{address!r} is no address: write https://server/path")
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if parts.scheme == "http" and settings.get("password") and not loopback:
            raise StateError(f"the password would go to {parts.hostname} in clear text: write https://")
    lock = str(settings["lock_address"])
    return Place(
        str(settings["address"]),
        lock,
        str(settings.get("unlock_address", lock)),
        **{
            name: str(settings[name])
            for name in ("update_method", "lock_method", "unlock_method", "username", "password", "ca")
            if name in settings
        },
    )


def _told(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).rpartition(": ")[2] or type(error).__name__
