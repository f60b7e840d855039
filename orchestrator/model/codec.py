"""Our frozen values as JSON, and back: for the journal, for saved plans and for digests.

In: dataclasses of the model, mappings, lists and the leaves of a spec. Out: bytes that are the same for equal
values (mapping keys and fields are sorted). Three leaves have a form of their own:

* ``UNKNOWN`` is ``{"$unknown": true}``;
* a :class:`Secret` is ``{"$secret": {"reference": ..., "version": ...}}``: its value is never written;
* a template (``is_template`` is true, ``text`` is what the user wrote) is its text.

A user's own key that looks like one of these gets one more ``$`` in front, which decoding takes away. Tuples in
places without a type come back as lists. Fields marked ``transient`` are of this process alone and stay out.

What rests in a state by itself (an entry, a record, an intent, a snapshot) says the format that it is written in;
older ones are lifted when they are read (``model.versions``).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from types import NoneType
from typing import Any, Final, TypeVar, get_args, overload

import msgspec

from orchestrator.model import snapshot
from orchestrator.model.provision import Intent
from orchestrator.model.values import UNKNOWN, Secret, Unknown
from orchestrator.model.versions import FORMAT, lifted

_TAGS: Final[dict[type, str]] = {kind: kind.__name__.lower() for kind in get_args(snapshot.Entry)}
_KINDS: Final[dict[str, type]] = {tag: kind for kind, tag in _TAGS.items()}
_STORED: Final[dict[type, str]] = {
    **_TAGS,
    snapshot.Record: "record",
    Intent: "intent",
    snapshot.Snapshot: "snapshot",
}
"""What says its format, by the name that the steps of ``model.versions`` know it by."""
_ATOMS: Final = frozenset({str, int, bool, NoneType})
_CONTAINERS: Final = (dict, list)
_RESERVED: Final = re.compile(r"\$+(?:unknown|secret)")
_MARKS: Final = (b'$unknown"', b'$secret"')
_ENCODER: Final = msgspec.json.Encoder(order="sorted")

T = TypeVar("T")


class _Told(msgspec.Struct):
    """What a body says of itself."""

    format: int = 1
    """The first format did not say."""
    entry: str = ""


def encode(value: Any) -> bytes:
    """``value`` as JSON. Raises TypeError where it holds something that is no value of ours."""
    plain = _plain(value)
    if type(value) in _STORED:
        plain["format"] = FORMAT
    return _ENCODER.encode(plain)


@overload
def decode(data: bytes, type: type[T]) -> T: ...
@overload
def decode(data: bytes, type: Any) -> Any: ...
def decode(data: bytes, type: Any) -> Any:
    """The value of ``type`` that ``data`` holds: a dataclass, a container type, or the union ``Entry``.

    Raises ValueError (with the place in the data) where it does not fit, and NewerStateError where it says a format
    that is newer than this program.
    """
    wanted = type
    if type is snapshot.Entry or type in _STORED:
        told = _decoder(_Told).decode(data)
        wanted = _entry_type(told.entry) if type is snapshot.Entry else type
        if told.format != FORMAT:
            return _lifted(data, wanted, told.format)
    if any(mark in data for mark in _MARKS):
        plain = msgspec.json.decode(data)
        return msgspec.convert(_restored(plain) if isinstance(plain, _CONTAINERS) else plain, wanted)
    return _decoder(wanted).decode(data)


def _lifted(data: bytes, wanted: Any, written: int) -> Any:
    try:
        plain = lifted(_STORED[wanted], msgspec.json.decode(data), written)
    except (TypeError, AttributeError) as error:
        raise ValueError(f"it is not what format {written} was: {error}") from error
    return msgspec.convert(_restored(plain), wanted)


def digest(value: Any) -> str:
    """What tells two values apart: the SHA-256 of the encoding, in hex."""
    return hashlib.sha256(encode(value)).hexdigest()


def digest_without(data: bytes, empty: Mapping[str, Any]) -> str:
    """The digest of an encoded value as it was written, some of its fields taken to hold other values.

    Fields that its type has now and that were not written stay out, as they did then.
    """
    plain = msgspec.json.decode(data)
    return hashlib.sha256(
        _ENCODER.encode({**plain, **{k: v for k, v in empty.items() if k in plain}})
    ).hexdigest()


def _plain(value: Any) -> Any:
    """``value`` in dicts, lists and atoms. A dataclass is a dict of its fields, an entry has its tag too."""
    kind: Any = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict:
        return _plain_mapping(value)
    if kind is list or kind is tuple:
        return [_plain(item) for item in value]
    names = _fields(kind)
    if names is not None and not getattr(value, "is_template", False):
        plain = {name: _plain(getattr(value, name)) for name in names}
        if kind in _TAGS:
            plain["entry"] = _TAGS[kind]
        return plain
    return _plain_leaf(value)


def _plain_mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    plain = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError(f"the key {key!r} is not a string")
        plain[f"${key}" if key[:1] == "$" and _RESERVED.fullmatch(key) else key] = _plain(item)
    return plain


def _plain_leaf(value: Any) -> Any:
    match value:
        case Secret():
            return {"$secret": {"reference": value.reference, "version": value.version}}
        case Unknown():
            return {"$unknown": True}
        case str():
            return str(value)
        case float() if math.isfinite(value):
            return value
        case Mapping():
            return _plain_mapping(value)
        case frozenset():
            return sorted(value)
        case _ if getattr(value, "is_template", False):
            return value.text
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be written: {value!r}")


def _restored(value: Any) -> Any:
    """Decoded JSON with its special leaves in place again; containers are changed, not copied."""
    if type(value) is list:
        value[:] = [_restored(item) if type(item) in _CONTAINERS else item for item in value]
        return value
    if len(value) == 1:
        match value:
            case {"$unknown": True}:
                return UNKNOWN
            case {"$secret": {"reference": str(reference), "version": str(version)}}:
                return Secret(None, reference, version)
    escaped = False
    for key, item in value.items():
        escaped = escaped or key[:1] == "$"
        if type(item) in _CONTAINERS:
            value[key] = _restored(item)
    return {_unescaped(key): item for key, item in value.items()} if escaped else value


def _unescaped(key: str) -> str:
    return key[1:] if key[:1] == "$" and _RESERVED.fullmatch(key) else key


def _entry_type(tag: str) -> type:
    if tag not in _KINDS:
        raise ValueError(f"{tag!r} is not an entry that this version knows")
    return _KINDS[tag]


@lru_cache(maxsize=256)
def _fields(kind: Any) -> tuple[str, ...] | None:
    if not is_dataclass(kind):
        return None
    return tuple(f.name for f in fields(kind) if not f.metadata.get("transient"))


@lru_cache(maxsize=256)
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)
