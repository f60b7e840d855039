"""The functions that a policy may call on the embedded engine: its own, and those of OPA that we add.

Source of names and argument counts: OPA's published capabilities. ``http.send`` is refused: a policy that
asks the network is neither repeatable nor safe, and the engine answers it with undefined.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from orchestrator.adapters.policy_tokens import FUNCTIONS

REFUSED: Final = {"http.send": "policies do not reach the network"}

_ABSENT: Final = (
    "graphql.",
    "crypto.x509.",
    "crypto.parse_private_keys",
    "io.jwt.encode_sign",
    "rego.",
    "providers.aws.",
)
_ABSENT_ALONE: Final = frozenset(
    (
        "net.lookup_ip_addr",
        "net.cidr_contains_matches",
        "regex.globs_match",
        "strings.render_template",
        "strings.split_n",
    )
)


def absent(name: str) -> bool:
    """Whether a real OPA has this function, and the embedded engine has not."""
    return name.startswith(_ABSENT) or name in _ABSENT_ALONE


_ARITIES: Final[Mapping[int, str]] = {
    0: "opa.runtime time.now_ns",
    1: """abs array.reverse base64.decode base64.encode base64.is_valid base64url.decode base64url.encode
        base64url.encode_no_pad bits.negate ceil count floor glob.quote_meta hex.decode hex.encode http.send
        intersection is_array is_boolean is_null is_number is_object is_set is_string json.is_valid json.marshal
        json.unmarshal json.verify_schema lower max min net.cidr_expand net.cidr_is_valid object.keys
        object.union_n product regex.is_valid round semver.is_valid sort strings.reverse sum time.clock
        time.date time.format time.parse_duration_ns time.parse_rfc3339_ns time.weekday to_number trace
        trim_space type_name union units.parse units.parse_bytes upper urlquery.decode urlquery.decode_object
        urlquery.encode urlquery.encode_object uuid.parse uuid.rfc4122 walk yaml.is_valid yaml.marshal
        yaml.unmarshal""",
    2: """array.concat bits.and bits.lsh bits.or bits.rsh bits.xor concat contains endswith format_int
        graph.reachable graph.reachable_paths indexof indexof_n json.filter json.marshal_with_options
        json.match_schema json.patch json.remove net.cidr_contains numbers.range object.filter object.remove
        object.subset object.union rand.intn regex.match regex.split semver.compare split sprintf startswith
        strings.any_prefix_match strings.any_suffix_match strings.count strings.replace_n time.diff
        time.parse_ns trim trim_left trim_prefix trim_right trim_suffix""",
    3: """array.slice glob.match numbers.range_step object.get regex.find_all_string_submatch_n regex.find_n
        regex.replace replace substring""",
    4: "regex.template_match time.add_date",
}


def _cidr_intersects(one: str, other: str) -> bool:
    a, b = ipaddress.ip_network(one, strict=False), ipaddress.ip_network(other, strict=False)
    return a.version == b.version and a.overlaps(b)


def _cidr_merge(addresses: Iterable[str]) -> set[str]:
    networks = [ipaddress.ip_network(a, strict=False) for a in addresses]
    fours = [n for n in networks if isinstance(n, ipaddress.IPv4Network)]
    sixes = [n for n in networks if isinstance(n, ipaddress.IPv6Network)]
    return {
        *(str(n) for n in ipaddress.collapse_addresses(fours)),
        *(str(n) for n in ipaddress.collapse_addresses(sixes)),
    }


def _flatten(items: Iterable[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        flat.extend(item if isinstance(item, list) else [item])
    return flat


def _digest(algorithm: str) -> Callable[[str], str]:
    return lambda text: hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()


def _hmac(algorithm: str) -> Callable[[str, str], str]:
    return lambda text, key: hmac.new(key.encode(), text.encode(), algorithm).hexdigest()


ADDED: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "net.cidr_intersects": (2, _cidr_intersects),
    "net.cidr_merge": (1, _cidr_merge),
    "array.flatten": (1, _flatten),
    **{f"crypto.{name}": (1, _digest(name)) for name in ("md5", "sha1", "sha256")},
    **{f"crypto.hmac.{name}": (2, _hmac(name)) for name in ("md5", "sha1", "sha256", "sha512")},
    "crypto.hmac.equal": (2, hmac.compare_digest),
    **FUNCTIONS,
}
"""OPA's functions that the engine lacks: argument count and implementation."""

ARITY: Final[Mapping[str, int | None]] = {
    **{name: count for count, names in _ARITIES.items() for name in names.split()},
    **{name: count for name, (count, _) in ADDED.items()},
    "print": None,
}
"""Argument counts (None: any number). One more argument binds the result, as everywhere in Rego."""
