"""What goes wrong on the way to ARM, and what becomes of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.change import Action
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, TransientError
from orchestrator.model.health import Level
from orchestrator.model.ids import Uid
from orchestrator.model.kind import How
from orchestrator.model.provision import Done, Observed, Pending
from orchestrator.model.values import Secret
from providers.azure import errors, manifest, settings
from providers.azure.provider import AzureProvider

VNET = "Microsoft.Network/virtualNetworks"
SUBNET = f"{VNET}/subnets"
GROUP = "Microsoft.Resources/resourceGroups"
ACCOUNT = "Microsoft.Storage/storageAccounts"
CONTAINER = f"{ACCOUNT}/blobServices/containers"
SERVER = "Microsoft.DBforMySQL/flexibleServers"
ROOT = "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/rg"
SPACE = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
NET = {"name": "net", "parent": ROOT, "location": "westeurope", "properties": SPACE}
WEB = {
    "name": "web",
    "parent": f"{ROOT}/providers/{VNET}/net",
    "properties": {"addressPrefix": "10.0.1.0/24"},
}
LAKE = {
    "name": "lake0001",
    "parent": ROOT,
    "location": "westeurope",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
}
DATABASE = {
    "name": "shop-db",
    "parent": ROOT,
    "location": "westeurope",
    "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
    "properties": {
        "administratorLogin": "ops",
        "administratorLoginPassword": Secret("plain-text-1!", "env:PASSWORD", "v1"),
    },
}


def test_throttling_is_transient_with_the_servers_word(desk):
    """429: throttled, to be tried after the seconds of Retry-After; nothing was made."""
    desk.cloud.faults.replace([Rule("throttle", f"PUT {VNET}", times=1)])
    with pytest.raises(TransientError) as caught:
        desk.create(VNET, NET)
    assert (caught.value.throttled, caught.value.retry_after) == (True, 1.0)
    assert caught.value.code == "SubscriptionRequestsThrottled"
    assert caught.value.request_id
    assert desk.create(VNET, NET).id.endswith("/net")


def test_another_operation_is_transient(slow_desk):
    """409 while a sibling subnet is made: not now."""
    slow_desk.begin(Action.CREATE, VNET, NET)
    slow_desk.cloud.tick()
    slow_desk.begin(Action.CREATE, SUBNET, WEB)
    other = WEB | {"name": "db", "properties": {"addressPrefix": "10.0.2.0/24"}}
    with pytest.raises(TransientError, match="AnotherOperationInProgress"):
        slow_desk.begin(Action.CREATE, SUBNET, other)


def test_a_refusal_says_code_message_operation_and_request(desk):
    """400: permanent, with all that the service told."""
    with pytest.raises(PermanentError) as caught:
        desk.create(VNET, NET | {"properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/99"]}}})
    assert caught.value.operation == f"PUT {VNET}"
    assert caught.value.code == "InvalidCIDRNotation"
    assert "10.0.0.0/99" in caught.value.message
    assert caught.value.request_id


def test_a_missing_parent_is_permanent_on_create(desk):
    """404 ParentResourceNotFound."""
    with pytest.raises(PermanentError, match="ParentResourceNotFound"):
        desk.create(SUBNET, WEB)


@pytest.mark.parametrize("spec", [NET, LAKE, DATABASE])
def test_a_lost_answer_is_an_unknown_outcome_that_find_settles(desk, spec):
    """The write took effect; find says so, and a second begin overwrites nothing of another."""
    type = {"net": VNET, "lake0001": ACCOUNT, "shop-db": SERVER}[spec["name"]]
    desk.cloud.faults.replace([Rule("lost-answer", f"PUT {type}", times=1)])
    with pytest.raises(OutcomeUnknownError):
        desk.create(type, spec)
    found = desk.find(Action.CREATE, type, spec)
    assert found.marker == desk.marker
    assert desk.provider.propose(type, found, spec, {}).action is not Action.REPLACE
    assert desk.create(type, spec).id == found.id


def test_a_lost_request_leaves_nothing_to_find(desk):
    """The write did not arrive: find says None."""
    desk.cloud.faults.replace([Rule("lost-request", f"PUT {VNET}", times=1)])
    with pytest.raises(OutcomeUnknownError):
        desk.create(VNET, NET)
    assert desk.find(Action.CREATE, VNET, NET) is None


def test_an_untagged_object_is_found_by_its_natural_key(desk):
    """A subnet whose answer was lost; begun again it is taken for ours, as it is what we want."""
    desk.create(VNET, NET)
    desk.cloud.faults.replace([Rule("lost-answer", f"PUT {SUBNET}", times=1)])
    with pytest.raises(OutcomeUnknownError):
        desk.create(SUBNET, WEB)
    assert desk.find(Action.CREATE, SUBNET, WEB).id.endswith("/web")
    assert desk.create(SUBNET, WEB).spec["properties"]["addressPrefix"] == "10.0.1.0/24"


def test_somebody_elses_object_is_not_ours(desk):
    """Another marker: find of a create says None, and nothing is overwritten."""
    desk.create(VNET, NET)
    stranger = type(desk.marker)(desk.marker.stack, desk.marker.address, Uid("u2"))
    assert desk.find(Action.CREATE, VNET, NET, marker=stranger) is None
    with pytest.raises(PermanentError, match="import it"):
        desk.create(VNET, NET | {"tags": {"mine": "yes"}}, marker=stranger)
    assert desk.read(VNET, NET).spec["tags"] == {}


def test_a_lost_answer_to_a_read_is_transient(desk):
    """Reading again is safe."""
    desk.cloud.faults.replace(
        [
            Rule("lost-answer", f"GET {VNET}", times=1),
            Rule("error", f"GET {VNET}", times=1, after=1, status=503),
        ]
    )
    for _ in range(2):
        with pytest.raises(TransientError):
            desk.read(VNET, NET)
    assert desk.read(VNET, NET) is None


def test_a_server_error_on_a_write_is_an_unknown_outcome(desk):
    """500: it may have happened."""
    desk.cloud.faults.replace([Rule("error", f"PUT {VNET}", status=500, code="InternalServerError")])
    with pytest.raises(OutcomeUnknownError, match="InternalServerError"):
        desk.create(VNET, NET)


def test_a_failed_operation_keeps_its_code_and_shows_as_failed(desk):
    """HTTP 200, status Failed: permanent with the code; the next plan writes it again."""
    desk.cloud.world.fail_next(f"PUT {VNET}", "SkuNotAvailable", "none left")
    with pytest.raises(PermanentError) as caught:
        desk.create(VNET, NET)
    assert (caught.value.code, "none left" in caught.value.message) == ("SkuNotAvailable", True)
    seen = desk.read(VNET, NET)
    assert desk.provider.assess(VNET, seen).level is Level.FAILED
    assert desk.provider.propose(VNET, seen, NET, NET).action is Action.UPDATE
    healed = desk.update(VNET, NET, seen)
    assert desk.provider.assess(VNET, healed).passes


def test_a_failed_location_operation_is_permanent(desk):
    """A storage account's operation fails at its Location."""
    desk.cloud.world.fail_next(f"PUT {ACCOUNT}", "AccountQuota", "no more accounts")
    with pytest.raises(PermanentError, match="AccountQuota"):
        desk.create(ACCOUNT, LAKE)


