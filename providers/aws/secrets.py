"""Secrets in AWS: Secrets Manager (``aws-sm:name#json.path@version``) and Parameter Store (``aws-ssm:name#path@version``).

Enters: references, the settings of an AWS provider. Leaves: secrets with the store's own version: the version id of a
secret, the number of a parameter. Holds: 20 secrets or 10 parameters are read by one call; a version is a version id
or a staging label that begins with AWS; the current one of a secret is asked for by name, and so may have changed
between two runs and never within one. Protocol: the API references of both services (BatchGetSecretValue,
GetSecretValue, PutSecretValue; GetParameters, PutParameter), whose shapes botocore carries.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.secret_references import (
    EXPIRED,
    FORBIDDEN,
    STORING,
    Reference,
    answered,
    field,
    missing,
    nowhere,
    read,
    refusal,
    unpinned,
    with_field,
)
from orchestrator.model.errors import PermanentError, ProviderError
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import Answers, SecretPlugin
from providers.aws import errors
from providers.aws.client import Client, Settings

BATCH: Final = 20
"""Secrets of one BatchGetSecretValue, at most."""
PARAMETERS: Final = 10
"""Parameters of one GetParameters, at most."""
_VERSION: Final = re.compile(r"[0-9A-Za-z-]{32,64}|AWS[A-Z]+")
_NUMBER: Final = re.compile(r"[0-9]+")
_GONE: Final = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})
_TOO_BIG: Final = 4096
"""Bytes of a standard parameter."""


class SecretsManager:
    """The secrets of one account in one region."""

    warnings: Sequence[str] = ()

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def calls(self) -> Mapping[str, int]:
        """By operation."""
        return dict(self._client.counts)

    def resolve(self, references: Sequence[str]) -> Answers:
        """Pinned versions one by one, all others twenty a call."""
        parts = [read(text, _VERSION) for text in references]
        names = list(dict.fromkeys(p.name for p in parts if not p.version))
        bodies = self._current(names)
        known: list[str] = []

        def one(text: str) -> Secret:
            at = read(text, _VERSION)
            try:
                body = self._get(at) if at.version else bodies[at.name]
                if isinstance(body, ProviderError):
                    raise body
            except PermanentError as error:
                raise self._told(at, error, known) from error
            return _secret(at, _text(at, body), str(body["VersionId"]))

        return answered(references, one)

    def store(self, reference: str, value: str) -> str:
        """A new version of the secret, which is made where there is none."""
        at = unpinned(reference, _VERSION)
        try:
            text = with_field(at, self._text_of(at), value)
            put = {"SecretString": text, "ClientRequestToken": str(uuid.uuid4())}
            try:
                answer = self._client.call("secretsmanager", "PutSecretValue", {"SecretId": at.name, **put})
            except PermanentError as error:
                if error.code not in _GONE:
                    raise
                answer = self._client.call("secretsmanager", "CreateSecret", {"Name": at.name, **put})
        except PermanentError as error:
            raise _refused(at, error, "secretsmanager:PutSecretValue and CreateSecret", STORING) from error
        return str(answer["VersionId"])

    def _text_of(self, at: Reference) -> str | None:
        """What is there, where only a field of it changes."""
        if not at.path:
            return None
        try:
            return _text(at, self._get(at))
        except PermanentError as error:
            if error.code in _GONE:
                return None
            raise

    def _current(self, names: Sequence[str]) -> Mapping[str, Any]:
        """The newest version of each, or the error that stands for it."""
        found: dict[str, Any] = {}
        for batch in _batches(names, BATCH) if len(names) > 1 else ():
            try:
                found |= self._batch(batch)
            except PermanentError as error:
                if not _forbidden(error):
                    raise
                break  # BatchGetSecretValue is a permission of its own; one by one may be allowed
        for name in names:
            if name not in found:
                try:
                    found[name] = self._get(Reference(name, name))
                except PermanentError as error:
                    found[name] = error
        return found

    def _batch(self, names: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        asked: dict[str, Any] = {"SecretIdList": list(names)}
        while True:
            answer = self._client.call("secretsmanager", "BatchGetSecretValue", asked)
            for body in answer.get("SecretValues", ()):
                found |= {name: body for name in names if _named(name, body)}
            for wrong in answer.get("Errors", ()):
                code = str(wrong.get("ErrorCode", ""))
                found[wrong["SecretId"]] = PermanentError(
                    str(wrong.get("Message", "")), "BatchGetSecretValue", code
                )
            if not answer.get("NextToken"):
                return found
            asked = {**asked, "NextToken": answer["NextToken"]}

    def _get(self, at: Reference) -> Mapping[str, Any]:
        asked = {"SecretId": at.name}
        if at.version:
            asked["VersionStage" if at.version.startswith("AWS") else "VersionId"] = at.version
        return self._client.call("secretsmanager", "GetSecretValue", asked)

    def _told(self, at: Reference, error: PermanentError, known: list[str]) -> PermanentError:
        if error.code not in _GONE:
            return _refused(at, error, "secretsmanager:GetSecretValue")
        if at.version and error.code in _GONE and "staging label" in error.message:
            return missing(at.text, f"it has no version {at.version}")
        return missing(at.text, _nowhere(at, known, self._names, self._client.settings.region))

    def _names(self) -> Iterator[str]:
        asked = {"MaxResults": 100}
        yield from (
            s["Name"] for s in self._client.call("secretsmanager", "ListSecrets", asked)["SecretList"]
        )


class ParameterStore:
    """The parameters of one account in one region, decrypted."""

    warnings: Sequence[str] = ()

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def calls(self) -> Mapping[str, int]:
        """By operation."""
        return dict(self._client.counts)

    def resolve(self, references: Sequence[str]) -> Answers:
        """Ten a call, pinned versions among them."""
        wanted = list(dict.fromkeys(_selector(read(text, _NUMBER)) for text in references))
        found: dict[str, Mapping[str, Any]] = {}
        refused: dict[str, PermanentError] = {}
        for batch in _batches(wanted, PARAMETERS):
            asked = {"Names": batch, "WithDecryption": True}
            try:
                answer = self._client.call("ssm", "GetParameters", asked)
            except PermanentError as error:
                refused |= dict.fromkeys(batch, error)
                continue
            for body in sorted(answer["Parameters"], key=lambda p: int(p["Version"])):
                # Without a version the newest is meant, which a pinned older one of the same call is not.
                found |= {each: body for each in batch if _selects(each, body)}
        known: list[str] = []

        def one(text: str) -> Secret:
            at = read(text, _NUMBER)
            key = _selector(at)
            if key in refused:
                raise _refused(at, refused[key], "ssm:GetParameters and kms:Decrypt") from refused[key]
            if key not in found:
                place = self._client.settings.region
                raise missing(text, _nowhere(at, known, self._names, place))
            return _secret(at, str(found[key]["Value"]), str(found[key]["Version"]))

        return answered(references, one)

    def store(self, reference: str, value: str) -> str:
        """A new version of the parameter, as a SecureString."""
        at = unpinned(reference, _NUMBER)
        try:
            text = with_field(at, self._text_of(at), value)
            tier = "Advanced" if len(text.encode()) > _TOO_BIG else "Intelligent-Tiering"
            asked = {"Name": at.name, "Value": text, "Type": "SecureString", "Overwrite": True, "Tier": tier}
            answer = self._client.call("ssm", "PutParameter", asked)
        except PermanentError as error:
            raise _refused(at, error, "ssm:PutParameter and kms:Encrypt", STORING) from error
        return str(answer["Version"])

    def _text_of(self, at: Reference) -> str | None:
        if not at.path:
            return None
        answer = self._client.call("ssm", "GetParameters", {"Names": [at.name], "WithDecryption": True})
        return str(answer["Parameters"][0]["Value"]) if answer["Parameters"] else None

    def _names(self) -> Iterator[str]:
        asked = {"MaxResults": 50}
        yield from (p["Name"] for p in self._client.call("ssm", "DescribeParameters", asked)["Parameters"])


def _secret(at: Reference, text: str, version: str) -> Secret:
    return Secret(field(at, text), at.text, version)


def _text(at: Reference, body: Mapping[str, Any]) -> str:
    if "SecretString" in body:
        return str(body["SecretString"])
    try:
        return bytes(body["SecretBinary"]).decode()
    except UnicodeDecodeError:
        raise refusal(at.text, "it is binary, and not UTF-8 text") from None


def _named(name: str, body: Mapping[str, Any]) -> bool:
    """By name, by ARN, or by ARN without the six random letters at its end."""
    arn = str(body.get("ARN", ""))
    return name in (body.get("Name"), arn) or (name.startswith("arn:") and arn[:-7] == name)


def _selector(at: Reference) -> str:
    return f"{at.name}:{at.version}" if at.version else at.name


def _selects(selector: str, body: Mapping[str, Any]) -> bool:
    name, _, version = selector.partition(":") if not selector.startswith("arn:") else (selector, "", "")
    same = name in (body["Name"], str(body["Name"]).partition(":")[0], body.get("ARN"))
    return same and version in ("", str(body["Version"]))


def _batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _forbidden(error: ProviderError) -> bool:
    return error.code in errors.ACCESS and error.code not in errors.EXPIRED


def _refused(at: Reference, error: PermanentError, permission: str, doing: str = "") -> PermanentError:
    """The store's word in ours; what names the reference already is left alone."""
    more = {"doing": doing} if doing else {}
    if error.message.startswith(at.text):
        return error
    if error.code in errors.EXPIRED:
        return refusal(at.text, "the AWS credentials have expired: sign in again", EXPIRED, **more)
    if _forbidden(error):
        reason = f"it is not allowed ({error.code}): the credentials need {permission}"
        return refusal(at.text, reason, FORBIDDEN, **more)
    return refusal(at.text, f"{error.operation}: {error.code}: {error.message}", error.code, **more)


