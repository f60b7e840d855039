"""The IAM actions of each kind are those of the operations that it calls in its life."""

from __future__ import annotations

from collections import Counter

import botocore.session
import pytest

from orchestrator.model.ids import TypeName
from orchestrator.model.kind import only_reads
from providers.aws.permissions import ACTIONS, OPERATIONS, actions
from tests.aws.lives import EACH, world
from tests.aws.lives import KINDS as LIVES

__all__ = ["world"]
KINDS = {str(name): kind.schema for name, kind in LIVES.items()}


@pytest.mark.parametrize("type", sorted(KINDS))
def test_every_kind_says_what_it_needs(type):
    """To read, and to make and delete."""
    needed = KINDS[type].permissions
    assert needed == actions(type)
    assert KINDS[type].reading
    assert set(needed) - set(KINDS[type].reading)


def test_every_operation_is_one_of_its_service():
    """By botocore's model of the API; an action that has another name stands for one, too."""
    session = botocore.session.get_session()
    for type, operations in OPERATIONS.items():
        known = set(session.get_service_model(type.split("::")[1].lower()).operation_names)
        assert set(operations) <= known, type
    assert set(ACTIONS) <= set(session.get_service_model("s3").operation_names)


@EACH
def test_a_kind_calls_what_its_permissions_name_and_nothing_else(stack, cloud, world, case):
    """Made, read in every way, found again, put right after each drift, updated, deleted."""
    kind = KINDS[case.type]
    before = Counter(stack.provider.calls)
    want, mark = case.want(world), stack.marker("p")
    made = stack.create(case.type, want, marker=mark)
    for way in kind.reads:
        stack.read(case.type, made.id, way)
    assert list(stack.provider.discover(TypeName(case.type)))
    stack.find(case.type, mark, want)
    reading = set(Counter(stack.provider.calls) - before)
    for drift in case.drifts.values():
        drift(world, made)
        cloud.pass_time()
        stack.update(case.type, made, want)
    for name, value in case.updates.items():
        want = {**want, name: value}
        stack.update(case.type, made, want)
    stack.delete(case.type, made)
    called = set(Counter(stack.provider.calls) - before)
    assert called <= set(OPERATIONS[case.type])
    assert {name for name in OPERATIONS[case.type] if only_reads(f"x:{name}")} <= reading