def test_a_handle_is_enough_for_another_process(slow_desk, make_desk):
    """Begun here, finished by a provider that was made later, from JSON without a secret."""
    begun = slow_desk.begin(Action.CREATE, SERVER, DATABASE)
    assert isinstance(begun, Pending)
    text = json.dumps(dict(begun.handle))
    assert "plain-text" not in text
    later = make_desk(slow_desk.cloud)
    assert isinstance(later.provider.poll(SERVER, json.loads(text)), Pending)
    slow_desk.cloud.tick()
    finished = later.provider.poll(SERVER, json.loads(text))
    assert isinstance(finished, Done)
    assert later.provider.assess(SERVER, finished.observed).passes


def test_a_forgotten_operation_is_settled_by_the_resource(slow_desk):
    """The operation's URL is gone: the resource itself tells how it ended."""
    begun = slow_desk.begin(Action.CREATE, VNET, NET)
    slow_desk.cloud.tick()
    slow_desk.read(VNET, NET)
    slow_desk.cloud.world.operations.clear()
    assert isinstance(slow_desk.provider.poll(VNET, begun.handle), Done)


def test_find_waits_while_the_service_is_at_work(slow_desk):
    """Transient while creating and while deleting, then the truth."""
    slow_desk.begin(Action.CREATE, VNET, NET)
    with pytest.raises(TransientError, match="Creating"):
        slow_desk.find(Action.CREATE, VNET, NET)
    slow_desk.cloud.tick()
    made = slow_desk.find(Action.CREATE, VNET, NET)
    slow_desk.begin(Action.DELETE, VNET, prior=made, last=NET)
    assert slow_desk.read(VNET, NET) is None
    assert slow_desk.read(VNET, NET, How.LIST) is None
    with pytest.raises(TransientError, match="Deleting"):
        slow_desk.find(Action.DELETE, VNET, NET, id=made.id)
    slow_desk.cloud.tick()
    assert slow_desk.find(Action.DELETE, VNET, NET, id=made.id) is None


