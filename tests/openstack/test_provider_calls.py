"""How the provider talks: errors in three families, calls counted and few, names looked up once."""

from __future__ import annotations

import socket
import threading

import pytest

from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.change import Action
from orchestrator.model.errors import OutcomeUnknownError, PermanentError, TransientError
from orchestrator.model.health import Level
from orchestrator.model.ids import Address, ProviderName, StackId, TypeName, Uid
from orchestrator.model.kind import How, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Observed, Ref, Request
from orchestrator.model.values import Secret
from orchestrator.seams.manifest import Context
from providers.openstack import health
from providers.openstack.errors import Answer, translate
from providers.openstack.provider import OpenStackProvider

NET = TypeName("OS::Neutron::Net")
IMAGE = TypeName("OS::Glance::Image")
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def provider(simulated):
    return connected(simulated.settings)


def connected(settings) -> OpenStackProvider:
    return OpenStackProvider(settings, Context(ProviderName("openstack"), StackId("s"), None))


def creation(marker, type, spec):
    return Request(Action.CREATE, TypeName(type), Address("a"), marker, spec)


@pytest.fixture
def marker():
    return Marker(StackId("s"), Address("a"), Uid("u1"))


def test_the_account_is_the_project(provider, simulated):
    demo = next(p for p in simulated.cloud.projects if p.name == "demo")
    assert provider.account() == demo.id


def test_a_password_may_be_a_secret(simulated):
    settings = {**simulated.settings, "password": Secret(simulated.settings["password"], "env:PASSWORD")}
    assert connected(settings).account()


def test_a_wrong_password_is_permanent_and_says_so(simulated):
    provider = connected({**simulated.settings, "password": "wrong"})
    with pytest.raises(PermanentError, match="requires authentication") as caught:
        provider.account()
    assert caught.value.code == "AuthenticationFailed"


def test_a_cloud_that_clouds_yaml_does_not_know_is_permanent():
    with pytest.raises(PermanentError, match="nowhere-known was not found"):
        connected({"cloud": "nowhere-known"}).account()


def test_an_endpoint_that_nobody_listens_on_is_the_wrong_one(simulated):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    provider = connected({**simulated.settings, "auth_url": f"http://127.0.0.1:{port}/v3"})
    with pytest.raises(PermanentError, match="check the endpoint") as caught:
        provider.account()
    assert caught.value.code == "Unreachable"


def test_a_lost_answer_to_a_write_is_an_unknown_outcome_and_the_object_is_found(
    provider, simulated, marker, on_simulator
):
    provider.account()
    simulated.faults.replace([Rule("lost-answer", "POST /v2.0/networks", "openstack", times=1)])
    request, token = creation(marker, NET, {"name": "n"}), on_simulator.token()
    with pytest.raises(OutcomeUnknownError):
        provider.begin(request, token)
    found = provider.find(on_simulator.intent(request, token))
    assert found.spec["name"] == f"opsctl-{token}"


def test_a_lost_answer_to_a_read_is_transient(provider, simulated):
    provider.account()
    simulated.faults.replace([Rule("lost-answer", "GET /v2.0/networks*", "openstack", times=1)])
    with pytest.raises(TransientError):
        list(provider.discover(NET))


@pytest.mark.parametrize("fault", ["severed-answer", "lost-request"])
def test_a_service_whose_versions_could_not_be_heard_is_not_taken_for_one_without_any(
    provider, simulated, fault
):
    """The SDK says "no supported versions" then; the next try finds them."""
    provider.account()
    simulated.faults.replace([Rule(fault, "*")])
    with pytest.raises(TransientError):
        list(provider.discover(IMAGE))
    simulated.faults.replace([])
    assert list(provider.discover(IMAGE))


@pytest.mark.parametrize(("status", "family"), [(503, TransientError), (500, OutcomeUnknownError)])
def test_a_failing_service_is_transient_only_if_nothing_can_have_happened(
    provider, simulated, marker, status, family
):
    provider.account()
    simulated.faults.replace([Rule("error", "POST /v2.0/networks", "openstack", status=status, times=1)])
    with pytest.raises(family):
        provider.begin(creation(marker, NET, {"name": "n"}), "t1")


