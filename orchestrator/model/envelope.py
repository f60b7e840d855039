"""The shape of every kind of document: what stands around a spec.

A spec's own shape is its kind's, and is checked where the catalogue is known. Expressions may stand in ``spec``,
``health``, ``forEach`` and the values of outputs; everywhere else a value is what is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.duration import PATTERN
from orchestrator.model.expression import templated
from orchestrator.model.ids import Path, render_path
from orchestrator.model.schema import Property, Violation, check
from orchestrator.model.schema_text import ALIASES

VERSION: Final = "opsctl.dev/v1"
NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,126}$"
_TYPES: Final = ("string", "integer", "number", "boolean", "object", "array", "null", "any")


def _object(required: Iterable[str] = (), /, **properties: Property) -> Property:
    wanted = set(required)
    return Property(
        "object", properties={n: _required(p) if n in wanted else p for n, p in properties.items()}
    )


def _required(of: Property) -> Property:
    return replace(of, required=True)


_ANY: Final = Property()
_STRING: Final = Property("string")
_BOOLEAN: Final = Property("boolean")
_STRINGS: Final = Property("array", items=_STRING)
_FREE: Final = Property("object", additional=_ANY)
_LABELS: Final = Property("object", additional=_STRING)
_DURATION: Final = Property(
    ("string", "integer", "number"), "a duration such as 30s, 5m or 1h", pattern=PATTERN
)
_NAME: Final = Property("string", "letters, digits, _, - and .; unique in the stack", pattern=NAME)
_METADATA: Final = Property(
    "object",
    "write metadata: {name: …}",
    {"name": _required(_NAME), "labels": _LABELS, "annotations": _FREE},
    required=True,
)
_HEAD: Final = {
    "apiVersion": Property("string", f"write apiVersion: {VERSION}", required=True, enum=(VERSION,)),
    "kind": Property("string", required=True),
}
_PROVIDER: Final = Property(
    "string", "a provider of opsctl.yaml, such as aws or aws.eu", pattern=r"^[a-z]\w*(\.[\w-]+)?$"
)
_LIFECYCLE: Final = _object(
    preventDestroy=_BOOLEAN,
    replace=Property("string", enum=("createFirst", "deleteFirst")),
    ignore=_STRINGS,
    deletion=Property("string", enum=("delete", "retain")),
)
_STATUSES: Final = Property(("integer", "array"), items=Property("integer", minimum=100, maximum=599))
_GATE: Final = _object(
    status=Property(("object", "null"), additional=_ANY),
    http=_object(
        ("url",),
        url=Property("string", "the URL to ask, which may hold ${self.status.…}"),
        method=Property("string", enum=("GET", "HEAD", "POST")),
        headers=_LABELS,
        body=_STRING,
        expect=_object(status=_STATUSES, body=_STRING),
        verify=_BOOLEAN,
        timeout=_DURATION,
    ),
    tcp=_object(
        ("host", "port"),
        host=Property("string", "the host to connect to"),
        port=Property("integer", "the port to connect to", minimum=1, maximum=65535),
        timeout=_DURATION,
    ),
    within=_DURATION,
    interval=_DURATION,
    timeout=_DURATION,
    successes=Property("integer", minimum=1, maximum=1000),
    onFailure=Property("string", enum=("undo", "halt", "continue")),
)
_COMMON: Final = {
    "metadata": _METADATA,
    "provider": _PROVIDER,
    "forEach": Property(("object", "array"), "a map, or a list of unique strings", additional=_ANY),
    "dependsOn": _STRINGS,
    "spec": Property(("object", "null"), additional=_ANY),
}
_TYPE: Final = Property("string", "the cloud's own type name, such as AWS::EC2::VPC", required=True)
_MANAGED: Final = {
    **_COMMON,
    "lifecycle": _LIFECYCLE,
    "health": Property("array", items=_GATE),
    "secretSink": Property("object", 'such as private_key: "vault:kv/app#key"', additional=_STRING),
    "takeFrom": Property("string", "the id of the stack whose marked object may be taken over"),
}
_RESOURCE: Final = {"type": _TYPE, **_MANAGED}
_CLOUD: Final = _object(
    resources=Property(
        "array", items=Property("object", properties={"kind": _STRING, **_RESOURCE, "type": _STRING})
    ),
    status=_FREE,
    gateOn=Property("string", "the child that is made last: it waits for the composite's health checks"),
    require=Property("array", items=_object(("that", "message"), that=_ANY, message=_STRING)),
)
_SIGNER: Final = _object(
    ("name",),
    name=Property("string", "whose key it is"),
    ed25519=Property("string", "the public key: ssh-ed25519 …, PEM or base64, or file:alice.pub"),
    hmac=Property(
        "string", "the shared secret by reference, such as env:PLAN_KEY", pattern=r"^[a-z][a-z-]*:."
    ),
)
_SOURCE: Final = Property(
    ("string", "object"),
    "a folder, a profile, a tarball, git+https://… or https://…",
    properties={"source": _required(_STRING), "token": _STRING, "ca": _STRING, "pin": _BOOLEAN},
)
_SERVER: Final = Property(
    ("string", "object"),
    "the URL of an OPA server",
    pattern="^https?://",
    properties={
        "url": Property("string", "the URL of an OPA server", pattern="^https?://", required=True),
        "token": _STRING,
        "ca": _STRING,
        "certificate": _STRING,
        "key": _STRING,
        "timeout": _DURATION,
    },
)
_JUDGED: Final = {
    "data": _FREE,
    "levels": Property("object", additional=Property("string", enum=("advisory", "approval", "mandatory"))),
    "waivers": _STRINGS,
}
"""What an environment may say about policy too."""
_OPTIONAL_METADATA: Final = _object(name=_NAME, labels=_LABELS, annotations=_FREE)
_ADDRESS: Final = Property("string", 'an address, such as main or web["a"]', pattern=r"^\S+$")


def _document(**properties: Property) -> Property:
    return Property("object", properties={**_HEAD, **properties})


ENVELOPES: Final[Mapping[str, Property]] = MappingProxyType(
    {
        "Resource": _document(**_RESOURCE),
        "Data": _document(type=_TYPE, **_COMMON),
        "CompositeType": _document(
            metadata=_METADATA,
            schema=_FREE,
            status=_FREE,
            clouds=Property("object", additional=_CLOUD),
        ),
        "Import": _document(
            metadata=_OPTIONAL_METADATA,
            spec=_required(_object(("to", "id"), to=_ADDRESS, id=_STRING, takeFrom=_STRING)),
        ),
        "Moved": _document(
            metadata=_OPTIONAL_METADATA,
            spec=_required(_object(("from", "to"), **{"from": _ADDRESS, "to": _ADDRESS})),
        ),
        "Removed": _document(
            metadata=_OPTIONAL_METADATA,
            spec=_required(_object(("from",), **{"from": _ADDRESS, "delete": _BOOLEAN})),
        ),
        "Stack": _document(
            metadata=Property(
                "object",
                "write metadata: {name: …}",
                {"name": _required(_NAME), "id": _NAME, "labels": _LABELS, "annotations": _FREE},
                required=True,
            ),
            requiredVersion=_STRING,
            providers=Property("object", additional=Property(("object", "null"), additional=_ANY)),
            state=Property("object", properties={"backend": _STRING}, additional=_ANY),
            policy=Property(
                "object",
                properties={
                    "bundles": Property("array", items=_SOURCE),
                    "base": Property("string", "the folder or Git address of a trusted base"),
                    "server": _SERVER,
                    "timeout": _DURATION,
                    "decisionLog": Property("string", "a file to which each decision is added, as JSONL"),
                    **_JUDGED,
                },
            ),
            secrets=Property("object", additional=_FREE),
            encryption=_object(
                ("key",),
                required=Property("boolean", "what is not encrypted is refused", default=True),
                compress=Property("boolean", "bodies are made smaller before they are sealed", default=True),
                key=Property(
                    ("object", "string"), "one key, such as {passphrase: env:NAME}; or none", additional=_ANY
                ),
                fallback=Property("array", "keys that older data is read with", items=_FREE),
            ),
            signatures=_object(required=_BOOLEAN, keys=Property("array", items=_SIGNER)),
            params=Property("object", additional=Property("object", additional=_ANY)),
            env=_STRINGS,
            outputs=Property("object", additional=_ANY),
        ),
        "Environment": _document(
            metadata=_OPTIONAL_METADATA,
            params=_FREE,
            providers=Property("object", additional=_FREE),
            policy=Property("object", properties=_JUDGED),
            patches=Property(
                "array",
                items=_object(
                    ("target",),
                    target=Property("string", "the name of the document to change"),
                    kind=Property("string", "its kind, where the name alone is not unique"),
                    merge=_FREE,
                    ops=Property("array", items=_FREE),
                ),
            ),
        ),
    }
)
INSTANCE: Final = _document(**_MANAGED)
"""A document whose kind is a composite type."""
_OPEN: Final = ("spec", "forEach", "clouds", "secretSink")


def envelope_violations(body: Mapping[str, Any], *, composite: bool = False) -> Iterator[Violation]:
    """Every way in which a document of a known kind (or of a composite type) is not well formed."""
    kind = str(body.get("kind", ""))
    schema = INSTANCE if composite else ENVELOPES[kind]
    for violation in check(_opened(body), schema):
        yield _worded(violation, body)
    yield from _rules(body, kind)


def _opened(body: Mapping[str, Any]) -> dict[str, Any]:
    """The document with Templates where expressions may stand: what is not known yet fits anything."""
    opened = {name: templated(value, []) if name in _OPEN else value for name, value in body.items()}
    if isinstance(body.get("health"), list):
        opened["health"] = [_opened_gate(gate) for gate in body["health"]]
    return opened


def _opened_gate(gate: Any) -> Any:
    """Of a gate, only what it looks at; how long and how often is written out."""
    if not isinstance(gate, Mapping):
        return gate
    return {
        key: templated(value, []) if key in ("status", "http", "tcp") else value
        for key, value in gate.items()
    }


def _worded(violation: Violation, body: Mapping[str, Any]) -> Violation:
    """A hint that knows what is meant, where the schema's does not."""
    if violation.message.startswith("unknown property"):
        return violation
    value: Any = body
    for part in violation.path:
        value = _inside(value, part)
    at = render_path(violation.path)
    if isinstance(value, str) and "${" in value:
        message, hint = f"{at} is {value!r}: an expression cannot stand here", "write the value itself"
    elif violation.path[-1:] == ("apiVersion",) and value is not None:
        message, hint = (
            f"apiVersion is {value!r}, and this opsctl reads {VERSION}",
            f"write apiVersion: {VERSION}",
        )
    elif f"does not match {PATTERN}" in violation.message:
        message, hint = f"{at} is {value!r}, which is not a duration", "write 30s, 5m or 1h"
    elif "does not match" in violation.message:
        expected = _described(violation.path, body)
        message, hint = f"{at} is {value!r}, which is not allowed here", expected or violation.hint
    else:
        return violation
    return Violation(violation.path, message, hint)


