"""Signed tokens and what verifies them, made once by a throw-away key: the same for every engine."""

from __future__ import annotations

import json
from typing import Any, Final

SIGNED: Final[dict[str, tuple[str, str]]] = {
    "HS256": (
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.m0_HDxmzQCFVyBo6gUk_2mf5k4dP1AZDz6SPaRtEAo4",
        "secret",
    ),
    "HS384": (
        "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.M0VlEb582rrlkahAd2Wt0_oa0Ri2HsPqhsCC1zpo0sZZD_-t-jkXZa58KJax05Kj",
        "secret",
    ),
    "HS512": (
        "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.WWnoM5TasuNsA5tzfJOMI2JVL13rRt3UqXKawQ2DgnC6jX5LbubLjsLQ_PNEFxeu5h81Meu7d9hp1i7bUERJtQ",
        "secret",
    ),
    "RS256": (
        "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.LVpXjglMrDPr0uV5WBWZ0_mQORe4Pp1IuWoIht_0eIayRU_qjS-H90qDX0yQOib5mgIR0RKX7Y4T9re3hErPVeswmulw2rMOpGtCE7ZQDibZmBIwoFO0brP8BpJ6GTi_cOB5A8IpvQzpuKA3iWYi9vY1TB_fboKrayn88759O7HarZWKkAXt1YJWPtbt9JAupgvWu1mKFwM6VmdttsA5EPpYIajlBm2A0AKUQcw6sGIub4iWZE8rRl8xKTrXTJ3X3tv7waNOMiKHgGRX40gY8HiBvr7V_tdi8rJEDuwSVTq8Cir7S4AF3x9aXVySWc-jkg2JGyFNukH2dK6Kpjbpow",
        '{"kty":"RSA","n":"xKkqKM8yeSuxfVIDrDHOAhC_0tat5ykCG8PwdXzY6_hzPQin9nMuMYWRvvEnjo6pZQr681PoslPYJmhxq2HaLAgOnJacrp6j6wjKk6xJQGCFVM99P-PqgiS0Vdh6vb9_4Jc_h2q9XoviF2TWWeLZQU2L72sJSDQn_9MGPadjbIiIEWL8eQuo2w9FPefosG3chrzoFKw4NMagR70wPArhSaJvQ5I5R_3Pef4ZRG4_UcQ-0vQ9ALf952C77YWr8eahTDt7GD7Az87LeJxkWs6RPYcLylNVO4qitGHoJmXk4G7dzyDG1E8HVQntfHJdJKXWrHQYebMTzrXOSQeVJ8hDYw","e":"AQAB"}',
    ),
    "PS384": (
        "eyJhbGciOiJQUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.k5m46-8Ezua2DwWl8YwMaUQrTmHZbC6jo16YTL2mqH0-Fb6fECxIzQBkRwoVb2DDheEOJ6r3_7XDv9gKb5mnKF6VXP2mp9OKvuzufw9HHvJd2ggdgrAajldLu5RwObXZXftrbaFcNcuepDca5p-WM8CDoFXtb9XsswfOuTqaxEI7-4F3DnnPGYEyPsXviDANvRkO-tkFrrFWAKDPo92dwtiuvDd1DpVmMJjtMGZkylLK4ZHZGpfxqUAfx7HfK8kQz0qt6hZmrb0Bny2VBTg7gI1FYOC6CfGwfZPyQ0T1CKSdSypRPRW7erkRH-lkR4wkH8e4u_njnIwHeepKvqlWKQ",
        '{"kty":"RSA","n":"xKkqKM8yeSuxfVIDrDHOAhC_0tat5ykCG8PwdXzY6_hzPQin9nMuMYWRvvEnjo6pZQr681PoslPYJmhxq2HaLAgOnJacrp6j6wjKk6xJQGCFVM99P-PqgiS0Vdh6vb9_4Jc_h2q9XoviF2TWWeLZQU2L72sJSDQn_9MGPadjbIiIEWL8eQuo2w9FPefosG3chrzoFKw4NMagR70wPArhSaJvQ5I5R_3Pef4ZRG4_UcQ-0vQ9ALf952C77YWr8eahTDt7GD7Az87LeJxkWs6RPYcLylNVO4qitGHoJmXk4G7dzyDG1E8HVQntfHJdJKXWrHQYebMTzrXOSQeVJ8hDYw","e":"AQAB"}',
    ),
    "ES256": (
        "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.m02rurkrsYvRggPkdgRlr8W4XYeJJEHW4jbDwZ5bApLfRYiXVYqdFemybggDighgkXheiLuUP78f5yAY_4EM2A",
        '{"kty":"EC","crv":"P-256","x":"iq_SA713iaP9qby9Nu6c1UCAZIkUa0gQu5NKKPoHoHs","y":"mnPSP-voCH8qK5Kg5YKcAtbG2fSqFBm-NYEfyoEEAy0"}',
    ),
    "ES384": (
        "eyJhbGciOiJFUzM4NCIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.fOwG8DO8DSm2eTqkEOckeEiqK3KskUAXisTcbgLvAYzEi80I3aabiWEdlnt7wgisCLgWdSBKOBz24CGOqFw8iIbJdZaLrOgeedj0rA1G1RnpRCd30mpzJrG1NEYPjH8T",
        '{"kty":"EC","crv":"P-384","x":"9juiRI2nLCxTtaqbyNmyB6s2iHLU-55ovijb2TVYkiv7aiKi-C0mnyOqxpO4CcWC","y":"Q_3WtahrGgQesqyLwdnWiaZHekwNsoZ-ladp0F4_0S7YIwlTnXs2It77HCYLIeps"}',
    ),
    "ES512": (
        "eyJhbGciOiJFUzUxMiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.AIDeMpr63LZAlIR76SJm6DXpQjyZwXLPebytOtDHGfLXp367xWIuQoktlXdg4H67Nv-o5QnmaMxBPpxKKevixXkrAQW7kssm-N-XBqoym1bwnbA5gVIWvLTYZXKWPx2cP906Eqt3MbCW-bfnJxPYBgKgqUU0KYKR2hByDt9YsEvGBli4",
        '{"kty":"EC","crv":"P-521","x":"AFHLRKFfSnsm-OsUgPjYqjrK63xQuUO1Ug4gG-Wk5o4moIxOTrm222Vawwn9V1k7_4DRNqMzJXmCdZumvy9H1y2E","y":"AeXFl_SxSjhqia8SQLdhmpeZC_y2YjOCcq7lxw4PuOYtB3RKUFpssl6ECFo-Xq03_cstmi6pc-U1MxXcZRgyvmgw"}',
    ),
    "EdDSA": (
        "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJjaSIsImF1ZCI6WyJvcHNjdGwiXSwiZXhwIjoxOTAwMDAwMDAwLCJzdWIiOiJ4In0.RNOSill-CdxIuKmbVJ9t9IPiQdM-aN_n4it3K2vMslE_IJmEicx4va8oYG1A0sTPMHmwKjyYbkY7qXriWhkICg",
        '{"kty":"OKP","crv":"Ed25519","x":"O_KoulznyQRd1D4ZxujLDn3e5wtmDhq70R2b6NDPKLk"}',
    ),
}
"""By algorithm: a token of the issuer ci, for opsctl, that ends in 2030; and its secret or public key."""


