"""Abstract types: one document stands for several resources of the cloud that it is placed on."""

from __future__ import annotations

import pytest

from orchestrator.engine import planning
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.health import Level
from orchestrator.model.outcome import Result

SERVICE = {
    "kind": "CompositeType",
    "metadata": {"name": "Service"},
    "schema": {
        "properties": {
            "size": {"type": "integer", "default": 1},
            "zones": {"type": "array", "items": {"type": "string"}, "default": []},
            "zone": {"type": "string", "default": "a"},
        }
    },
    "clouds": {
        "fake": {
            "gateOn": "front",
            "require": [{"that": "${parent.spec.size < 9}", "message": "this cloud has no size 9"}],
            "resources": [
                {
                    "type": "Fake::Tag",
                    "metadata": {"name": "net"},
                    "spec": {"name": "${parent.name}-net", "zone": "${parent.spec.zone}"},
                },
                {
                    "type": "Fake::Tag",
                    "metadata": {"name": "disk"},
                    "forEach": "${parent.spec.zones}",
                    "spec": {"name": "disk-${each.value}", "parent": "${net.status.id}"},
                },
                {
                    "type": "Fake::Tag",
                    "metadata": {"name": "front"},
                    "dependsOn": ["net", "disk"],
                    "spec": {"name": "${parent.name}-front", "size": "${parent.spec.size}"},
                },
            ],
            "status": {"address": "${front.status.address}", "disks": "${disk.map(k, disk[k].status.id)}"},
        }
    },
}


def service(world, name="web", *, health=None, **spec):
    body = {"kind": "Service", "metadata": {"name": name}, "provider": "fake", "spec": spec}
    if health is not None:
        body["health"] = health
    world.documents[name] = body


@pytest.fixture
def world(world):
    world.extra.append(SERVICE)
    return world


def test_it_expands_to_children_with_addresses_of_their_own(world):
    service(world, zones=["a", "b"])
    assert world.actions() == {
        "web/net": "create",
        'web/disk["a"]': "create",
        'web/disk["b"]': "create",
        "web/front": "create",
    }
    assert world.apply().exit_code == 0
    assert world.names() == ["disk-a", "disk-b", "web-front", "web-net"]
    assert world.plan().plan.empty
    assert world.destroy().exit_code == 0
    assert world.names() == []


def test_others_see_its_status_and_wait_for_all_of_it(world):
    service(world)
    world.want("dns", spec={"tags": {"to": "${web.status.address}"}})
    world.apply()
    dns = next(o for o in world.cloud.objects() if o.spec["name"] == "dns")
    front = next(o for o in world.cloud.objects() if o.spec["name"] == "web-front")
    assert dns.spec["tags"] == {"to": front.address}


def test_its_children_are_private(world):
    service(world)
    world.want("spy", spec={"parent": "${net.status.id}"})
    with pytest.raises(InvalidSpecError, match="there is no resource 'net'"):
        world.plan()


def test_a_status_that_it_does_not_have_is_named(world):
    service(world)
    world.want("dns", spec={"tags": {"to": "${web.status.adress}"}})
    with pytest.raises(InvalidSpecError, match=r"no status\.adress"):
        world.plan()


def test_what_the_cloud_cannot_do_fails_at_plan_with_the_reason(world):
    service(world, size=9)
    with pytest.raises(InvalidSpecError, match="web: this cloud has no size 9"):
        world.plan()


def test_a_wrong_property_is_an_error_of_the_document(world):
    service(world, sise=2)
    with pytest.raises(InvalidSpecError, match=r"unknown property spec\.sise"):
        world.plan()


def test_its_gate_is_watched_when_any_child_changes(world):
    gate = [{"http": {"url": "http://${self.status.address}/"}, "within": "10s"}]
    service(world, health=gate)
    world.apply()
    assert len(world.doctor.asked) == 1
    world.doctor = type(world.doctor)(Level.DEGRADED)
    service(world, health=gate, zones=["c"])
    world.want("dns", spec={"tags": {"to": "${web.status.address}"}})
    assert world.actions() == {'web/disk["c"]': "create", "web/front": "gate", "dns": "create"}
    done = world.apply()
    assert done.exit_code == 4
    assert (done.outcomes["web/front"].result, done.outcomes["dns"].result) == (
        Result.GATE_FAILED,
        Result.SKIPPED,
    )
    assert world.actions() == {"web/front": "gate", "dns": "create"}


def test_two_instances_of_a_type_do_not_meet(world):
    service(world, "one")
    service(world, "two")
    assert world.apply().exit_code == 0
    assert world.names() == ["one-front", "one-net", "two-front", "two-net"]


def test_a_change_inside_touches_only_what_it_must(world):
    service(world, size=1)
    world.apply()
    service(world, size=2)
    assert world.actions() == {"web/front": "update"}


def test_what_rests_on_a_composite_goes_before_its_children(world):
    """Destroyed without the files: the edges that state remembers lead through the composite to its resources."""
    service(world)
    world.want("user", spec={"tags": {"via": "${web.status.address}"}})
    assert world.apply().exit_code == 0
    needs = world.snapshot().resources["user"].dependencies
    assert needs == ("web/front", "web/net")
    assert world.destroy().exit_code == 0
    ids = [called.id for called in world.cloud.log if called.operation.startswith("Delete")]
    assert len(ids) == 3
    assert ids[0] == "tag-0003"


def test_the_digest_of_what_is_wanted_knows_the_spec_and_not_its_place(world):
    service(world)
    first = planning.wanted(world.plan().plan)
    world.documents["web"] = dict(world.documents["web"], metadata={"name": "web", "annotations": {"a": "b"}})
    assert planning.wanted(world.plan().plan) == first
    service(world, size=2)
    assert planning.wanted(world.plan().plan) != first