def _inside(value: Any, part: str | int) -> Any:
    if isinstance(value, list) and isinstance(part, int):
        return value[part]
    return value.get(part) if isinstance(value, Mapping) else None


def _described(path: Path, body: Mapping[str, Any]) -> str:
    schema: Property | None = ENVELOPES.get(str(body.get("kind", "")), INSTANCE)
    for part in path:
        if schema is None:
            return ""
        schema = schema.items if isinstance(part, int) else schema.properties.get(part) or schema.additional
    return schema.description if schema is not None else ""


def _rules(body: Mapping[str, Any], kind: str) -> Iterator[Violation]:
    """What a schema cannot say."""
    for index, gate in enumerate(_items(body.get("health"))):
        kinds = [name for name in ("status", "http", "tcp") if isinstance(gate, Mapping) and name in gate]
        if isinstance(gate, Mapping) and len(kinds) != 1:
            message = "a health check is one of status, http and tcp"
            yield Violation(("health", index), message, "make it one list item each" if kinds else "add one")
    if kind in ("CompositeType", "Stack"):
        yield from _schemas(body, kind)
    if kind == "Stack":
        yield from _keys(body.get("encryption"))
        yield from _signers(body.get("signatures"))


def _keys(encryption: Any) -> Iterator[Violation]:
    """A key is a map with one entry: the source's name, and what it needs to know."""
    if not isinstance(encryption, Mapping):
        return
    key, hint = (
        encryption.get("key"),
        "write one, such as {passphrase: env:OPSCTL_PASSPHRASE} or {file: state.key}",
    )
    if isinstance(key, str) and key != "none":
        yield Violation(
            ("encryption", "key"), f"encryption.key is {key!r}, which is no key", f"{hint}; or none"
        )
    keys: list[tuple[Path, Any]] = [(("encryption", "key"), key)]
    keys += [(("encryption", "fallback", i), k) for i, k in enumerate(_items(encryption.get("fallback")))]
    for at, each in keys:
        if isinstance(each, Mapping) and len(each) != 1:
            yield Violation(
                at, f"{render_path(at)} must name one source of keys, and names {len(each)}", hint
            )


