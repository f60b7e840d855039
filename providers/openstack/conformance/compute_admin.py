"""Samples of Nova's kinds beside servers: server groups, and what administrators keep."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Given, Hand, Of, Parent, Sample, Unique
from providers.openstack.conformance.hands import call, setting

_FIXED: Final = "it says which object is meant"
PROJECT: Final = Parent("OS::Keystone::Project", {"name": Unique("{}-p")})

_SERVER_GROUP = Sample(
    type="OS::Nova::ServerGroup",
    minimal={"name": Unique(), "policies": ["anti-affinity"]},
    more={"max_server_per_host": 2},
    replaces={"name": Unique("{}-other"), "policies": ["soft-anti-affinity"], "max_server_per_host": 3},
    planned={"policies": "with max_server_per_host it is anti-affinity or nothing"},
)


def _give_access(hand: Hand) -> None:
    hand.raw.compute.flavor_add_tenant_access(hand.id, hand.raw.identity.find_project(hand.value[0]).id)


_FLAVOR = Sample(
    type="OS::Nova::Flavor",
    minimal={"name": Unique(), "ram": 64, "vcpus": 1, "is_public": False},
    more={
        "disk": 1,
        "ephemeral": 1,
        "swap": 64,
        "rxtx_factor": 2.0,
        "flavorid": Unique("{}-id"),
        "description": "for tests",
        "extra_specs": {"own:key": "1", "own:gone": "x"},
        "tenants": [Of("project")],
    },
    parents={"project": PROJECT},
    updates={
        "description": "words",
        "extra_specs": {"own:key": "2", "own:more": "3"},
        "tenants": [Given("project")],
    },
    replaces={
        "name": Unique("{}-other"),
        "ram": 128,
        "vcpus": 2,
        "disk": 2,
        "ephemeral": 2,
        "swap": 128,
        "rxtx_factor": 1.0,
        "flavorid": Unique("{}-id2"),
        "is_public": True,
    },
    planned={"is_public": "a public one takes no projects"},
    behind={
        "description": call(
            "compute", "PUT", "/flavors/{id}", {"flavor": {"description": "x"}}, version="2.79"
        ),
        "extra_specs": call(
            "compute", "POST", "/flavors/{id}/os-extra_specs", {"extra_specs": {"own:x": "9"}}
        ),
        "tenants": _give_access,
    },
)
_AGGREGATE = Sample(
    type="OS::Nova::HostAggregate",
    minimal={"name": Unique()},
    more={"metadata": {"ssd": "true"}, "hosts": [Given("host")]},
    updates={"name": Unique("{}-other"), "metadata": {"gpu": "yes"}, "hosts": []},
    behind={
        "name": setting("compute", "PUT", "/os-aggregates", "aggregate", name="renamed-by-hand"),
        "metadata": call(
            "compute", "POST", "/os-aggregates/{id}/action", {"set_metadata": {"metadata": {"x": "1"}}}
        ),
        "hosts": call(
            "compute",
            "POST",
            "/os-aggregates/{id}/action",
            lambda hand: {"add_host" if hand.value else "remove_host": {"host": "fake2"}},
        ),
    },
    untried={"availability_zone": "a host with servers takes part in no other zone"},
)
SAMPLES: Final = (_SERVER_GROUP, _FLAVOR, _AGGREGATE)
