"""What a whole plan asks of the cloud, from the first stage to the last: pages, and nothing for each resource."""

from __future__ import annotations

import math
import time

import pytest

from bench.cloud_reads import LISTS, SINGLE, stack
from orchestrator import bootstrap
from orchestrator.adapters.silent import Silent
from orchestrator.engine import applying, planning
from orchestrator.model.ids import ProviderName
from orchestrator.seams.state import Holder

COUNT, PAGE = 11, 4


@pytest.fixture
def folder(tmp_path, simulated):
    """Servers with a port, a volume and its attachment each, on a cloud of small pages; they are there."""
    simulated.cloud.now, simulated.cloud.transition = time.monotonic, 0.05
    for name in ("instances", "volumes"):
        setattr(simulated.cloud.quotas, name, COUNT)
    stack(tmp_path, {**simulated.settings, "page": PAGE}, COUNT, volumes=True)
    session = bootstrap.open_stack(tmp_path, progress=Silent())
    applied = applying.apply(
        session.blueprint, session.workspace, holder=Holder("tests"), approve=lambda _: True
    )
    session.close()
    assert applied.exit_code == 0, {a: o.message for a, o in applied.outcomes.items() if o.message}
    return tmp_path


def test_a_plan_of_many_servers_turns_pages_and_asks_for_none_by_itself(folder):
    """At most 1.2 times the pages that hold what is wanted, servers, ports, volumes and attachments together."""
    session = bootstrap.open_stack(folder, progress=Silent())
    plan = planning.plan(session.blueprint, session.workspace).plan
    session.close()
    assert list(plan.pending) == []
    needed = len(LISTS) * math.ceil(COUNT / PAGE) + SINGLE
    assert 0 < plan.reads[ProviderName("openstack")] <= 1.2 * needed
