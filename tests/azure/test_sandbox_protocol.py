"""The simulator speaks ARM where no typed client looks: raw HTTP."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import urllib3

from orchestrator.kit.simulation.evidence import share
from orchestrator.kit.simulation.faults import Faults, Rule
from providers.azure import sandbox
from providers.azure.sandbox.evidence import BEHAVIOURS
from providers.azure.sandbox.rules import Answer, Style

NETWORKS = "providers/Microsoft.Network/virtualNetworks"
SPACE = {"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
OTHER = {"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}}


def ask(cloud, method, path, body=None, *, query="api-version=2026-03-01", **headers):
    """One request, by default with a token and a version."""
    group = f"/subscriptions/{cloud.subscription}/resourceGroups/rg/"
    url = (
        path
        if path.startswith("http")
        else cloud.server.url + (path if path.startswith("/") else group + path)
    )
    sent = {"Authorization": "Bearer x"} | {name.replace("_", "-"): value for name, value in headers.items()}
    full = url if "api-version" in url else f"{url}?{query}"
    answer = urllib3.request(method, full, json=body, headers=sent, retries=False)
    document = json.loads(answer.data) if answer.data else None
    return answer.status, document, answer.headers


def code(answer):
    return answer[0], answer[1]["error"]["code"]


def test_a_request_without_token_version_or_known_place_is_refused(cloud):
    """401, 400, 404 with ARM's codes."""
    assert ask(cloud, "GET", f"{NETWORKS}/a", Authorization="x")[0] == 404
    bare = urllib3.request("GET", cloud.server.url + "/subscriptions/x?api-version=1", retries=False)
    assert bare.status == 401
    assert code(ask(cloud, "GET", f"{NETWORKS}/a", query="")) == (400, "MissingApiVersionParameter")
    assert code(ask(cloud, "GET", f"{NETWORKS}/a", query="api-version=new")) == (
        400,
        "InvalidApiVersionParameter",
    )
    assert code(ask(cloud, "GET", "providers/Microsoft.Network/nothing/a")) == (404, "InvalidResourceType")
    assert code(ask(cloud, "GET", "providers/Microsoft.No/nothing/a")) == (404, "InvalidResourceNamespace")
    assert code(ask(cloud, "GET", "/subscriptions/other")) == (404, "SubscriptionNotFound")
    other = f"/subscriptions/{cloud.subscription}/resourceGroups/no/{NETWORKS}/a"
    assert code(ask(cloud, "PUT", other, SPACE)) == (404, "ResourceGroupNotFound")
    assert code(ask(cloud, "PUT", f"{NETWORKS}/no/subnets/a", {})) == (404, "ParentResourceNotFound")


def test_during_an_operation_the_same_goal_joins_and_another_is_refused(slow):
    """One operation for two equal PUTs; 409 for a different one and for a DELETE."""
    first = ask(slow, "PUT", f"{NETWORKS}/a", SPACE)
    assert (first[0], first[1]["properties"]["provisioningState"]) == (201, "Creating")
    second = ask(slow, "PUT", f"{NETWORKS}/a", SPACE)
    assert second[0] == 200
    assert second[2]["Azure-AsyncOperation"] == first[2]["Azure-AsyncOperation"]
    assert code(ask(slow, "PUT", f"{NETWORKS}/a", OTHER)) == (409, "AnotherOperationInProgress")
    assert code(ask(slow, "DELETE", f"{NETWORKS}/a")) == (409, "AnotherOperationInProgress")
    slow.tick()
    assert ask(slow, "GET", f"{NETWORKS}/a")[1]["properties"]["provisioningState"] == "Succeeded"


def test_an_operation_is_polled_until_it_ends(slow):
    """InProgress with Retry-After, then Succeeded without."""
    url = ask(slow, "PUT", f"{NETWORKS}/a", SPACE)[2]["Azure-AsyncOperation"]
    running = ask(slow, "GET", url)
    assert (running[0], running[1]["status"], running[2]["Retry-After"]) == (200, "InProgress", "0")
    slow.tick()
    assert ask(slow, "GET", url)[1]["status"] == "Succeeded"


