"""The functions that a policy may call on the embedded engine: its own, and those of OPA that we add.

Source of names and argument counts: OPA's published capabilities. ``http.send`` is refused: a policy that
asks the network is neither repeatable nor safe, and the engine answers it with undefined.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from orchestrator.adapters import policy_certificates, policy_token_signing, policy_tokens

REFUSED: Final = {"http.send": "policies do not reach the network"}

_KEYS: Final = "a private key has no place in a policy"
ABSENT: Final[Mapping[str, str]] = {
    "cast_": "write is_array, is_string, …",
    "crypto.parse_private_keys": _KEYS,
    "crypto.x509.parse_and_verify_certificates_with_options": "crypto.x509.parse_and_verify_certificates is there",
    "crypto.x509.parse_keypair": f"{_KEYS}; for its certificate crypto.x509.parse_certificates is there",
    "crypto.x509.parse_rsa_private_key": _KEYS,
    "graphql.": "",
    "net.cidr_overlap": "write net.cidr_contains",
    "net.lookup_ip_addr": "policies do not reach the network; compare addresses with net.cidr_contains",
    "providers.aws.": "",
    "re_match": "write regex.match",
    "regex.globs_match": "regex.match or glob.match may do",
    "rego.": "",
    "strings.render_template": "sprintf may do",
}
"""Functions of a real OPA that the embedded engine has not (or what their names begin with): what may do instead."""


def absent(name: str) -> str:
    """What to do where a real OPA has this function and the embedded engine has not; empty for every other name."""
    for known, advice in ABSENT.items():
        if name == known or (known.endswith((".", "_")) and name.startswith(known)):
            return "; ".join(filter(None, (advice, "a real OPA has it: write policy: {server: URL}")))
    return ""


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


def _matching(these: Any, those: Any) -> set[tuple[Any, Any]]:
    """Which networks of the first contain which of the second: pairs of their indexes, keys, or themselves."""
    outer, inner = dict(_networks(these)), dict(_networks(those))
    return {(a, b) for a, one in outer.items() for b, other in inner.items() if _contains(one, other)}


def _contains(one: Any, other: Any) -> bool:
    return bool(one.version == other.version and other.subnet_of(one))


def _networks(said: Any) -> Iterator[tuple[Any, Any]]:
    """Networks by what they are called: a text by itself, in a list by place, in an object by key; a list's head counts."""
    match said:
        case str():
            yield said, ipaddress.ip_network(said, strict=False)
        case Mapping():
            yield from ((key, _network(value)) for key, value in said.items())
        case list() | tuple():
            yield from ((place, _network(value)) for place, value in enumerate(said))
        case set() | frozenset():
            yield from ((value, _network(value)) for value in said)
        case _:
            raise ValueError("networks are a text, or a list, set or object of them")


def _network(said: Any) -> Any:
    return ipaddress.ip_network(said[0] if isinstance(said, list | tuple) else said, strict=False)


def _split(text: str, by: str, count: int) -> list[str]:
    """So many parts from the front; below nought from the back."""
    parts = text.split(by) if by else list(text)
    return parts[count:] if count < 0 else parts[:count]


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
    "net.cidr_contains_matches": (2, _matching),
    "strings.split_n": (3, _split),
    # Of legacy Rego: policy check says what to write instead.
    "all": (1, lambda items: all(item is True for item in items)),
    "any": (1, lambda items: any(item is True for item in items)),
    "set_diff": (2, lambda one, other: set(one) - set(other)),
    **policy_certificates.FUNCTIONS,
    **policy_token_signing.FUNCTIONS,
    **policy_tokens.FUNCTIONS,
}
"""OPA's functions that the engine lacks: argument count and implementation."""

ARITY: Final[Mapping[str, int | None]] = {
    **{name: count for count, names in _ARITIES.items() for name in names.split()},
    **{name: count for name, (count, _) in ADDED.items()},
    "print": None,
}
"""Argument counts (None: any number). One more argument binds the result, as everywhere in Rego."""
