"""The kinds of AWS resources that opsctl manages: one class a kind, none of which knows the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from orchestrator.model.ids import TypeName
from providers.aws.kind import Kind


@cache
def all_kinds(region: str) -> Mapping[TypeName, Kind]:
    """Every kind by its type name; buckets say in which region they are made."""
    from providers.aws.kinds import (  # noqa: PLC0415 - a manifest names kinds without importing them
        bucket,
        database,
        gateway,
        instance,
        network,
        routing,
        security_group,
        security_rule,
        subnet_group,
    )

    kinds: list[Kind] = [
        network.Vpc(),
        network.Subnet(),
        network.InternetGateway(),
        network.RouteTable(),
        gateway.Attachment(),
        routing.Route(),
        routing.Association(),
        security_group.SecurityGroup(),
        security_rule.Ingress(),
        security_rule.Egress(),
        instance.Instance(),
        subnet_group.SubnetGroup(),
        database.Database(),
        bucket.Bucket(region),
    ]
    return {kind.name: kind for kind in kinds}
