"""Master keys in AWS KMS: ``aws-kms: {keyId: alias/opsctl, region: eu-central-1}``.

Enters: the setting of ``encryption.key``. Leaves: data keys by GenerateDataKey, and by Decrypt again. Holds: the key
never leaves KMS; the stack is the encryption context, so that KMS itself refuses a data key of another one, and its
log names the stack; Decrypt names the key, so that no other key of the account is made to answer.
Protocol: the AWS KMS API reference, whose shapes botocore carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.sealed import KeyNeededError
from orchestrator.model.errors import PermanentError, ProviderError, StateError
from orchestrator.model.schema import Property
from orchestrator.seams.keys import DataKey, KeyContext, KeyPlugin, MasterKey
from providers.aws.client import Client, Settings
from providers.aws.secrets import SETTINGS

_PREFIX: Final = "aws-kms:"
_ANOTHER: Final = frozenset({"IncorrectKeyException", "InvalidCiphertextException", "AccessDeniedException"})
"""Of Decrypt: it is another key's, or of another stack; without rights KMS does not say which."""


@dataclass(frozen=True, slots=True)
class KmsKey:
    """One key of one account and region; asked once a run."""

    key: str
    """Its id, ARN or alias."""
    client: Client

    @property
    def about(self) -> str:
        """By the name that the settings give it."""
        return f"aws-kms {self.key}"

    def may_open(self, by: str) -> bool:
        """An alias may stand for any key: KMS knows."""
        return by.startswith(_PREFIX)

    def make(self, context: Mapping[str, str]) -> DataKey:
        """A data key that KMS has made and wrapped."""
        wish = {"KeyId": self.key, "KeySpec": "AES_256", "EncryptionContext": dict(context)}
        answer = self._ask("GenerateDataKey", wish)
        return DataKey(answer["Plaintext"], answer["CiphertextBlob"], f"{_PREFIX}{answer['KeyId']}")

    def unwrap(self, by: str, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Raises KeyNeededError where KMS says that it is another key's, or of another stack."""
        wish = {"KeyId": self.key, "CiphertextBlob": wrapped, "EncryptionContext": dict(context)}
        try:
            plain: bytes = self._ask("Decrypt", wish)["Plaintext"]
        except PermanentError as error:
            raise KeyNeededError(
                f"{self.about} does not open what {by.removeprefix(_PREFIX)} has wrapped ({error.code}; it needs kms:Decrypt)"
            ) from error
        return plain

    def _ask(self, operation: str, wish: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises PermanentError where it is another key, StateError with what to do for everything else."""
        try:
            return self.client.call("kms", operation, wish)
        except ProviderError as error:
            if operation == "Decrypt" and error.code in _ANOTHER:
                raise
            hint = f"the credentials need kms:{operation} on that key; check the region and the endpoint"
            raise StateError(f"{self.about}: {error}\nhint: {hint}") from error


def open_key(settings: Mapping[str, Any], context: KeyContext) -> MasterKey:
    """KMS is asked at the first use."""
    del context
    rest = {name: value for name, value in settings.items() if name != "keyId"}
    return KmsKey(settings["keyId"], Client(Settings.of(rest)))


plugin: Final = KeyPlugin(
    "aws-kms",
    "{keyId: alias/opsctl, region: eu-central-1}",
    "A key in AWS KMS, with the stack as encryption context.",
    open_key,
    Property(
        "object",
        properties={
            "keyId": Property("string", "the key's id, ARN or alias", required=True, pattern="."),
            **SETTINGS.properties,
        },
    ),
    short="keyId",
    family="aws",
    permissions=("kms:GenerateDataKey", "kms:Decrypt"),
)