def _signers(signatures: Any) -> Iterator[Violation]:
    if not isinstance(signatures, Mapping):
        return
    keys = _items(signatures.get("keys"))
    if signatures.get("required") is True and not keys:
        message = "signatures are required, and no key is trusted: no plan could ever be applied"
        yield Violation(("signatures",), message, "add keys: [{name: …, ed25519: file:alice.pub}]")
    for index, each in enumerate(keys):
        if isinstance(each, Mapping) and ("ed25519" in each) is ("hmac" in each):
            at: Path = ("signatures", "keys", index)
            yield Violation(at, "a key that is trusted has either ed25519 or hmac", "write one of them")


def _schemas(body: Mapping[str, Any], kind: str) -> Iterator[Violation]:
    if kind == "CompositeType":
        for name in ("schema", "status"):
            if isinstance(body.get(name), Mapping):
                yield from schema_violations(body[name], (name,))
        return
    params = body.get("params")
    for name, text in params.items() if isinstance(params, Mapping) else ():
        if isinstance(text, Mapping):
            yield from schema_violations(text, ("params", name))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


_KEYWORDS: Final = {
    "type": Property(("string", "array"), items=_STRING),
    "description": _STRING,
    "properties": Property("object", additional=_FREE),
    "additionalProperties": Property(("boolean", "object"), additional=_ANY),
    "items": _FREE,
    "required": Property(("boolean", "array"), items=_STRING),
    "enum": Property("array"),
    "pattern": _STRING,
    "minimum": Property("number"),
    "maximum": Property("number"),
    "sensitive": _BOOLEAN,
    "default": _ANY,
}
_KEYWORD_SCHEMA: Final = Property("object", properties=_KEYWORDS)


def schema_violations(text: Mapping[str, Any], at: Path) -> Iterator[Violation]:
    """What is wrong with a schema that a user wrote: the part of JSON Schema that opsctl reads."""
    yield from check(text, _KEYWORD_SCHEMA, at)
    named = text.get("type", "any")
    for name in named if isinstance(named, list) else [named]:
        if isinstance(name, str) and name not in _TYPES and name not in ALIASES:
            hint = did_you_mean(name, _TYPES) or f"one of: {', '.join(_TYPES)}"
            yield Violation((*at, "type"), f"{render_path(at)}: there is no type {name!r}", hint)
    properties = text.get("properties")
    for name, inner in properties.items() if isinstance(properties, Mapping) else ():
        if isinstance(inner, Mapping):
            yield from schema_violations(inner, (*at, "properties", name))
    for name in ("items", "additionalProperties"):
        if isinstance(text.get(name), Mapping):
            yield from schema_violations(text[name], (*at, name))