def _nowhere(at: Reference, known: list[str], names: Callable[[], Iterator[str]], place: str) -> str:
    """One call for all that are missing."""

    def once() -> list[str]:
        if not known:
            known.append("")
            known.extend(names())
        return known[1:]

    return nowhere(at, place, once)


SETTINGS: Final = Property(
    "object",
    properties={
        "region": Property("string", description="the region, such as eu-central-1"),
        "endpoint": Property("string", description="another endpoint, or sandbox"),
        "profile": Property("string", description="a profile of the shared AWS configuration"),
        "accessKeyId": Property("string", secret=True, description="by reference; else AWS's usual chain"),
        "secretAccessKey": Property("string", secret=True, description="by reference"),
        "sessionToken": Property("string", secret=True, description="by reference"),
        "timeout": Property("number", description="seconds to wait for one answer", minimum=1, default=60),
    },
)


def open_secrets(settings: Mapping[str, Any], folder: Path) -> SecretsManager:
    """Secrets Manager; it is asked only when a secret is."""
    del folder
    return SecretsManager(Client(Settings.of(settings)))


def open_parameters(settings: Mapping[str, Any], folder: Path) -> ParameterStore:
    """Parameter Store; it is asked only when a parameter is."""
    del folder
    return ParameterStore(Client(Settings.of(settings)))


secrets_manager: Final = SecretPlugin(
    "aws-sm",
    "aws-sm:name#json.path@version",
    "AWS Secrets Manager",
    open_secrets,
    open_secrets,
    SETTINGS,
    family="aws",
    permissions=("secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"),
    storing=("secretsmanager:PutSecretValue", "secretsmanager:CreateSecret"),
)
parameter_store: Final = SecretPlugin(
    "aws-ssm",
    "aws-ssm:name#json.path@version",
    "AWS Systems Manager Parameter Store",
    open_parameters,
    open_parameters,
    SETTINGS,
    family="aws",
    permissions=("ssm:GetParameters", "kms:Decrypt"),
    storing=("ssm:PutParameter", "kms:Encrypt"),
)
