"""A fresh AWS for every test, in process, and raw boto3 clients of it."""

import json
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from orchestrator.kit.simulation.faults import Faults
from orchestrator.kit.simulation.responders import Responders
from orchestrator.model.change import Action
from orchestrator.model.ids import Address, ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Done, Intent, Ref, Request
from orchestrator.seams.manifest import Context
from providers.aws import manifest, sandbox


class Cloud:
    """A sandbox whose clock stands still until a test moves it. Served once, emptied for every test."""

    def __init__(self, folder):
        self.time = 1000.0
        self.faults = Faults()
        self.responders = Responders("127.66.0.0")
        self.running = sandbox.start(
            folder=folder,
            faults=self.faults,
            responders=self.responders,
            transition_seconds=10,
            now=lambda: self.time,
        )
        self._session = boto3.Session(
            region_name="eu-central-1", aws_access_key_id="sandbox", aws_secret_access_key="sandbox"
        )
        self._clients = {}
        settings = dict(self.running.settings)
        self.provider = manifest.configure(settings, Context(ProviderName("aws"), StackId("demo"), Path()))

    def client(self, service):
        if service not in self._clients:
            config = Config(retries={"total_max_attempts": 1})
            self._clients[service] = self._session.client(
                service, endpoint_url=self.running.endpoint, config=config
            )
        return self._clients[service]

    def pass_time(self, seconds=11):
        self.time += seconds

    def empty(self):
        self.faults.replace([])
        world = self.running.world
        world.now, world.transition_seconds = lambda: self.time, 10
        self.running.reset()

    def close(self):
        for client in self._clients.values():
            client.close()
        self.running.close()
        self.responders.close_all()


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    made = Cloud(tmp_path_factory.mktemp("sandbox"))
    yield made
    made.close()


@pytest.fixture
def cloud(served):
    yield served
    served.empty()


@pytest.fixture
def ec2(cloud):
    return cloud.client("ec2")


@pytest.fixture
def rds(cloud):
    return cloud.client("rds")


class Network:
    """A VPC with two subnets in two zones and a group, made by raw calls."""

    def __init__(self, ec2):
        self.vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            ec2.create_subnet(
                VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-central-1{zone}"
            )["Subnet"]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        self.group = ec2.create_security_group(VpcId=self.vpc, GroupName="g", Description="d")["GroupId"]


@pytest.fixture
def network(ec2):
    return Network(ec2)


class Stack:
    """What the core does with a provider, step by step: begin, journal the handle, poll until done."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.provider = cloud.provider
        self.count = 0

    def marker(self, name):
        self.count += 1
        return Marker(StackId("demo"), Address(name), Uid(f"uid-{name}-{self.count}"))

    def finish(self, type, answer):
        for _ in range(200):
            if isinstance(answer, Done):
                return answer.observed
            handle = json.loads(json.dumps(answer.handle))
            if answer.retry_after:
                self.cloud.pass_time(answer.retry_after)
            answer = self.provider.poll(TypeName(type), handle)
        raise AssertionError(f"{type} did not settle: {answer}")

    def request(self, action, type, want=None, prior=None, marker=None, last=None, changes=()):
        mark = marker or (prior and prior.marker) or self.marker("a")
        return Request(action, TypeName(type), mark.address, mark, want or {}, prior, changes, last or {})

    def create(self, type, want, marker=None):
        self.count += 1
        request = self.request(Action.CREATE, type, want, marker=marker or self.marker("a"))
        return self.finish(type, self.provider.begin(request, Token(f"t{self.count}")))

    def plan(self, type, observed, want, last=None):
        return self.provider.propose(TypeName(type), self.read(type, observed.id), want, last or want)

    def update(self, type, observed, want):
        prior = self.read(type, observed.id)
        proposal = self.provider.propose(TypeName(type), prior, want, {})
        request = self.request(Action.UPDATE, type, want, prior, changes=proposal.changes)
        self.count += 1
        return self.finish(type, self.provider.begin(request, Token(f"u{self.count}")))

    def delete(self, type, observed):
        return self.finish(
            type, self.provider.begin(self.request(Action.DELETE, type, prior=observed), Token("d"))
        )

    def read(self, type, id, way=None):
        kind = self.provider.kinds[TypeName(type)]
        ref = Ref(Address("a"), id)
        return self.provider.read_many(TypeName(type), [ref], way or kind.reads[0]).found.get(Address("a"))

    def seek(self, type, spec):
        kind = self.provider.kinds[TypeName(type)]
        found = self.provider.read_many(TypeName(type), [Ref(Address("a"), None, spec)], kind.reads[0]).found
        return found.get(Address("a"))

    def find(self, type, marker, spec, **more):
        intent = Intent(
            Token("t"), Action.CREATE, TypeName(type), marker.address, "aws", marker, spec=spec, **more
        )
        return self.provider.find(intent)


@pytest.fixture
def stack(cloud):
    return Stack(cloud)


@pytest.fixture
def ticking(cloud):
    """The sandbox with a clock that runs, for tests of the whole pipeline."""
    world = cloud.running.world
    world.now, world.transition_seconds = time.monotonic, 0.05
    return cloud
