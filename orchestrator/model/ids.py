"""Identifiers that must not be mixed, and how an address is written.

An address names one resource of a stack: ``web``, an instance of a ``forEach`` ``web["a"]``, a child of a
composite ``db/server``, or both ``db["eu"]/server``.
"""

from __future__ import annotations

import re
from typing import NewType

Address = NewType("Address", str)
TypeName = NewType("TypeName", str)
"""The cloud's own name of a kind: ``AWS::EC2::VPC``, ``Microsoft.Compute/disks``, ``OS::Nova::Server``."""
ProviderName = NewType("ProviderName", str)
"""A configured provider instance: ``aws``, or ``aws.eu`` for a second one of the same family."""
StackId = NewType("StackId", str)
Uid = NewType("Uid", str)
"""One incarnation of one resource: a replacement has a new one."""
Token = NewType("Token", str)
"""The idempotency token of one intent."""
Path = tuple[str | int, ...]
"""Where a value stands inside a spec: property names and list indexes."""

_PLAIN = re.compile(r"[A-Za-z0-9_./-]")
_ENCODED = re.compile(r"\+([0-9a-f]+)\+")


def instance_address(base: Address, key: str) -> Address:
    """The address of one instance of a ``forEach`` resource."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return Address(f'{base}["{escaped}"]')


def child_address(parent: Address, name: str) -> Address:
    """The address of a resource that a composite expands to."""
    return Address(f"{parent}/{name}")


def family(provider: ProviderName) -> str:
    """The provider's family: ``aws`` of ``aws.eu``."""
    return provider.partition(".")[0]


def encode_address(address: str) -> str:
    """An address in the letters that every cloud's tag alphabet allows (IAM and RDS forbid brackets)."""
    return "".join(c if _PLAIN.match(c) else f"+{ord(c):x}+" for c in address)


def decode_address(text: str) -> Address:
    """The inverse of :func:`encode_address`."""
    return Address(_ENCODED.sub(lambda m: chr(int(m[1], 16)), text))


def render_path(path: Path) -> str:
    """A path as a person writes it: ``spec.Tags[0].Key``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text
