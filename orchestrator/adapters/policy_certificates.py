"""``crypto.x509.*`` for the embedded engine: certificates and requests as OPA shows them.

Enters: PEM, or Base64 of PEM or of DER, as text. Leaves: objects with the names and numbers of Go's ``crypto/x509`` (its
documentation: types Certificate, CertificateRequest, pkix.Name; constants KeyUsage and ExtKeyUsage), for those are what OPA
documents. Holds: what cannot be read is raised, so that the rule denies; a chain is only ever *not verified*, never wrongly
verified. Numbers that the engine would round (serial numbers, keys) are decimal text.
Source of the extensions: RFC 5280.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from cryptography import x509

    Signed = x509.Certificate | x509.CertificateSigningRequest

_PEM: Final = b"-----BEGIN"
_EXACT: Final = 1 << 53
_NAMES: Final[Mapping[str, str]] = {
    "2.5.4.6": "Country",
    "2.5.4.7": "Locality",
    "2.5.4.8": "Province",
    "2.5.4.9": "StreetAddress",
    "2.5.4.10": "Organization",
    "2.5.4.11": "OrganizationalUnit",
    "2.5.4.17": "PostalCode",
}
_SINGLE: Final[Mapping[str, str]] = {"2.5.4.3": "CommonName", "2.5.4.5": "SerialNumber"}
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
"""In the order of Go's bits."""
_SERVER, _ANY = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"
_EXTENDED: Final = (
    _ANY,
    _SERVER,
    "1.3.6.1.5.5.7.3.2",
    "1.3.6.1.5.5.7.3.3",
    "1.3.6.1.5.5.7.3.4",
    "1.3.6.1.5.5.7.3.5",
    "1.3.6.1.5.5.7.3.6",
    "1.3.6.1.5.5.7.3.7",
    "1.3.6.1.5.5.7.3.8",
    "1.3.6.1.5.5.7.3.9",
    "1.3.6.1.4.1.311.10.3.3",
    "2.16.840.1.113730.4.1",
    "1.3.6.1.4.1.311.2.1.22",
    "1.3.6.1.4.1.311.61.1.1",
)
"""In the order of Go's numbers."""
_ALGORITHMS: Final[Mapping[str, int]] = {
    "1.2.840.113549.1.1.4": 2,
    "1.2.840.113549.1.1.5": 3,
    "1.2.840.113549.1.1.11": 4,
    "1.2.840.113549.1.1.12": 5,
    "1.2.840.113549.1.1.13": 6,
    "1.2.840.10045.4.1": 9,
    "1.2.840.10045.4.3.2": 10,
    "1.2.840.10045.4.3.3": 11,
    "1.2.840.10045.4.3.4": 12,
    "1.3.101.112": 16,
}
_PSS: Final[Mapping[str, int]] = {"sha256": 13, "sha384": 14, "sha512": 15}
_HANDLED: Final = frozenset(f"2.5.29.{n}" for n in (14, 15, 17, 19, 30, 31, 32, 35, 36, 37, 54))


def certificates(text: str) -> list[dict[str, Any]]:
    """Every certificate of the text."""
    return [_certificate(c) for c in _loaded(text)]


def request(text: str) -> dict[str, Any]:
    """A request for a certificate; its signature is not checked."""
    from cryptography import x509  # noqa: PLC0415 - only policies about certificates pay for it

    raw = _raw(text)
    if raw.startswith(_PEM):
        return _request(x509.load_pem_x509_csr(raw))
    return _request(x509.load_der_x509_csr(raw))