def call(name: str, *arguments: Any) -> str:
    """A call in Rego of these arguments."""
    return f"{name}({', '.join(json.dumps(a) for a in arguments)})"


_HS, _SECRET = SIGNED["HS256"]
_ES, _KEY = SIGNED["ES256"]
_AT: Final = 1_800_000_000_000_000_000
_ASKED: Final[list[dict[str, Any]]] = [
    {"secret": _SECRET, "aud": "opsctl", "time": _AT},
    {"secret": _SECRET, "aud": "opsctl", "iss": "ci", "alg": "HS256", "time": _AT},
    {"secret": "wrong", "aud": "opsctl", "time": _AT},
    {"secret": _SECRET, "aud": "other", "time": _AT},
    {"secret": _SECRET, "time": _AT},
    {"secret": _SECRET, "aud": "opsctl", "iss": "cd", "time": _AT},
    {"secret": _SECRET, "aud": "opsctl", "alg": "HS512", "time": _AT},
    {"secret": _SECRET, "aud": "opsctl", "time": 2 * _AT},
    {"cert": _KEY, "aud": "opsctl", "time": _AT},
    {"aud": "opsctl"},
]
_URIS: Final = (
    "https://u:p@h.example:8080/a/b?x=1#f", "/only/path", "http://a b/", "x", "", "mailto:a@b.c", "https://[::1]:80/x",
    "https://h/x%20y?q=a%20b#fr%20g",
)  # fmt: skip
PROGRAMS: Final = [
    *(call(f"io.jwt.verify_{a.lower()}", *pair) for a, pair in SIGNED.items()),
    *(call(f"io.jwt.verify_{a.lower()}", pair[0][:-6] + "AAAAAA", pair[1]) for a, pair in SIGNED.items()),
    *(call("io.jwt.decode", token) for token, _ in SIGNED.values()),
    call("io.jwt.verify_hs256", "a.b", "k"), call("io.jwt.decode", "abc"), call("io.jwt.verify_es256", _ES, "no key"),
    call("io.jwt.verify_es384", _ES, _KEY), call("io.jwt.verify_rs256", _ES, _KEY),
    call("io.jwt.verify_es256", _ES, json.dumps({"keys": [json.loads(_KEY)]})),
    *(call("io.jwt.decode_verify", _HS, asked) for asked in _ASKED),
    call("io.jwt.decode_verify", _ES, {"cert": _KEY, "aud": "opsctl", "time": _AT}),
    *(call(f"uri.{name}", uri) for name in ("parse", "is_valid") for uri in _URIS),
]  # fmt: skip