def test_an_update_keeps_what_the_spec_does_not_mention(desk):
    """A property that nobody manages here survives our update; ours are reset under the read etag."""
    made = desk.create(VNET, NET | {"properties": SPACE | {"flowTimeoutInMinutes": 9}})
    want = NET | {"tags": {"a": "b"}}
    changed = desk.update(VNET, want, made, NET)
    assert changed.spec["properties"]["flowTimeoutInMinutes"] == 9
    assert (changed.spec["tags"], changed.marker) == ({"a": "b"}, desk.marker)


def test_an_update_meets_a_change_in_between_with_412(desk, monkeypatch):
    """Somebody writes between our read and our write: permanent, plan again."""
    made = desk.create(VNET, NET)
    client = desk.provider._client
    send = client.send

    def meddled(method, path, **more):
        if method == "PUT" and path.endswith("/net"):
            desk.cloud.network.virtual_networks.update_tags("rg", "net", {"tags": {"x": "y"}})
        return send(method, path, **more)

    monkeypatch.setattr(client, "send", meddled)
    with pytest.raises(PermanentError, match="PreconditionFailed"):
        desk.update(VNET, NET | {"tags": {"a": "b"}}, made, NET)


def test_a_new_password_is_sent_and_it_alone(desk, monkeypatch):
    """A secret of another version is a change; the PATCH holds the plain value and nothing else."""
    made = desk.create(SERVER, DATABASE)
    renewed = Secret("plain-text-9!", "env:PASSWORD", "v2")
    want = DATABASE | {"properties": DATABASE["properties"] | {"administratorLoginPassword": renewed}}
    sent = []
    client = desk.provider._client
    send = client.send

    def noted(method, path, **more):
        if method == "PATCH":
            sent.append(more["body"])
        return send(method, path, **more)

    monkeypatch.setattr(client, "send", noted)
    desk.update(SERVER, want, made, DATABASE)
    assert sent == [{"properties": {"administratorLoginPassword": "plain-text-9!"}}]
    assert desk.provider.propose(SERVER, made, DATABASE, DATABASE).changes == ()


def test_a_group_that_holds_other_things_is_not_deleted(desk):
    """Deleting a group would take them along: refused with their names."""
    desk.create(VNET, NET)
    group = desk.read(GROUP, {"name": "rg"})
    with pytest.raises(PermanentError, match="virtualNetworks/net"):
        desk.delete(GROUP, group)
    assert desk.read(VNET, NET) is not None


def test_a_property_taken_out_of_the_spec_goes_back(desk):
    """A change to nothing is sent as nothing."""
    bare, full = NET, NET | {"properties": SPACE | {"flowTimeoutInMinutes": 9}}
    made = desk.create(VNET, full)
    changes = desk.provider.propose(VNET, made, bare, full).changes
    seen = desk.update(VNET, bare, made, full)
    assert ("flowTimeoutInMinutes" in seen.spec["properties"]) is (not changes)


def test_a_lookup_reads_what_must_be_there(desk):
    """By parent and name, or by id; PermanentError where it is not."""
    made = desk.create(VNET, NET)
    assert desk.finish(VNET, desk.begin(Action.READ, VNET, {"id": made.id})) == made
    with pytest.raises(PermanentError, match="is not there"):
        desk.begin(Action.READ, VNET, NET | {"name": "other"})


def test_a_retag_changes_the_marker_alone(desk):
    """The new marker is in the tags, next to those of others."""
    made = desk.create(ACCOUNT, LAKE | {"tags": {"a": "b"}})
    moved = type(desk.marker)(desk.marker.stack, desk.marker.address, Uid("u9"))
    again = desk.finish(ACCOUNT, desk.begin(Action.RETAG, ACCOUNT, LAKE, prior=made, marker=moved))
    assert (again.marker, again.spec["tags"]) == (moved, {"a": "b"})


