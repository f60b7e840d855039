"""The simulator fails on request, as the real cloud can fail."""

from __future__ import annotations

import pytest
from keystoneauth1 import exceptions as wire

from orchestrator.kit.simulation.faults import Rule
from providers.openstack.sandbox.application import operation


def test_throttling_answers_429_with_retry_after(sdk, simulated):
    sdk.authorize()
    simulated.faults.replace([Rule("throttle", "POST /v2.0/networks", "openstack", times=1)])
    answer = sdk.network.post("/networks", json={"network": {}}, raise_exc=False)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_a_lost_answer_leaves_the_object_behind(sdk, simulated):
    sdk.network.create_network(name="before")
    simulated.faults.replace([Rule("lost-answer", "POST /v2.0/networks", "openstack", times=1)])
    with pytest.raises(wire.ConnectFailure):
        sdk.network.post("/networks", json={"network": {"name": "made"}}, connect_retries=0)
    assert [n.name for n in sdk.network.networks(name="made")] == ["made"]


def test_stale_reads_hide_what_is_new(sdk, simulated, settled):
    made = sdk.network.create_network(name="new")
    simulated.faults.replace([Rule("stale", "GET *", "openstack", seconds=3.0)])
    assert sdk.network.find_network(made.id) is None
    settled()
    assert sdk.network.find_network(made.id) is not None


def test_an_operation_is_named_by_its_path_without_identifiers():
    def name(method, path):
        return operation({"REQUEST_METHOD": method, "PATH_INFO": path})

    key = "0cb43a3a-5991-4bf4-8046-2923759f06e5"
    assert name("POST", "/compute/v2.1/servers") == "POST /v2.1/servers"
    assert name("PUT", f"/network/v2.0/networks/{key}/tags") == "PUT /v2.0/networks/{id}/tags"
    assert name("GET", f"/volume/v3/{'a' * 32}/volumes/{key}") == "GET /v3/volumes/{id}"
