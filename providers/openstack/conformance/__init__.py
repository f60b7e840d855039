"""Samples of every kind for the conformance suite, and openstacksdk as it is for changes by hand.

A kind's sample stands in the module of its service; ``SAMPLES`` of each is what it adds.
"""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Conformance
from providers.openstack.conformance import (
    balancing,
    compute,
    compute_admin,
    identity,
    images,
    network,
    network_more,
    objects,
    storage,
    storage_admin,
    unproved,
)
from providers.openstack.conformance.hands import connect

CONFORMANCE: Final = Conformance(
    samples=(
        *network.SAMPLES,
        *network_more.SAMPLES,
        *balancing.SAMPLES,
        *compute.SAMPLES,
        *storage.SAMPLES,
        *compute_admin.SAMPLES,
        *storage_admin.SAMPLES,
        *identity.SAMPLES,
        *images.SAMPLES,
        *objects.SAMPLES,
        *unproved.SAMPLES,
    ),
    connect=connect,
    given=lambda _raw: {
        "image": "cirros",
        "flavor": "m1.tiny",
        "larger": "m1.small",
        "external": "public",
        "host": "fake2",
        "project": "demo",
    },
    paged={"page": 2},
    sandbox={"username": "admin", "project_name": "admin"},
    close=lambda raw: raw.close(),
)