def test_an_unreachable_endpoint_is_permanent_until_it_has_answered(desk, make_desk):
    """Nothing listens: said at once. After an answer it is a passing fault."""
    desk.read(VNET, NET)
    desk.cloud.server.close()
    fresh = make_desk(desk.cloud)
    with pytest.raises(PermanentError, match="cannot be reached"):
        fresh.provider.account()
    with pytest.raises(TransientError):
        desk.provider.account()


def test_the_account_is_the_subscription_and_its_tenant_is_checked(desk, make_desk):
    """What ARM says of itself; another tenant or subscription is refused."""
    assert desk.provider.account() == desk.cloud.subscription
    with pytest.raises(PermanentError, match="WrongTenant"):
        make_desk(desk.cloud, tenant="elsewhere").provider.account()
    with pytest.raises(PermanentError, match="SubscriptionNotFound"):
        make_desk(desk.cloud, subscription="another").provider.account()


def test_no_credentials_is_one_sentence(monkeypatch):
    """Nobody is signed in: permanent, with what to do."""
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    provider = AzureProvider(settings.read({"subscription": "s", "credential": "environment"}))
    with pytest.raises(PermanentError, match="az login") as caught:
        provider.account()
    assert "\n" not in caught.value.message


def test_an_sdk_that_is_not_installed_is_one_sentence(desk, monkeypatch):
    """What to install, and no traceback."""
    monkeypatch.setitem(sys.modules, "azure.mgmt.core", None)
    with pytest.raises(PermanentError, match=r"opsctl-orchestrator\[azure\]"):
        desk.provider.account()


def test_a_token_never_follows_a_foreign_link(desk):
    """An operation URL at another house is refused before anything is sent."""
    handle = {"stage": "operation", "url": "http://127.0.0.1:9/x", "id": f"{ROOT}/x", "version": "1"}
    with pytest.raises(PermanentError, match="ForeignLink"):
        desk.provider.poll(VNET, handle)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "subscription"),
        ({"subscription": "s", "endpoint": "http://example.test"}, "https"),
        ({"subscription": "s", "endpoint": "nowhere"}, "not a URL"),
        ({"subscription": "s", "credential": "magic"}, "not one of"),
        ({"subscription": "s", "credential": "sandbox"}, "sandbox"),
        ({"subscription": "s", "credential": "client-secret"}, "needs tenant"),
    ],
)
def test_wrong_settings_are_named(given, words):
    """ValueError with what is wrong."""
    with pytest.raises(ValueError, match=words):
        settings.read(given)


def test_health_is_the_services_word_and_a_machine_needs_its_power(desk):
    """A state that no table lists, and a power state that was not read, do not pass."""
    assess = desk.provider.assess
    odd = Observed("x", {}, {"properties": {"provisioningState": "Dancing"}})
    assert assess(VNET, odd).level is Level.UNKNOWN
    machine = "Microsoft.Compute/virtualMachines"
    ready = {"properties": {"provisioningState": "Succeeded"}}
    levels = {
        power: assess(machine, Observed("x", {}, ready | {"powerState": power})).level
        for power in ("running", "deallocated", "")
    }
    assert levels == {"running": Level.HEALTHY, "deallocated": Level.DEGRADED, "": Level.UNKNOWN}
    assert assess(SERVER, Observed("x", {}, {"properties": {"state": "Starting"}})).level is Level.PROGRESSING
    assert assess(CONTAINER, Observed("x", {}, {})).passes


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (409, {"error": {"code": "RetryableError", "message": "m"}}, ("RetryableError", "m")),
        (400, {"code": "Flat", "message": "m"}, ("Flat", "m")),
        (
            403,
            {"error": {"code": "AuthorizationFailed", "message": "m"}},
            ("AuthorizationFailed", "m; the signed-in principal lacks a role for this"),
        ),
        (404, None, ("HTTP404", "the service gave no reason")),
        (
            400,
            {"error": {"code": "A", "message": "m", "details": [{"code": "B", "message": "n"}]}},
            ("A", "m; B: n"),
        ),
    ],
)
def test_every_shape_of_an_error_is_understood(status, body, expected):
    """Nested, flat, empty, with details, with a hint."""
    assert errors.code_and_message(body, status) == expected


def test_importing_the_provider_imports_no_sdk():
    """Nor the simulator: they are loaded by the first call."""
    code = (
        "import sys, providers.azure, pathlib; p = providers.azure.manifest.configure({'subscription': 's'}, None);"
        "p.kinds; print([m for m in sys.modules if m.split('.')[0] in ('azure', 'requests', 'werkzeug')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert manifest.types == ("Microsoft.*",)
