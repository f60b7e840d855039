"""A fresh AWS for every test, in process, and raw boto3 clients of it."""

import boto3
import pytest
from botocore.config import Config

from orchestrator.kit.simulation.faults import Faults
from orchestrator.kit.simulation.responders import Responders
from providers.aws import sandbox


class Cloud:
    """A sandbox whose clock stands still until a test moves it."""

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
        self._clients = {}

    def client(self, service):
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=self.running.endpoint,
                region_name="eu-central-1",
                aws_access_key_id="sandbox",
                aws_secret_access_key="sandbox",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def pass_time(self, seconds=11):
        self.time += seconds

    def close(self):
        for client in self._clients.values():
            client.close()
        self.running.close()
        self.responders.close_all()


@pytest.fixture
def cloud(tmp_path):
    made = Cloud(tmp_path)
    yield made
    made.close()


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