def verified(text: str) -> list[Any]:
    """Whether the last certificate is one of a server that leads to the first; and the chain, from it to the first.

    The rules of the web's public key infrastructure hold, which are stricter than Go's in what a root must say of itself.
    """
    from cryptography import x509  # noqa: PLC0415 - as above
    from cryptography.x509 import verification  # noqa: PLC0415

    try:
        found = _loaded(text)
    except ValueError:
        return [False, []]
    if len(found) < 2:
        return [False, []]
    policy = verification.ExtensionPolicy
    builder = verification.PolicyBuilder().store(verification.Store(found[:1]))
    builder = builder.extension_policies(ca_policy=policy.webpki_defaults_ca(), ee_policy=policy.permit_all())
    try:
        chain = builder.build_client_verifier().verify(found[-1], found[1:-1]).chain
    except (verification.VerificationError, x509.UnsupportedGeneralNameType, ValueError):
        return [False, []]
    right = all(_serves(c) and not _unknown_critical(c) for c in chain)
    return [True, [_certificate(c) for c in chain]] if right else [False, []]


def _raw(text: str) -> bytes:
    if text.startswith(_PEM.decode()):
        return text.encode()
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("it is neither PEM nor Base64") from error


def _loaded(text: str) -> list[x509.Certificate]:
    from cryptography import x509  # noqa: PLC0415 - as above

    raw = _raw(text)
    if raw.startswith(_PEM):
        return x509.load_pem_x509_certificates(raw)
    return [x509.load_der_x509_certificate(part) for part in _parts(raw)]


def _parts(raw: bytes) -> Iterator[bytes]:
    """DER objects one behind another: each begins with a tag and its length (X.690, 8.1.3)."""
    while raw:
        size, head = (raw[1] if len(raw) > 1 else 0), 2
        if size & 0x80:
            head += size & 0x7F
            size = int.from_bytes(raw[2:head], "big")
        yield raw[: head + size]
        raw = raw[head + size :]


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _number(value: int) -> int | str:
    return value if abs(value) < _EXACT else str(value)


def _oid(dotted: str) -> list[int]:
    return [int(part) for part in dotted.split(".")]


def _name(name: x509.Name) -> dict[str, Any]:
    said: dict[str, Any] = {
        **dict.fromkeys((*_NAMES.values(), "ExtraNames")),
        **dict.fromkeys(_SINGLE.values(), ""),
    }
    for attribute in name:
        oid = attribute.oid.dotted_string
        if oid in _NAMES:
            said[_NAMES[oid]] = [*(said[_NAMES[oid]] or []), attribute.value]
        elif oid in _SINGLE:
            said[_SINGLE[oid]] = attribute.value
    names = [{"Type": _oid(a.oid.dotted_string), "Value": a.value} for a in name]
    return {**said, "Names": names or None}


def _of_all(signed: Signed) -> dict[str, Any]:
    """What certificates and requests have in common."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    key = signed.public_key()
    kind, number = _key(key)
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        **_alternatives(signed),
        "Extensions": [_extension(e) for e in signed.extensions] or None,
        "ExtraExtensions": None,
        "PublicKey": kind,
        "PublicKeyAlgorithm": number,
        "Raw": _text(signed.public_bytes(Encoding.DER)),
        "RawSubject": _text(signed.subject.public_bytes()),
        "RawSubjectPublicKeyInfo": _text(der),
        "Signature": _text(signed.signature),
        "SignatureAlgorithm": _algorithm(signed),
        "Subject": _name(signed.subject),
    }


def _key(key: Any) -> tuple[Any, int]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa  # noqa: PLC0415

    match key:
        case rsa.RSAPublicKey():
            numbers = key.public_numbers()
            return {"E": numbers.e, "N": _number(numbers.n)}, 1
        case ec.EllipticCurvePublicKey():
            point = key.public_numbers()
            return {"Curve": {}, "X": _number(point.x), "Y": _number(point.y)}, 3
        case ed25519.Ed25519PublicKey():
            return _text(key.public_bytes_raw()), 4
        case _:
            return None, 0


def _algorithm(signed: Signed) -> int:
    oid = signed.signature_algorithm_oid.dotted_string
    hashed = signed.signature_hash_algorithm
    if oid == "1.2.840.113549.1.1.10" and hashed is not None:
        return _PSS.get(hashed.name, 0)
    return _ALGORITHMS.get(oid, 0)


def _extension(extension: x509.Extension[Any]) -> dict[str, Any]:
    value = extension.value.public_bytes()
    return {
        "Critical": extension.critical,
        "Id": _oid(extension.oid.dotted_string),
        "Value": _text(value),
    }


def _value(signed: Signed, kind: type[Any]) -> Any:
    """An extension, or None."""
    from cryptography import x509  # noqa: PLC0415 - as above

    try:
        return signed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _alternatives(signed: Signed) -> dict[str, Any]:
    from cryptography import x509  # noqa: PLC0415 - as above

    names = _value(signed, x509.SubjectAlternativeName) or ()
    by: dict[type[Any], list[str]] = {}
    for name in names:
        by.setdefault(type(name), []).append(str(name.value))
    links = by.get(x509.UniformResourceIdentifier)
    return {
        "DNSNames": by.get(x509.DNSName),
        "EmailAddresses": by.get(x509.RFC822Name),
        "IPAddresses": by.get(x509.IPAddress),
        "URIs": [_link(link) for link in links] if links else None,
    }


def _link(text: str) -> dict[str, Any]:
    """As Go's ``url.URL``."""
    parts = urlsplit(text)
    opaque = parts.path if parts.scheme and not parts.netloc and not parts.path.startswith("/") else ""
    path = "" if opaque else parts.path
    return {
        "ForceQuery": False,
        "OmitHost": False,
        "RawFragment": "",
        "RawPath": "",
        "User": None,
        "Fragment": unquote(parts.fragment),
        "Host": parts.netloc.rpartition("@")[2],
        "Opaque": opaque,
        "Path": unquote(path),
        "RawQuery": parts.query,
        "Scheme": parts.scheme,
    }


