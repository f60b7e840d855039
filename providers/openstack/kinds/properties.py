"""Shapes of properties that many kinds have, and how OpenStack rewrites what it is given.

A normaliser maps both the wanted and the seen value to one form, so that what the cloud only wrote differently is
no difference. None of them raises: a value that is not understood stays as it is.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Final

from orchestrator.kit.shapes import flag, spec, text
from orchestrator.model.schema import Property


def name(what: str) -> Property:
    """Describe a name; one is made up where the spec has none."""
    return text(f"the {what}'s name; made from the address where it is left out")


def cidr(value: Any) -> Any:
    """Drop host bits, lowercase and compress."""
    if not isinstance(value, str):
        return value
    try:
        return str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return value


def joined(value: Any) -> Any:
    """Write prefixes as Neutron does: neighbours are one, in order."""
    if not isinstance(value, list | tuple):
        return value
    try:
        networks = [ipaddress.ip_network(item, strict=False) for item in value]
    except ValueError:
        return value
    four = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network))
    return [str(network) for network in (*four, *six)]


def address(value: Any) -> Any:
    """Compress an address; an empty one is none."""
    if not isinstance(value, str):
        return value
    try:
        return str(ipaddress.ip_address(value)) if value else None
    except ValueError:
        return value


def lower(value: Any) -> Any:
    """Ignore case."""
    return value.lower() if isinstance(value, str) else value


def protocol(value: Any) -> Any:
    """`any` is none; the three spellings of icmp are one, since the ether type decides between them."""
    known = lower(value)
    if known in {"any", "", "0"}:
        return None
    return "icmp" if known in {"icmpv6", "ipv6-icmp"} else known


def empty_is_none(value: Any) -> Any:
    """An empty text is none."""
    return value or None


def trimmed(value: Any) -> Any:
    """Ignore space around a text."""
    return value.strip() if isinstance(value, str) else value


TAGS: Final = Property(
    "array", "plain tags; ours are added and not shown", items=text("a tag"), unordered=True, default=[]
)
ADMIN_UP: Final = flag("the administrative state", default=True)
METADATA: Final = Property(
    "object", "keys and values; ours are added and not shown", additional=text("a value"), default={}
)


def pools(description: str) -> Property:
    """Describe ranges of addresses."""
    end = text("an address", required=True, normalize=address)
    return Property("array", description, items=spec(start=end, end=end), unordered=True)
