"""A served simulator and the vendor's unmodified clients pointed at it."""

from __future__ import annotations

import json

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from orchestrator.kit.simulation.faults import Faults, FaultyApplication
from orchestrator.kit.simulation.server import serve
from orchestrator.model.change import Action
from orchestrator.model.ids import Address, StackId, TypeName, Uid
from orchestrator.model.ids import Token as IntentToken
from orchestrator.model.kind import How, ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Intent, Pending, Ref, Request
from providers.azure import settings
from providers.azure.provider import AzureProvider
from providers.azure.sandbox.answers import failed, throttled
from providers.azure.sandbox.app import SUBSCRIPTION, ArmSimulator, operation_name


class CountedAddresses:
    """Addresses on which nothing answers; what would answer is noted."""

    def __init__(self):
        self.statuses = {}
        self.made = 0

    def open(self, name, *, ports, status=200):
        self.made += 1
        address = f"127.64.0.{self.made}"
        self.statuses[address] = status
        return address

    def set_status(self, address, code):
        self.statuses[address] = code

    def close(self, address):
        self.statuses.pop(address, None)


class Token:
    """A credential that needs no network."""

    def get_token(self, *scopes, **kwargs):
        return AccessToken("sandbox", 2**31)


class Header(SansIOHTTPPolicy):
    """The token over plain HTTP, which the vendor's own policy refuses."""

    def on_request(self, request):
        request.http_request.headers["Authorization"] = "Bearer sandbox"


class Cloud:
    """A simulator that is served, with its faults and the typed clients."""

    def __init__(self, transition=0.0, page_size=100):
        self.addresses = CountedAddresses()
        self.faults = Faults()
        self.simulator = ArmSimulator(self.addresses, transition=transition, page_size=page_size)
        application = FaultyApplication(
            self.simulator,
            self.faults,
            operation=operation_name,
            cloud="azure",
            throttled=throttled,
            failed=failed,
        )
        self.server = serve(application)
        self.subscription = SUBSCRIPTION

    @property
    def world(self):
        return self.simulator.world

    def client(self, kind, **options):
        """A typed client; its own retries are off so that a test sees every answer."""
        settings = {
            "base_url": self.server.url,
            "credential_scopes": ["sandbox"],
            "authentication_policy": Header(),
            "polling_interval": 0,
            "retry_total": 0,
        }
        return kind(Token(), SUBSCRIPTION, **settings | options)

    @property
    def compute(self):
        return self.client(ComputeManagementClient)

    @property
    def network(self):
        return self.client(NetworkManagementClient)

    @property
    def storage(self):
        return self.client(StorageManagementClient)

    @property
    def resources(self):
        return self.client(ResourceManagementClient)


@pytest.fixture
def make_cloud():
    made = []

    def make(**options):
        made.append(Cloud(**options))
        return made[-1]

    yield make
    for each in made:
        each.server.close()


@pytest.fixture
def cloud(make_cloud):
    """Operations end as soon as somebody asks."""
    made = make_cloud()
    made.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    return made


@pytest.fixture
def slow(make_cloud):
    """Operations that end only when the test moves the clock."""
    made = make_cloud(transition=10.0)
    clock = [0.0]
    made.world.now = lambda: clock[0]
    made.tick = lambda seconds=10.0: clock.__setitem__(0, clock[0] + seconds)
    made.resources.resource_groups.create_or_update("rg", {"location": "westeurope"})
    return made


class Desk:
    """A provider at a simulator, and short ways to make it do things to the end."""

    def __init__(self, cloud, **given):
        self.cloud = cloud
        endpoint = {"subscription": SUBSCRIPTION, "endpoint": cloud.server.url, "credential": "sandbox"}
        self.provider = AzureProvider(settings.read(endpoint | given))
        self.group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"
        self.marker = Marker(StackId("shop"), Address("it"), Uid("u1"))

    def request(self, action, type, want=None, **more):
        return Request(
            action, TypeName(type), Address("it"), more.pop("marker", self.marker), want or {}, **more
        )

    def begin(self, action, type, want=None, **more):
        return self.provider.begin(self.request(action, type, want, **more), IntentToken("t"))

    def finish(self, type, outcome):
        """Polls to the end; every handle travels as JSON, as it does through the journal."""
        while isinstance(outcome, Pending):
            outcome = self.provider.poll(TypeName(type), json.loads(json.dumps(dict(outcome.handle))))
        return outcome.observed

    def create(self, type, want, **more):
        return self.finish(type, self.begin(Action.CREATE, type, want, **more))

    def update(self, type, want, prior, last=None):
        proposal = self.provider.propose(type, prior, want, last or want)
        begun = self.begin(
            Action.UPDATE, type, want, prior=prior, changes=proposal.changes, last=last or want
        )
        return self.finish(type, begun)

    def delete(self, type, prior, want=None):
        return self.finish(type, self.begin(Action.DELETE, type, prior=prior, last=want or prior.spec))

    def read(self, type, want, how=How.GET):
        ref = Ref(Address("it"), None, want)
        return self.provider.read_many(TypeName(type), [ref], ReadWay(how, 100)).found.get("it")

    def find(self, action, type, want, **more):
        marker = more.pop("marker", self.marker)
        intent = Intent(
            IntentToken("t"), action, TypeName(type), Address("it"), "azure", marker, want, **more
        )
        return self.provider.find(intent)


@pytest.fixture
def desk(cloud):
    return Desk(cloud)


@pytest.fixture
def slow_desk(slow):
    return Desk(slow)


@pytest.fixture
def make_desk():
    return Desk
