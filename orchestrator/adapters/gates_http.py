"""The ``http`` gate: one request, and whether its answer is the expected one.

Enters: settings ``url``, ``method``, ``headers``, ``body``, ``timeout`` (seconds for all of it), ``verify`` (or
``ca``, a file of certificates), ``followRedirects`` and ``expect`` with ``status`` (a number, ``"2xx"`` or a
list of them), ``body`` (text that must occur) and ``matches`` (a pattern that must). Leaves: a Health. Holds:
nothing is raised for what is seen, redirects are not followed unless asked for, no more of a body is read than
is needed, proxies of the environment are not used, and no header or credential is told.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from orchestrator.model.health import Health, Level
from orchestrator.model.values import reveal

if TYPE_CHECKING:
    import urllib3

LIMIT: Final = 64 * 1024
"""Bytes of an answer's body that are looked at."""
_KNOWN: Final = frozenset(
    {"url", "method", "headers", "body", "timeout", "verify", "ca", "followRedirects", "expect"}
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class _Look:
    """Settings that make sense."""

    url: str
    shown: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    timeout: float = 5.0
    verify: bool = True
    ca: str | None = None
    follow: bool = False
    statuses: tuple[str, ...] = ("2xx",)
    contains: str | None = None
    matches: re.Pattern[str] | None = None


class HttpProbe:
    """Looks by HTTP or HTTPS."""

    def assess(self, settings: Mapping[str, Any]) -> Health:
        """One request. No answer is PROGRESSING, a wrong one DEGRADED, settings without sense FAILED."""
        try:
            look = _understood(reveal(settings))
        except (ValueError, TypeError, re.error) as error:
            return Health(Level.FAILED, f"the http gate makes no sense: {error}")
        from urllib3 import exceptions  # noqa: PLC0415 - only where a gate is looked at

        try:
            return _asked(look)
        except exceptions.LocationParseError as error:
            return Health(Level.FAILED, f"the http gate makes no sense: {error}")
        except (exceptions.SSLError, exceptions.ProtocolError) as error:
            level = Level.DEGRADED if isinstance(error, exceptions.SSLError) else Level.PROGRESSING
            return Health(level, f"{look.shown}: {_reason(error)}")
        except (exceptions.HTTPError, OSError) as error:
            return Health(Level.PROGRESSING, f"{look.shown}: {_reason(error)}")


def _understood(settings: Mapping[str, Any]) -> _Look:
    """Raises ValueError or TypeError for settings that no look can be made of."""
    strange = sorted(settings.keys() - _KNOWN)
    if strange:
        raise ValueError(f"unknown setting {strange[0]!r}")
    url = str(settings.get("url") or "")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{_shown(url)!r} is no http or https URL")
    _ = parts.port
    method = str(settings.get("method") or "GET").upper()
    if method not in _METHODS:
        raise ValueError(f"unknown method {method!r}")
    expect = settings.get("expect") or {}
    if not isinstance(expect, Mapping) or expect.keys() - {"status", "body", "matches"}:
        raise ValueError("expect holds status, body and matches")
    headers, ca = settings.get("headers") or {}, settings.get("ca")
    if not isinstance(headers, Mapping):
        raise TypeError("headers is a map of names to values")
    if ca is not None and not Path(str(ca)).is_file():
        raise ValueError(f"ca: there is no file {ca}")
    timeout = float(settings.get("timeout", 5.0))
    if not timeout > 0:
        raise ValueError("timeout must be more than 0 seconds")
    body, matches = settings.get("body"), expect.get("matches")
    return _Look(
        url,
        _shown(url),
        method,
        {str(k): str(v) for k, v in headers.items()},
        None if body is None else str(body),
        timeout,
        verify=bool(settings.get("verify", True)),
        ca=None if ca is None else str(ca),
        follow=bool(settings.get("followRedirects", False)),
        statuses=_statuses(expect.get("status", "2xx")),
        contains=expect.get("body"),
        matches=None if matches is None else re.compile(str(matches)),
    )


def _statuses(wanted: Any) -> tuple[str, ...]:
    """Statuses as text, each three digits or like ``2xx``."""
    listed = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]
    texts = tuple(str(one).lower() for one in listed)
    for text in texts:
        if not re.fullmatch(r"[1-5](\d\d|xx)", text):
            raise ValueError(f"{text!r} is no status")
    return texts


def _asked(look: _Look) -> Health:
    """Ask, and compare what is answered. Raises urllib3's errors."""
    from urllib3 import PoolManager, Retry, Timeout  # noqa: PLC0415 - only where a gate is looked at

    deadline = time.monotonic() + look.timeout
    retries = Retry(total=5, connect=0, read=0, other=0, redirect=5) if look.follow else False
    pool = PoolManager(
        num_pools=1,
        cert_reqs="CERT_REQUIRED" if look.verify else "CERT_NONE",
        ca_certs=look.ca,
        assert_hostname=None if look.verify else False,
    )
    with pool:
        answer = pool.request(
            look.method,
            look.url,
            body=look.body,
            headers={"User-Agent": "opsctl", **look.headers},
            timeout=Timeout(total=look.timeout),
            retries=retries,
            redirect=look.follow,
            preload_content=False,
        )
        try:
            return _judged(look, answer, deadline)
        finally:
            answer.close()


def _judged(look: _Look, answer: urllib3.BaseHTTPResponse, deadline: float) -> Health:
    status = str(answer.status)
    if not any(status == one or (one.endswith("xx") and status[0] == one[0]) for one in look.statuses):
        moved = " (redirects are not followed)" if status[0] == "3" and not look.follow else ""
        wanted = " or ".join(look.statuses)
        return Health(Level.DEGRADED, f"{look.shown} answered {status}, not {wanted}{moved}")
    if look.contains is None and look.matches is None:
        return Health(Level.HEALTHY, f"{look.shown} answered {status}")
    text = _body(answer, deadline)
    if look.contains is not None and str(look.contains) not in text:
        return Health(Level.DEGRADED, f"{look.shown} answered {status} without {str(look.contains)!r}")
    if look.matches is not None and not look.matches.search(text):
        return Health(
            Level.DEGRADED, f"{look.shown} answered {status} with nothing like {look.matches.pattern!r}"
        )
    return Health(Level.HEALTHY, f"{look.shown} answered {status} as expected")


def _body(answer: urllib3.BaseHTTPResponse, deadline: float) -> str:
    """The beginning of the body; a server that drips is cut off at the deadline."""
    text = bytearray()
    while len(text) < LIMIT and time.monotonic() < deadline:
        part = answer.read1(LIMIT - len(text))
        if not part:
            break
        text += part
    return text.decode(errors="replace")


def _shown(url: str) -> str:
    """A URL without what may be secret in it: user, password and query."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}" if rest else url


def _reason(error: BaseException) -> str:
    """The system's word on what went wrong, without addresses of objects."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        if isinstance(cause, TimeoutError):
            return "no answer in time"
        following = cause.__cause__ or cause.__context__ or getattr(cause, "reason", None)
        cause = following if isinstance(following, BaseException) else None
    name = type(error).__name__
    return "no answer in time" if "Timeout" in name else re.sub(r"<[^>]*>:? ?", "", str(error))
