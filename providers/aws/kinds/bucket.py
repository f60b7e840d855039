"""S3 buckets: named for the whole world, and read by a call for each group of settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from orchestrator.model.errors import ProviderError
from orchestrator.model.ids import TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Observed, Request
from providers.aws import tags
from providers.aws.client import Client
from providers.aws.kind import Call, Creation, Kind, Step, changed, generated_name
from providers.aws.schema import raw, spec_of, status_of

_BLOCKS: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_DEFAULTS: Final[Mapping[str, Any]] = {
    "VersioningConfiguration": {"Status": "Suspended"},
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
    "PublicAccessBlockConfiguration": dict.fromkeys(_BLOCKS, True),
}
"""As S3 makes new buckets since 2023 (User Guide, "Default settings for new S3 buckets")."""
_API_RULE: Final = {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}
_SPEC_RULE: Final = {api: spec for spec, api in _API_RULE.items()}


def s3(operation: str, bucket: str, *ignore: str, **params: Any) -> Call:
    """A call of S3 on one bucket."""
    return Call("s3", operation, {"Bucket": bucket, **params}, ignore)


class Bucket(Kind):
    """An object store. Only an empty one is deleted: S3 refuses the others."""

    type = "AWS::S3::Bucket"
    born_marked = True

    def __init__(self, region: str) -> None:
        self.region = region

    def make_schema(self) -> KindSchema:
        """Silence means encrypted, closed to the public, not versioned."""
        item = "BucketEncryption.ServerSideEncryptionConfiguration.*"
        notes: dict[str, dict[str, Any]] = {name: {"default": value} for name, value in _DEFAULTS.items()}
        notes |= {"Tags": {"default": []}, f"{item}.BucketKeyEnabled": {"default": False}}
        notes |= {f"PublicAccessBlockConfiguration.{name}": {"default": False} for name in _BLOCKS}
        return KindSchema(
            type=TypeName(self.type),
            spec=spec_of(self.type, notes),
            status=status_of(self.type, {"BucketName": "string"}),
            summary=raw(self.type)["description"],
            reads=(ReadWay(How.GET),),
            marking=Marking.NATURAL,
            natural_key=("BucketName",),
            unique_name="BucketName",
            stateful=True,
            refine=tags.refuse_reserved,
        )

    def named(self, spec: Mapping[str, Any], marker: Marker) -> Mapping[str, Any]:
        """The generated name is the same for one incarnation."""
        return {"BucketName": generated_name(marker), **spec}

    def read(self, client: Client, ids: Sequence[str] | None) -> Iterator[Observed]:
        """Each by its name."""
        if ids is None:
            ids = [each["Name"] for each in client.pages("s3", "ListBuckets", {}, "Buckets")]
        for name in ids:
            observed = self._one(client, name)
            if observed is not None:
                yield observed

    def seek(self, client: Client, specs: Sequence[Mapping[str, Any]]) -> list[Observed | None]:
        """By name."""
        names = [spec.get("BucketName") for spec in specs]
        found = {o.id: o for o in self.read(client, [n for n in names if isinstance(n, str)])}
        return [found.get(name) if isinstance(name, str) else None for name in names]

    def creation(self, request: Request, token: str) -> Creation:  # noqa: ARG002
        """The bucket with all its tags, then what S3 does not do by itself."""
        name = self.named(request.want, request.marker)["BucketName"]
        asked: dict[str, Any] = {"Tags": tags.wanted(request)}
        if self.region != "us-east-1":
            asked["LocationConstraint"] = self.region
        return Creation(
            s3("CreateBucket", name, CreateBucketConfiguration=asked),
            id=lambda _: name,
            then=lambda _: self._configured(name, request),
        )

    def update(self, request: Request) -> Sequence[Step]:
        """A call for each group of settings."""
        assert request.prior is not None, "an update has something to update"  # noqa: S101
        names, id = changed(request), request.prior.id
        tagged = [s3("PutBucketTagging", id, Tagging={"TagSet": tags.wanted(request)})]
        settings = [_setting(id, name, request.want) for name in _DEFAULTS if name in names]
        return [*settings, *(tagged if "Tags" in names else ())]

    def retag(self, request: Request) -> Sequence[Step]:
        """Tags are written as a whole."""
        assert request.prior is not None, "a retag has something to tag"  # noqa: S101
        given = [*request.prior.spec.get("Tags", ()), *tags.of_marker(request.marker)]
        return [s3("PutBucketTagging", request.prior.id, Tagging={"TagSet": given})]

    def deletion(self, id: str, request: Request) -> Sequence[Step]:  # noqa: ARG002
        """Gone is gone."""
        return [s3("DeleteBucket", id, "missing")]

    @staticmethod
    def _configured(name: str, request: Request) -> list[Step]:
        wanted = [n for n in _DEFAULTS if n in request.want or n == "PublicAccessBlockConfiguration"]
        return [_setting(name, each, request.want) for each in wanted]

    def _one(self, client: Client, name: str) -> Observed | None:
        try:
            versioning = client.call("s3", "GetBucketVersioning", {"Bucket": name})
        except ProviderError as error:
            if error.code == "NoSuchBucket":
                return None
            raise
        given = _optional(client, "GetBucketTagging", name, "NoSuchTagSet").get("TagSet", ())
        encryption = _optional(
            client, "GetBucketEncryption", name, "ServerSideEncryptionConfigurationNotFoundError"
        )
        access = _optional(client, "GetPublicAccessBlock", name, "NoSuchPublicAccessBlockConfiguration")
        rules = encryption.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
        rules = [_renamed(rule, _SPEC_RULE) for rule in rules]
        blocks = access.get("PublicAccessBlockConfiguration", {})
        spec = {
            "BucketName": name,
            "VersioningConfiguration": {"Status": versioning.get("Status", "Suspended")},
            "BucketEncryption": {"ServerSideEncryptionConfiguration": rules}
            if rules
            else _DEFAULTS["BucketEncryption"],
            "PublicAccessBlockConfiguration": {each: bool(blocks.get(each)) for each in _BLOCKS},
            "Tags": tags.spec_tags(given),
        }
        return Observed(name, spec, self._status(name), tags.read_marker(given))

    def _status(self, name: str) -> dict[str, Any]:
        return {
            "BucketName": name,
            "Arn": f"arn:aws:s3:::{name}",
            "DomainName": f"{name}.s3.amazonaws.com",
            "RegionalDomainName": f"{name}.s3.{self.region}.amazonaws.com",
        }


def _setting(bucket: str, name: str, want: Mapping[str, Any]) -> Step:
    value = want.get(name, _DEFAULTS[name])
    match name:
        case "VersioningConfiguration":
            return s3("PutBucketVersioning", bucket, VersioningConfiguration=value)
        case "BucketEncryption":
            rules = [_renamed(rule, _API_RULE) for rule in value["ServerSideEncryptionConfiguration"]]
            return s3("PutBucketEncryption", bucket, ServerSideEncryptionConfiguration={"Rules": rules})
        case _:
            return s3("PutPublicAccessBlock", bucket, PublicAccessBlockConfiguration=value)


def _renamed(rule: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in rule.items() if name != "BlockedEncryptionTypes"}


def _optional(client: Client, operation: str, bucket: str, absent: str) -> dict[str, Any]:
    """Settings that a bucket may not have."""
    try:
        return client.call("s3", operation, {"Bucket": bucket})
    except ProviderError as error:
        if error.code == absent:
            return {}
        raise
