"""What the kinds of RDS have in common: tagged by ARN, named by their creator in lower case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.model.provision import Request
from providers.aws import tags
from providers.aws.kind import Call, Step

CONSISTENCY: Final = 5.0
"""RDS says of itself that its API is eventually consistent, as EC2's is."""


def rds(operation: str, params: Mapping[str, Any], *ignore: str) -> Call:
    """A call of RDS."""
    return Call("rds", operation, params, ignore)


def retagged(arn: str, request: Request) -> list[Step]:
    """The calls that give an object the spec's tags."""
    put, drop = tags.difference(request)
    steps: list[Step] = []
    if put:
        steps.append(rds("AddTagsToResource", {"ResourceName": arn, "Tags": put}))
    if drop:
        steps.append(rds("RemoveTagsFromResource", {"ResourceName": arn, "TagKeys": drop}))
    return steps


def marked(arn: str, request: Request) -> list[Step]:
    """The call that writes our marker beside the tags that are there."""
    return [rds("AddTagsToResource", {"ResourceName": arn, "Tags": tags.of_marker(request.marker)})]