def _request(found: x509.CertificateSigningRequest) -> dict[str, Any]:
    return {
        **_of_all(found),
        "RawTBSCertificateRequest": _text(found.tbs_certrequest_bytes),
        "Version": 0,
    }


def _certificate(found: x509.Certificate) -> dict[str, Any]:
    links = [
        u for e in found.extensions if e.oid.dotted_string == "2.5.29.17" for u in _links(e.value)
    ] or None
    return {
        **_of_all(found),
        **_constraints(found),
        **_usage(found),
        **_places(found),
        "Issuer": _name(found.issuer),
        "NotAfter": found.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "NotBefore": found.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "RawIssuer": _text(found.issuer.public_bytes()),
        "RawTBSCertificate": _text(found.tbs_certificate_bytes),
        "SerialNumber": _number(found.serial_number),
        "URIStrings": links,
        "UnhandledCriticalExtensions": [_oid(oid) for oid in _unknown_critical(found)] or None,
        "Version": found.version.value + 1,
    }


def _links(names: Any) -> list[str]:
    from cryptography import x509  # noqa: PLC0415 - as above

    return [str(u) for u in names.get_values_for_type(x509.UniformResourceIdentifier)]


def _unknown_critical(found: x509.Certificate) -> list[str]:
    return [
        e.oid.dotted_string for e in found.extensions if e.critical and e.oid.dotted_string not in _HANDLED
    ]


def _constraints(found: x509.Certificate) -> dict[str, Any]:
    """Basic constraints, constraints of names and of policies."""
    from cryptography import x509  # noqa: PLC0415 - as above

    basic = _value(found, x509.BasicConstraints)
    length = None if basic is None else basic.path_length
    names = _value(found, x509.NameConstraints)
    critical = any(e.critical for e in found.extensions if e.oid.dotted_string == "2.5.29.30")
    kinds: Mapping[str, type[Any]] = {
        "DNSDomains": x509.DNSName,
        "EmailAddresses": x509.RFC822Name,
        "URIDomains": x509.UniformResourceIdentifier,
    }
    said: dict[str, Any] = {}
    for word, trees in (
        ("Permitted", names and names.permitted_subtrees),
        ("Excluded", names and names.excluded_subtrees),
    ):
        for kind, of in kinds.items():
            said[f"{word}{kind}"] = [str(t.value) for t in trees or () if isinstance(t, of)] or None
        said[f"{word}IPRanges"] = [
            _range(t.value) for t in trees or () if isinstance(t, x509.IPAddress)
        ] or None
    return {
        **said,
        "PermittedDNSDomainsCritical": critical,
        "BasicConstraintsValid": basic is not None,
        "IsCA": basic is not None and basic.ca,
        "MaxPathLen": (0 if basic is None else -1) if length is None else length,
        "MaxPathLenZero": length == 0,
        **dict.fromkeys(("InhibitAnyPolicy", "InhibitPolicyMapping", "RequireExplicitPolicy"), 0),
        **dict.fromkeys(
            ("InhibitAnyPolicyZero", "InhibitPolicyMappingZero", "RequireExplicitPolicyZero"), False
        ),
        "PolicyMappings": None,
    }


