"""The clouds as somebody else sees them: the vendors' own SDKs at the sandbox, and nothing of opsctl.

Enters: the folder of a running sandbox. Leaves: raw clients, changes made behind opsctl's back, and an inventory
of everything that is there. Holds: each object is one line of the inventory, so that nothing can be there twice
without being counted twice.
"""

from __future__ import annotations

import json
import re
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import openstack
from azure.core import PipelineClient
from azure.core.pipeline.policies import HeadersPolicy
from azure.core.rest import HttpRequest
from botocore.config import Config

REGION = "eu-west-1"
STORAGE, MYSQL = "2023-05-01", "2023-12-30"
NETWORK, COMPUTE = "2024-05-01", "2024-07-01"
_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


class Outside:
    """Raw access to the three stand-ins of one sandbox."""

    def __init__(self, folder: Path) -> None:
        """Read where the sandbox is; a connection is made at the first use."""
        clouds = json.loads((folder / "sandbox.json").read_text("utf-8"))["clouds"]
        self._settings: Mapping[str, Mapping[str, Any]] = {n: c["settings"] for n, c in clouds.items()}

    @classmethod
    def over(cls, connection: Any) -> Outside:
        """The same look at an OpenStack that is connected already."""
        made = cls.__new__(cls)
        made.__dict__["nova"] = connection
        return made

    @cached_property
    def _session(self) -> Any:
        keys = self._settings["aws"]
        return boto3.Session(
            region_name=REGION,
            aws_access_key_id=keys["accessKeyId"],
            aws_secret_access_key=keys["secretAccessKey"],
        )

    def _client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 1})
        return self._session.client(service, endpoint_url=self._settings["aws"]["endpoint"], config=config)

    @cached_property
    def ec2(self) -> Any:
        """boto3's EC2."""
        return self._client("ec2")

    @cached_property
    def rds(self) -> Any:
        """boto3's RDS."""
        return self._client("rds")

    @cached_property
    def s3(self) -> Any:
        """boto3's S3."""
        return self._client("s3")

    @cached_property
    def nova(self) -> Any:
        """The connection of openstacksdk."""
        given = self._settings["openstack"]
        auth = {name: value for name, value in given.items() if name != "region_name"}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openstack.connect(
                auth=auth, region_name=given["region_name"], load_yaml_config=False, load_envvars=False
            )

    @cached_property
    def _arm(self) -> Any:
        return PipelineClient(
            self._settings["azure"]["endpoint"], policies=[HeadersPolicy({"Authorization": "Bearer sandbox"})]
        )

    @property
    def subscription(self) -> str:
        """The path of the sandbox's Azure subscription."""
        return f"/subscriptions/{self._settings['azure']['subscription']}"

    def arm(self, method: str, path: str, version: str, body: Any = None) -> Any:
        """One ARM call by azure-core; None where nothing is there. Waits for the end of what takes long."""
        url = self._settings["azure"]["endpoint"] + path
        request = HttpRequest(method, url, params={"api-version": version}, json=body)
        answer = self._arm.send_request(request)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        operation = answer.headers.get("Azure-AsyncOperation")
        while operation and self._arm.send_request(HttpRequest("GET", operation)).json()["status"] in _GOING:
            time.sleep(0.1)
        return answer.json() if answer.content else {}

    def inventory(self, *clouds: str) -> Counter[str]:
        """Everything in these clouds (all, where none is named), without identifiers: two equal lines are two objects."""
        looks = {"aws": self._aws, "azure": self._azure, "openstack": self.openstack}
        return Counter(line for cloud in clouds or looks for line in looks[cloud]())

    def _aws(self) -> Iterator[str]:
        vpcs = {v["VpcId"]: v["CidrBlock"] for v in self.ec2.describe_vpcs()["Vpcs"]}
        yield from (f"aws vpc {cidr}" for cidr in vpcs.values())
        for net in self.ec2.describe_subnets()["Subnets"]:
            yield f"aws subnet {net['CidrBlock']} {net['AvailabilityZone']}"
        for group in self.ec2.describe_security_groups()["SecurityGroups"]:
            ports = sorted(str(p.get("FromPort")) for p in group["IpPermissions"])
            yield f"aws security group {group['GroupName']} in {vpcs[group['VpcId']]} opens {ports}"
        for gateway in self.ec2.describe_internet_gateways()["InternetGateways"]:
            yield f"aws gateway at {[vpcs[a['VpcId']] for a in gateway['Attachments']]}"
        for table in self.ec2.describe_route_tables()["RouteTables"]:
            routes = sorted(str(route.get("DestinationCidrBlock")) for route in table["Routes"])
            ends = sum("SubnetId" in a for a in table["Associations"])
            yield f"aws route table in {vpcs[table['VpcId']]} {routes} for {ends} subnets"
        for reservation in self.ec2.describe_instances()["Reservations"]:
            for machine in reservation["Instances"]:
                if machine["State"]["Name"] not in ("shutting-down", "terminated"):
                    yield f"aws instance {machine['InstanceType']} {machine['State']['Name']}"
        for server in self.rds.describe_db_instances()["DBInstances"]:
            yield f"aws database {server['DBInstanceIdentifier']} {server['DBInstanceClass']}"
        for group in self.rds.describe_db_subnet_groups()["DBSubnetGroups"]:
            yield f"aws database subnets {group['DBSubnetGroupName']} of {len(group['Subnets'])}"
        yield from (f"aws bucket {bucket['Name']}" for bucket in self.s3.list_buckets()["Buckets"])

    def _azure(self) -> Iterator[str]:
        yield from self._arm_list(f"{self.subscription}/resourceGroups", "2021-04-01")
        for type, version, children in _ARM:
            found = self.arm("GET", f"{self.subscription}/providers/{type}", version) or {"value": []}
            for each in found["value"]:
                yield _arm_line(each)
                for child in children:
                    yield from self._arm_list(f"{each['id']}/{child}", version)

    def _arm_list(self, path: str, version: str) -> Iterator[str]:
        found = self.arm("GET", path, version) or {"value": []}
        yield from map(_arm_line, found["value"])

    def openstack(self) -> Iterator[str]:
        """What is there of OpenStack."""
        network, own = self.nova.network, {"project_id": self.nova.current_project_id}
        yield from (f"openstack network {net.name}" for net in network.networks(**own))
        yield from (f"openstack subnet {net.name} {net.cidr}" for net in network.subnets(**own))
        for router in network.routers(**own):
            yield f"openstack router {router.name} to {bool(router.external_gateway_info)}"
        for port in network.ports(**own):
            yield f"openstack port {port.name!r} of {port.device_owner or 'nobody'}"
        groups = {group.id: group.name for group in network.security_groups(**own)}
        yield from (f"openstack security group {name}" for name in groups.values())
        for rule in network.security_group_rules(**own):
            ports = f"{rule.protocol} {rule.port_range_min}"
            yield f"openstack rule {rule.direction} {rule.ether_type} {ports} of {groups[rule.security_group_id]}"
        for address in network.ips(**own):
            yield f"openstack floating address {'in use' if address.port_id else 'free'}"
        for server in self.nova.compute.servers():
            yield f"openstack server {server.name} {server.flavor.original_name} {server.status}"
        for disk in self.nova.block_storage.volumes():
            yield f"openstack volume {disk.name} {disk.size} {disk.status}"
        yield from (f"openstack key pair {pair.name}" for pair in self.nova.compute.keypairs())


_GOING = ("InProgress", "Running")
_ARM: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Microsoft.Storage/storageAccounts", STORAGE, ("blobServices/default/containers",)),
    ("Microsoft.DBforMySQL/flexibleServers", MYSQL, ("databases", "firewallRules")),
    ("Microsoft.Network/virtualNetworks", NETWORK, ("subnets",)),
    ("Microsoft.Network/networkSecurityGroups", NETWORK, ()),
    ("Microsoft.Network/networkInterfaces", NETWORK, ()),
    ("Microsoft.Network/publicIPAddresses", NETWORK, ()),
    ("Microsoft.Compute/disks", COMPUTE, ()),
    ("Microsoft.Compute/virtualMachines", COMPUTE, ()),
)


def _arm_line(resource: Mapping[str, Any]) -> str:
    place = str(resource["id"]).partition("/resourceGroups/")[2]
    return f"azure {_ID.sub('…', place)}"