def test_siblings_of_a_subnet_wait_for_it(slow):
    """A second subnet of the same network during the first one's operation: 409."""
    ask(slow, "PUT", f"{NETWORKS}/a", SPACE)
    slow.tick()
    ask(slow, "PUT", f"{NETWORKS}/a/subnets/x", {"properties": {"addressPrefix": "10.0.1.0/24"}})
    other = ask(slow, "PUT", f"{NETWORKS}/a/subnets/y", {"properties": {"addressPrefix": "10.0.2.0/24"}})
    assert code(other) == (409, "AnotherOperationInProgress")


def test_a_deleted_resource_shows_as_deleting_until_it_is_gone(slow):
    """202, Deleting, 404, and 204 for the next delete."""
    ask(slow, "PUT", f"{NETWORKS}/a", SPACE)
    slow.tick()
    answer = ask(slow, "DELETE", f"{NETWORKS}/a")
    assert answer[0] == 202
    assert ask(slow, "GET", f"{NETWORKS}/a")[1]["properties"]["provisioningState"] == "Deleting"
    slow.tick()
    assert ask(slow, "GET", answer[2]["Location"])[0] == 204
    assert code(ask(slow, "GET", f"{NETWORKS}/a")) == (404, "ResourceNotFound")
    assert ask(slow, "DELETE", f"{NETWORKS}/a")[0] == 204


def test_a_type_without_header_is_polled_by_its_body(slow):
    """Body polling: 201, no header, provisioningState turns to Succeeded."""
    rules = slow.world.table["microsoft.network/virtualnetworks"]
    slow.world.table["microsoft.network/virtualnetworks"] = replace(rules, put=Answer(201, 200, Style.BODY))
    answer = ask(slow, "PUT", f"{NETWORKS}/a", SPACE)
    assert (answer[0], "Azure-AsyncOperation" in answer[2]) == (201, False)
    slow.tick()
    assert ask(slow, "GET", f"{NETWORKS}/a")[1]["properties"]["provisioningState"] == "Succeeded"


def test_a_put_resets_what_it_leaves_out_and_keeps_what_is_read_only(cloud):
    """Tags and a setting go back to their defaults; the guid stays."""
    more = {"tags": {"a": "b"}, **SPACE, "properties": {**SPACE["properties"], "enableDdosProtection": True}}
    first = ask(cloud, "PUT", f"{NETWORKS}/a", more)[1]
    second = ask(cloud, "PUT", f"{NETWORKS}/a", SPACE)[1]
    assert (second.get("tags"), second["properties"]["enableDdosProtection"]) == (None, False)
    assert second["properties"]["resourceGuid"] == first["properties"]["resourceGuid"]


def test_a_wrong_state_or_region_is_refused(cloud):
    """400 for a provisioningState that is not so, 409 for a move."""
    ask(cloud, "PUT", f"{NETWORKS}/a", SPACE)
    odd = {**SPACE, "properties": {**SPACE["properties"], "provisioningState": "Updating"}}
    ask(cloud, "GET", f"{NETWORKS}/a")
    assert ask(cloud, "PUT", f"{NETWORKS}/a", odd)[0] == 400
    moved = {**SPACE, "location": "northeurope"}
    assert code(ask(cloud, "PUT", f"{NETWORKS}/a", moved)) == (409, "InvalidResourceLocation")


def test_conditions_are_honoured(cloud):
    """If-None-Match: * refuses an existing one, If-Match an older one: 412."""
    assert ask(cloud, "PUT", f"{NETWORKS}/a", SPACE, If_None_Match="*")[0] == 201
    assert code(ask(cloud, "PUT", f"{NETWORKS}/a", SPACE, If_None_Match="*")) == (412, "PreconditionFailed")
    etag = ask(cloud, "GET", f"{NETWORKS}/a")[1]["etag"]
    assert ask(cloud, "PUT", f"{NETWORKS}/a", OTHER, If_Match=etag)[0] == 200
    assert code(ask(cloud, "PUT", f"{NETWORKS}/a", SPACE, If_Match=etag)) == (412, "PreconditionFailed")


