"""OpenStack's own rows: a property that may name another object, where the API wants its id."""

from __future__ import annotations

from orchestrator.kit import fields
from providers.openstack.kinds.kind import Cloud

Field = fields.Field[Cloud]


def reference(property: str, attribute: str, collection: str) -> Field:
    """Make a field that may name another object, where the API wants its id."""
    return Field(
        property,
        attribute,
        to=lambda cloud, value: None if value is None else cloud.names.id(collection, value),
        back=lambda cloud, seen, wanted, _body: seen and cloud.names.spelled(collection, wanted, seen),
    )


def references(property: str, collection: str) -> Field:
    """Make a field of several such names."""
    return Field(
        property,
        to=lambda cloud, value: [cloud.names.id(collection, item) for item in value],
        back=lambda cloud, seen, wanted, _body: cloud.names.spelled_all(collection, wanted, seen),
    )