def test_throttling_is_transient_with_the_servers_word(provider, simulated):
    provider.account()
    simulated.faults.replace([Rule("throttle", "GET *", "openstack", times=1)])
    with pytest.raises(TransientError) as caught:
        list(provider.discover(NET))
    assert (caught.value.throttled, caught.value.retry_after) == (True, 1.0)


def test_a_quota_is_permanent_and_keeps_operation_message_and_request_id(provider, simulated, marker):
    simulated.cloud.quotas.network = 0
    with pytest.raises(PermanentError, match="Quota exceeded") as caught:
        provider.begin(creation(marker, NET, {"name": "n"}), "t1")
    error = caught.value
    assert (error.code, error.operation) == ("QuotaExceeded", "POST network /networks")
    assert error.request_id.startswith("req-")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"forbidden": {"code": 403, "message": "Quota exceeded for instances"}}, "QuotaExceeded"),
        (409, {"NeutronError": {"type": "OverQuota", "message": "Quota exceeded"}}, "QuotaExceeded"),
        (
            413,
            {"overLimit": {"code": 413, "message": "VolumeSizeExceedsAvailableQuota: ..."}},
            "QuotaExceeded",
        ),
        (
            403,
            {"NeutronError": {"type": "PolicyNotAuthorized", "message": "is disallowed by policy"}},
            "Forbidden",
        ),
        (400, {"NeutronError": {"type": "InvalidInput", "message": "no"}}, "InvalidInput"),
        (
            404,
            {"message": "No image<br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"},
            "NotFound",
        ),
        (400, "not json", "400"),
    ],
)
def test_refusals_of_every_service_are_permanent_with_a_code(status, body, code):
    error = translate(Answer("POST x", status, body, writes=True))
    assert (type(error), error.code) == (PermanentError, code)
    assert "<br" not in error.message


def test_a_busy_server_is_transient():
    body = {
        "conflictingRequest": {
            "code": 409,
            "message": "Cannot 'resize' while it is in task_state resize_prep",
        }
    }
    assert isinstance(translate(Answer("POST x", 409, body, writes=True)), TransientError)


def test_a_hundred_networks_are_read_in_one_call(provider, simulated, sdk):
    simulated.cloud.quotas.network = -1
    refs = [Ref(Address(f"n{i}"), sdk.network.create_network(name=f"n{i}").id) for i in range(100)]
    provider.account()
    provider.read_many(NET, refs[:1], ReadWay(How.GET))
    result = provider.read_many(NET, refs, ReadWay(How.LIST, 1000))
    assert (len(result.found), result.calls) == (100, 1)


def test_calls_of_other_threads_are_not_counted_as_ours(provider, sdk):
    made = sdk.network.create_network(name="n")
    provider.account()
    provider.read_many(NET, [Ref(Address("n"), made.id)], ReadWay(How.GET))
    others = [threading.Thread(target=lambda: list(provider.discover(NET))) for _ in range(4)]
    for other in others:
        other.start()
    result = provider.read_many(NET, [Ref(Address("n"), made.id)], ReadWay(How.GET))
    for other in others:
        other.join()
    assert result.calls == 1


def test_nothing_is_asked_for_what_cannot_be_known(provider):
    result = provider.read_many(NET, [Ref(Address("n"), None, {"name": "n"})], ReadWay(How.LIST, 1000))
    assert (result.found, result.calls) == ({}, 0)


def test_an_ambiguous_name_is_refused_with_the_ids(provider, sdk, marker):
    ids = {sdk.network.create_network(name="twin").id for _ in range(2)}
    request = creation(marker, "OS::Neutron::Subnet", {"network": "twin", "cidr": "10.0.0.0/24"})
    with pytest.raises(PermanentError, match="2 networks are named 'twin'") as caught:
        provider.begin(request, "t1")
    assert all(id in caught.value.message for id in ids)