def test_a_database_server_goes_from_starting_to_ready(slow):
    """No provisioningState but a state; the address answers; the password is nowhere."""
    servers = "providers/Microsoft.DBforMySQL/flexibleServers"
    body = {
        "location": "westeurope",
        "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
        "properties": {"administratorLogin": "ops", "administratorLoginPassword": "not-a-real-1!"},
    }
    assert ask(slow, "PUT", f"{servers}/shop-db", body)[0] == 202
    assert ask(slow, "GET", f"{servers}/shop-db")[1]["properties"]["state"] == "Starting"
    slow.tick()
    seen = ask(slow, "GET", f"{servers}/shop-db")[1]
    assert (seen["properties"]["state"], seen["location"]) == ("Ready", "West Europe")
    assert seen["properties"]["fullyQualifiedDomainName"] in slow.addresses.statuses
    assert "not-a-real" not in json.dumps(seen)
    assert ask(slow, "PUT", f"{servers}/shop-db/databases/shop", {"properties": {}})[0] == 202
    slow.tick()
    rule = {"properties": {"startIpAddress": "10.0.0.9", "endIpAddress": "10.0.0.1"}}
    assert code(ask(slow, "PUT", f"{servers}/shop-db/firewallRules/r", rule)) == (
        400,
        "InvalidParameterValue",
    )


def test_a_stale_read_does_not_show_what_is_new(cloud):
    """GET says 404 and the list leaves it out, within the staleness."""
    cloud.faults.replace([Rule("stale", "*Microsoft.Network/virtualNetworks", seconds=60.0)])
    ask(cloud, "PUT", f"{NETWORKS}/a", SPACE)
    assert ask(cloud, "GET", f"{NETWORKS}/a")[0] == 404
    assert ask(cloud, "GET", NETWORKS)[1]["value"] == []
    cloud.faults.replace([])
    assert ask(cloud, "GET", f"{NETWORKS}/a")[0] == 200


def test_throttling_and_failures_have_the_shape_of_arm(cloud):
    """429 with Retry-After; a planted 503 with an error body."""
    cloud.faults.replace([Rule("throttle", f"PUT {NETWORKS[10:]}", times=1)])
    answer = ask(cloud, "PUT", f"{NETWORKS}/a", SPACE)
    assert (answer[0], answer[2]["Retry-After"]) == (429, "1")
    cloud.faults.replace([Rule("error", f"LIST {NETWORKS[10:]}", status=503, code="ServerTimeout")])
    assert code(ask(cloud, "GET", NETWORKS)) == (503, "ServerTimeout")


class Nowhere:
    def open(self, name, *, ports, status=200):
        return "127.64.0.1"


def test_the_sandbox_starts_and_tells_how_to_connect(tmp_path):
    """The endpoint is on loopback and answers about its subscription."""
    running = sandbox.start(folder=tmp_path, faults=Faults(), responders=Nowhere())
    try:
        url = f"{running.endpoint}/subscriptions/{running.settings['subscription']}?api-version=2022-12-01"
        answer = urllib3.request("GET", url, headers={"Authorization": "Bearer x"}, retries=False)
        assert json.loads(answer.data)["tenantId"] == running.settings["tenant"]
        assert running.endpoint.startswith("http://127.0.0.1:")
    finally:
        running.close()


def test_most_of_what_the_simulator_does_has_outside_evidence(capsys):
    """The share is printed; it may not fall under 85 in a hundred."""
    proved, known = share(BEHAVIOURS)
    with capsys.disabled():
        print(f"\nazure simulator: {proved} of {known} behaviours have outside evidence")  # noqa: T201
    assert proved / known > 0.85
    assert len({each.name for each in BEHAVIOURS}) == known


@pytest.mark.parametrize("path", ["/", "/providers/x", "/subscriptions/s/nothing"])
def test_a_url_that_is_not_of_arm_is_a_404(cloud, path):
    """Never a traceback."""
    assert ask(cloud, "GET", path)[0] == 404
