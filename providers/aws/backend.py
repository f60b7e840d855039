"""State in S3: the log of objects of the kit, by conditional writes (If-None-Match, If-Match).

Settings: ``bucket``; ``key``, the prefix under which every stack has a folder of its own (default ``opsctl``);
``region``, ``endpoint`` and ``profile`` where the environment does not say. Credentials come by boto3's own chain.
The SDK is imported when a backend is opened, and repeats calls by itself: the log copes with repeated writes.
Protocol: Amazon S3 user guide, "How to prevent object overwrites with conditional writes".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from orchestrator.kit.object_blocks import Stored
from orchestrator.kit.object_log import ObjectLog
from orchestrator.kit.state_settings import refuse_unknown
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock
from orchestrator.seams.state import StateBackend
from providers.aws.severed import refuse_severed

SETTINGS: Final = Property(
    "object",
    "objects in a bucket of Amazon S3, or of a store that speaks its protocol; for teams and CI runners",
    properties={
        "bucket": Property("string", "the bucket; it has to be there", required=True),
        "key": Property(
            "string", "the prefix under which every stack has a folder of its own", default="opsctl"
        ),
        "region": Property("string", "else what the environment says"),
        "endpoint": Property("string", "of another store than Amazon's; sandbox: the local stand-in"),
        "profile": Property(
            "string", "a profile of the shared configuration; else the environment's credentials"
        ),
        "accessKeyId": Property("string", "by reference, where the environment has no credentials"),
        "secretAccessKey": Property("string", "by reference", secret=True),
    },
)
_TAKEN: Final = frozenset({"PreconditionFailed", "412"})
_ABSENT: Final = frozenset({"NoSuchKey", "404"})
_CONFLICT: Final = frozenset({"ConditionalRequestConflict", "409"})
_ATTEMPTS: Final = 4
_ADVICE: Final = "check the credentials, the region, the endpoint and the network"
T = TypeVar("T")


def open_backend(
    settings: Mapping[str, Any], *, stack: StackId, folder: Path, clock: Clock, cipher: Cipher
) -> StateBackend:
    """The state of ``stack``. Raises StateError where the settings are wrong; S3 is asked only when used."""
    del folder
    refuse_unknown("s3", settings, SETTINGS)
    plain = reveal(settings)
    if not isinstance(plain.get("bucket"), str) or not plain["bucket"]:
        raise StateError("the s3 backend needs a bucket: set state.bucket")
    prefix = f"{str(plain.get('key', 'opsctl')).strip('/')}/{stack.replace('/', '+')}/"
    return ObjectLog(S3Store(_client(plain), plain["bucket"], prefix), stack, clock, cipher)


def _client(settings: Mapping[str, Any]) -> Any:
    try:
        import boto3  # noqa: PLC0415 - the SDK takes a second to load; only who keeps state here pays
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    except ImportError as error:
        raise StateError("state in S3 needs boto3: install opsctl-orchestrator[aws]") from error
    endpoint = settings.get("endpoint")
    config = Config(
        retries={"mode": "standard", "max_attempts": _ATTEMPTS},
        connect_timeout=5,
        read_timeout=20,
        s3={"addressing_style": "path"} if endpoint else {},
    )
    try:
        session = boto3.Session(
            profile_name=settings.get("profile"),
            region_name=settings.get("region"),
            aws_access_key_id=settings.get("accessKeyId"),
            aws_secret_access_key=settings.get("secretAccessKey"),
        )
        client = session.client("s3", endpoint_url=endpoint, config=config)
    except (BotoCoreError, ValueError) as error:
        raise StateError(f"state in S3 cannot be reached: {error}") from error
    client.meta.events.register("after-call", refuse_severed)
    return client


class S3Store:
    """One folder of a bucket."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    @property
    def place(self) -> str:
        """As a person writes it."""
        return f"s3://{self._bucket}/{self._prefix.rstrip('/')}"

    def get(self, key: str) -> Stored | None:
        """The object, or None."""

        def call() -> Stored:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
            return Stored(answer["Body"].read(), answer["ETag"], _age(answer))

        return self._ask("GetObject", call, none_on=_ABSENT)

    def put_if_absent(self, key: str, data: bytes) -> str | None:
        """Write a new object; None where the key was taken."""
        return self._put(key, data, _TAKEN, IfNoneMatch="*")

    def put_if_match(self, key: str, data: bytes, etag: str) -> str | None:
        """Overwrite that version; None where there is another, or none."""
        return self._put(key, data, _TAKEN | _ABSENT, IfMatch=etag)

    def list(self, prefix: str, *, after: str = "") -> Sequence[str]:
        """The keys with a prefix, in order, behind ``after``."""

        def call() -> list[str]:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket,
                Prefix=self._prefix + prefix,
                StartAfter=self._prefix + after if after else "",
            )
            return [item["Key"][len(self._prefix) :] for page in pages for item in page.get("Contents", ())]

        return self._ask("ListObjectsV2", call) or []

    def delete(self, key: str) -> None:
        """Remove the object, if it is there."""
        self._ask(
            "DeleteObject", lambda: self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)
        )

    def _put(self, key: str, data: bytes, refusals: frozenset[str], **condition: str) -> str | None:
        def call() -> str:
            answer = self._client.put_object(
                Bucket=self._bucket, Key=self._prefix + key, Body=data, **condition
            )
            return str(answer["ETag"])

        return self._ask("PutObject", call, none_on=refusals)

    def _ask(
        self, operation: str, call: Callable[[], T], *, none_on: frozenset[str] = frozenset()
    ) -> T | None:
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError  # noqa: PLC0415 - see _client

        for attempt in range(_ATTEMPTS):
            try:
                return call()
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in none_on:
                    return None
                if code in _CONFLICT and attempt < _ATTEMPTS - 1:
                    continue  # two conditional writes at the same moment: S3 asks both to try again
                raise self._refused(operation, error.response) from error
            except (BotoCoreError, OSError) as error:
                if isinstance(error, ConnectionClosedError) and attempt < _ATTEMPTS - 1:
                    continue  # an answer without an end, which the SDK itself takes for one
                raise StateError(f"state at {self.place}: {operation}: {error}; {_ADVICE}") from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _refused(self, operation: str, response: Mapping[str, Any]) -> StateError:
        error, metadata = response["Error"], response["ResponseMetadata"]
        code, request = error["Code"], metadata.get("RequestId", "")
        advice = {
            "NoSuchBucket": f"create the bucket {self._bucket}, or correct state.bucket",
            "AccessDenied": f"the credentials need s3:{operation} on it",
            "InvalidAccessKeyId": "check the credentials",
            "SignatureDoesNotMatch": "check the credentials",
        }.get(code, "")
        return StateError(
            f"state at {self.place}: {operation}: {code}: {error.get('Message', '')}"
            + (f" (request id {request})" if request else "")
            + (f"; {advice}" if advice else "")
        )


def _age(answer: Mapping[str, Any]) -> float:
    """Seconds since an object was written, as S3 itself says: its Date less its Last-Modified."""
    now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    return max(0.0, float((now - answer["LastModified"]).total_seconds()))