def test_a_deletion_waits_for_what_still_holds_the_object(provider, on_simulator, sdk, marker):
    net = on_simulator.make(NET, {"name": "n"})
    subnet = on_simulator.make("OS::Neutron::Subnet", {"network": net.id, "cidr": "10.0.0.0/24"})
    port = sdk.network.create_port(network_id=net.id)
    request = Request(Action.DELETE, TypeName("OS::Neutron::Subnet"), Address("a"), marker, prior=subnet)
    answer = provider.begin(request, "t1")
    assert answer.waiting_for == "what still uses it"
    sdk.network.delete_port(port)
    assert provider.poll(request.type, answer.handle).observed is None


def test_an_image_is_looked_up_by_name_or_id(provider):
    found = look_up(provider, {"name": "cirros"})
    assert (found.status["name"], found.status["status"]) == ("cirros", "active")
    assert look_up(provider, {"id": found.id}).id == found.id
    assert look_up(provider, {"name": "nothing"}) is None


def look_up(provider, spec):
    ref = Ref(Address("i"), None, spec)
    return provider.read_many(IMAGE, [ref], ReadWay(How.GET)).found.get(Address("i"))


def test_several_images_of_a_name_need_a_choice(provider, simulated):
    for image in simulated.cloud.table("images").values():
        image["name"] = "same"
    with pytest.raises(PermanentError, match="most_recent: true"):
        look_up(provider, {"name": "same"})
    assert look_up(provider, {"name": "same", "most_recent": True}) is not None


def test_an_error_state_ends_a_creation_with_the_clouds_reason(provider, on_simulator, simulated, marker):
    net = on_simulator.make(NET, {"name": "n"})
    on_simulator.make("OS::Neutron::Subnet", {"network": net.id, "cidr": "10.0.0.0/24"})
    flavor = next(f for f in simulated.cloud.table("flavors").values() if f["name"] == "m1.tiny")
    flavor["ram"] = 50000
    spec = {"name": "v", "image": "cirros", "flavor": "m1.tiny", "networks": [{"network": net.id}]}
    with pytest.raises(PermanentError, match="No valid host was found"):
        on_simulator.make("OS::Nova::Server", spec)
    on_simulator.raw.compute.delete_server(next(on_simulator.raw.compute.servers()))
    simulated.wait()


@pytest.mark.parametrize(
    ("status", "level"),
    [
        ("ACTIVE", Level.HEALTHY),
        ("BUILD", Level.PROGRESSING),
        ("ERROR", Level.FAILED),
        ("NEW_WORD", Level.UNKNOWN),
    ],
)
def test_a_state_that_nobody_listed_is_unknown(status, level):
    seen = Observed("i", {}, {"status": status, "fault": {"message": "because"}})
    assessed = health.assess(seen, reports=True)
    assert (assessed.level, "because" in assessed.message) == (level, True)


def test_what_the_cloud_wrote_differently_is_no_difference(provider):
    kind = TypeName("OS::Neutron::Subnet")
    seen = Observed("i", {"network": NOBODY, "cidr": "fd00::/64", "ip_version": 6, "gateway_ip": "fd00::1"})
    want = {"network": NOBODY, "cidr": "FD00:0::/64", "ip_version": 6, "gateway_ip": "FD00:0::0001"}
    assert provider.propose(kind, seen, want, want).action is Action.NOOP


def test_a_change_that_may_be_made_again_is_transient_when_its_answer_is_lost(
    provider, on_simulator, simulated
):
    """PUT and DELETE say how it is to be: there is nothing to settle."""
    made = on_simulator.make(NET, {"name": "n"})
    provider.account()
    for action, operation in ((Action.UPDATE, "PUT /v2.0/networks/*"), (Action.DELETE, "DELETE *")):
        want = {"name": "other"}
        changes = provider.propose(NET, made, want, want).changes
        request = Request(action, NET, Address("a"), on_simulator.marker("a"), want, made, changes)
        simulated.faults.replace([Rule("lost-answer", operation, "openstack", times=1)])
        with pytest.raises(TransientError):
            provider.begin(request, "t1")
        done = provider.begin(request, "t1")
        assert done.observed is None or done.observed.spec["name"] == "other"