def _range(network: Any) -> dict[str, str]:
    return {"IP": str(network.network_address), "Mask": _text(network.netmask.packed)}


def _usage(found: x509.Certificate) -> dict[str, Any]:
    from cryptography import x509  # noqa: PLC0415 - as above

    usage = _value(found, x509.KeyUsage)
    oids = _extended(found)
    known = [_EXTENDED.index(oid) for oid in oids if oid in _EXTENDED]
    other = [_oid(oid) for oid in oids if oid not in _EXTENDED]
    bits = 0 if usage is None else sum(1 << n for n, bit in enumerate(_USAGES) if _has(usage, bit))
    return {"KeyUsage": bits, "ExtKeyUsage": known or None, "UnknownExtKeyUsage": other or None}


def _has(usage: x509.KeyUsage, bit: str) -> bool:
    """The last two bits mean nothing without key agreement, and cannot be asked for then."""
    return bool(getattr(usage, bit)) if usage.key_agreement or not bit.endswith("_only") else False


def _extended(found: x509.Certificate) -> list[str]:
    from cryptography import x509  # noqa: PLC0415 - as above

    return [usage.dotted_string for usage in _value(found, x509.ExtendedKeyUsage) or ()]


def _serves(found: x509.Certificate) -> bool:
    """Whether it may stand in the chain of a server: it says so, or says nothing."""
    oids = _extended(found)
    return not oids or _SERVER in oids or _ANY in oids


def _places(found: x509.Certificate) -> dict[str, Any]:
    """Identifiers of keys, and where to look further."""
    from cryptography import x509  # noqa: PLC0415 - as above

    own = _value(found, x509.SubjectKeyIdentifier)
    above = _value(found, x509.AuthorityKeyIdentifier)
    identifier = above.key_identifier if above is not None else None
    access = _value(found, x509.AuthorityInformationAccess) or ()
    policies = [p.policy_identifier.dotted_string for p in _value(found, x509.CertificatePolicies) or ()]
    lists = [
        str(name.value)
        for point in _value(found, x509.CRLDistributionPoints) or ()
        for name in point.full_name or ()
    ]

    def at(method: str) -> list[str] | None:
        return [
            str(a.access_location.value) for a in access if a.access_method.dotted_string == method
        ] or None

    return {
        "AuthorityKeyId": _text(identifier) if identifier else None,
        "SubjectKeyId": _text(own.digest) if own is not None else None,
        "CRLDistributionPoints": lists or None,
        "OCSPServer": at("1.3.6.1.5.5.7.48.1"),
        "IssuingCertificateURL": at("1.3.6.1.5.5.7.48.2"),
        "Policies": policies or None,
        "PolicyIdentifiers": [_oid(p) for p in policies] or None,
    }


def _checked(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Whatever a library says of text that is no certificate is an error of the rule."""

    def asked(text: str) -> Any:
        try:
            return read(text)
        except (ValueError, TypeError) as error:
            raise ValueError(f"no certificate can be read of it: {error}") from error

    return asked


FUNCTIONS: Final[Mapping[str, tuple[int, Callable[..., Any]]]] = {
    "crypto.x509.parse_certificates": (1, _checked(certificates)),
    "crypto.x509.parse_certificate_request": (1, _checked(request)),
    "crypto.x509.parse_and_verify_certificates": (1, verified),
}
