"""A sample of a bucket."""

from __future__ import annotations

from typing import Any, Final

from orchestrator.kit.sample import Behind, Hand, Sample, Unique
from providers.aws.conformance.hands import (
    APP,
    tags,
)


def _bucket(operation: str, **params: Any) -> Behind:
    return lambda hand: getattr(hand.raw.s3, operation)(Bucket=hand.id, **params)


def _bucket_tagged(hand: Hand) -> None:
    given = hand.raw.s3.get_bucket_tagging(Bucket=hand.id)["TagSet"]
    hand.raw.s3.put_bucket_tagging(Bucket=hand.id, Tagging={"TagSet": [*given, *tags(made="by hand")]})


_RULE: Final = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
_BUCKET = Sample(
    type="AWS::S3::Bucket",
    minimal={"BucketName": Unique()},
    more={"VersioningConfiguration": {"Status": "Enabled"}, "Tags": APP},
    updates={
        "VersioningConfiguration.Status": "Suspended",
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
            ]
        },
        "Tags": [],
    },
    replaces={"BucketName": Unique("{}-other")},
    behind={
        "VersioningConfiguration.Status": _bucket(
            "put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}
        ),
        "PublicAccessBlockConfiguration": _bucket("delete_public_access_block"),
        "BucketEncryption": _bucket(
            "put_bucket_encryption", ServerSideEncryptionConfiguration={"Rules": [_RULE]}
        ),
        "Tags": _bucket_tagged,
    },
)

SAMPLES: Final = (_BUCKET,)
