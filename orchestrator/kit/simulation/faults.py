"""Faults on request: which calls of a simulator are slow, throttled, refused, stale, or cut off.

In: rules, from code or from a YAML file that is read again when it changes. Out: a WSGI middleware around a
simulator. Holds: rules can be replaced while calls run, and a seed makes chance repeatable.
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

KINDS: Final = ("latency", "throttle", "error", "stale", "lost-answer", "severed-answer", "lost-request")
STALE: Final = "opsctl.stale_seconds"
"""In the environ of a read: hide objects that were created less than so many seconds ago."""
_SEVERED: Final = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Ty"


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault. ``operation`` is a glob on the operation's name; ``times`` of None means always."""

    kind: str
    operation: str = "*"
    cloud: str = ""
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seconds: float = 0.0
    status: int = 500
    code: str = "InternalError"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is not one of: {', '.join(KINDS)}")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"fault probability {self.probability} is not between 0 and 1")

    def meets(self, cloud: str, operation: str) -> bool:
        """Whether the rule speaks of this operation of this cloud."""
        return self.cloud in {"", cloud} and fnmatchcase(operation, self.operation)


def rules_of(document: Any) -> list[Rule]:
    """The rules of a loaded faults file: ``{faults: [rule, ...]}`` or a plain list.

    Raises ValueError with the name of what is wrong.
    """
    items = document.get("faults", []) if isinstance(document, Mapping) else document or []
    known = {f.name for f in fields(Rule)}
    rules = []
    for item in items:
        if not isinstance(item, Mapping) or "kind" not in item:
            raise ValueError(f"a fault is a mapping with a kind, not {item!r}")
        if unknown := sorted(set(item) - known):
            raise ValueError(f"unknown fault field {unknown[0]!r}; known: {', '.join(sorted(known))}")
        rules.append(Rule(**item))
    return rules


class Faults:
    """The rules in force, and how often each has matched. Safe to share between threads."""

    def __init__(self, rules: Iterable[Rule] = (), *, file: Path | None = None, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - faults are to be repeatable, not secret
        self._rules: list[Rule] = list(rules)
        self._seen: dict[int, int] = {}
        self._hit: dict[int, int] = {}
        self._file = file
        self._stamp = 0

    def replace(self, rules: Iterable[Rule]) -> None:
        """Put these rules in force; their counts start again."""
        with self._lock:
            self._set(list(rules))

    def add(self, rule: Rule) -> None:
        """Put one more rule in force, and keep the counts of the others."""
        with self._lock:
            self._rules.append(rule)

    def hit(self) -> list[int]:
        """How often each rule in force has struck, in order."""
        with self._lock:
            return [self._hit.get(i, 0) for i in range(len(self._rules))]

    def strike(self, cloud: str, operation: str) -> list[Rule]:
        """The rules that strike this call; each is counted."""
        with self._lock:
            self._reread()
            return [r for i, r in enumerate(self._rules) if r.meets(cloud, operation) and self._counts(i, r)]

    def _set(self, rules: list[Rule]) -> None:
        self._rules, self._seen, self._hit = rules, {}, {}

    def _reread(self) -> None:
        if self._file is None:
            return
        try:
            stamp = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            stamp = 0
        if stamp == self._stamp:
            return
        self._stamp = stamp
        with suppress(yaml.YAMLError, ValueError):  # half written: the rules before stay in force
            self._set(rules_of(yaml.safe_load(self._file.read_text("utf-8"))) if stamp else [])

    def _counts(self, index: int, rule: Rule) -> bool:
        seen = self._seen[index] = self._seen.get(index, 0) + 1
        hits = self._hit.get(index, 0)
        if seen <= rule.after or (rule.times is not None and hits >= rule.times):
            return False
        if rule.probability < 1.0 and self._random.random() >= rule.probability:
            return False
        self._hit[index] = hits + 1
        return True


def _plain_throttle(_environ: WSGIEnvironment) -> Response:
    return Response("slow down", status=429, headers={"Retry-After": "1"})


def _plain_failure(_environ: WSGIEnvironment, status: int, code: str) -> Response:
    return Response(code, status=status)


@dataclass(frozen=True, slots=True)
class FaultyApplication:
    """A simulator with faults in front. ``throttled`` and ``failed`` answer in the cloud's own shape."""

    application: WSGIApplication
    faults: Faults
    operation: Callable[[WSGIEnvironment], str]
    cloud: str = ""
    throttled: Callable[[WSGIEnvironment], Response] = _plain_throttle
    failed: Callable[[WSGIEnvironment, int, str], Response] = _plain_failure
    sleep: Callable[[float], None] = time.sleep

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Let the call through, or do to it what the rules say."""
        head: bytes | None = None
        for rule in self.faults.strike(self.cloud, self.operation(environ)):
            match rule.kind:
                case "latency":
                    self.sleep(rule.seconds)
                case "stale":
                    environ[STALE] = rule.seconds
                case "throttle":
                    return self.throttled(environ)(environ, start_response)
                case "error":
                    return self.failed(environ, rule.status, rule.code)(environ, start_response)
                case "lost-request":
                    return _cut(environ, start_response)
                case "severed-answer":
                    head = _SEVERED
                case _:
                    head = b""
        if head is None:
            return self.application(environ, start_response)
        _run_unheard(self.application, environ)
        return _cut(environ, start_response, head)


def _run_unheard(application: WSGIApplication, environ: WSGIEnvironment) -> None:
    parts = application(environ, lambda *_: lambda _data: None)
    for _ in parts:
        pass
    close = getattr(parts, "close", None)
    if close is not None:
        close()


def _cut(environ: WSGIEnvironment, start_response: StartResponse, said: bytes = b"") -> Iterable[bytes]:
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        with suppress(OSError):
            connection.sendall(said)
            connection.shutdown(socket.SHUT_RDWR)
    start_response("500 Cut Off", [])
    return [b""]
