"""What is applied, variant after variant, until everything is gone again: one journey a cloud.

Each variant is a stack's files in whole. Going from one to the next makes opsctl create, update, replace (either half
first), move, forget, adopt, take back by a gate, and delete; some of it by many calls, some of it by long ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.documents import file, other, resource

UNHEALTHY: Final = (
    "health: [{tcp: {host: 127.0.0.1, port: 1}, within: 500ms, interval: 250ms, onFailure: undo}]\n"
)
"""Nothing listens on port 1: what was done is taken back."""


@dataclass(frozen=True)
class Variant:
    """What is wanted next. ``{NAME}`` in a document is the id that a resource had before."""

    name: str
    resources: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    """Documents of other kinds: Moved, Removed, Import."""
    undone: bool = False
    """Its gate fails, and what is there afterwards is what was there before."""

    def text(self, ids: Mapping[str, str]) -> str:
        """As a file."""
        whole = file(*self.resources.values(), *self.others)
        for name, id in ids.items():
            whole = whole.replace(f"<{name}>", id)
        return whole

    def but(
        self, name: str, *, undone: bool = False, others: tuple[str, ...] = (), **resources: str
    ) -> Variant:
        """The same with other resources; an empty one is left out."""
        left = {n: t for n, t in {**self.resources, **resources}.items() if t}
        return Variant(name, left, others, undone)


def _edited(variant: Variant, name: str, *edits: tuple[str, str]) -> str:
    text = variant.resources[name]
    for old, new in edits:
        if old not in text:
            raise AssertionError(f"{name} has no {old!r}")
        text = text.replace(old, new)
    return text


GONE: Final = Variant("delete")
CREATE_FIRST: Final = ("spec:", "lifecycle: {replace: createFirst}\nspec:")
"""An edit of any document."""
AZURE_DISK: Final = resource(
    "disk",
    "Microsoft.Compute/disks",
    '{name: disk, parent: "${group.status.id}", location: westeurope, sku: {name: Standard_LRS}, '
    "properties: {diskSizeGB: 4, creationData: {createOption: Empty}}}",
)


def openstack() -> list[Variant]:
    """Networks (made by three calls), a server and a volume (which take their time), rules without a marker."""
    made = Variant(
        "create",
        {
            "net": resource("net", "OS::Neutron::Net", "{name: crash, tags: [one]}"),
            "range": resource(
                "range",
                "OS::Neutron::Subnet",
                '{name: crash, network: "${net.status.id}", cidr: 10.9.0.0/24, ip_version: 4}',
            ),
            "guard": resource("guard", "OS::Neutron::SecurityGroup", "{name: crash}"),
            "open": resource(
                "open",
                "OS::Neutron::SecurityGroupRule",
                '{security_group: "${guard.status.id}", direction: ingress, protocol: tcp, port_range_min: 22, '
                "port_range_max: 22, remote_ip_prefix: 10.0.0.0/8}",
            ),
            "port": resource(
                "port",
                "OS::Neutron::Port",
                '{name: crash, network: "${net.status.id}", fixed_ips: [{subnet: "${range.status.id}"}], '
                'security_groups: ["${guard.status.id}"]}',
            ),
            "server": resource(
                "server",
                "OS::Nova::Server",
                '{name: crash, image: IMAGE, flavor: m1.tiny, networks: [{port: "${port.status.id}"}]}',
            ),
            "disk": resource("disk", "OS::Cinder::Volume", "{name: crash, size: 1}"),
        },
    )
    updated = made.but(
        "update",
        net=_edited(made, "net", ("[one]", "[two]")),
        guard=_edited(made, "guard", ("name: crash", "name: crash, description: new")),
        disk=_edited(made, "disk", ("size: 1", "size: 2")),
        server=_edited(made, "server", ("name: crash", "name: renamed")),
    )
    replaced = updated.but(
        "replace, delete first",
        open=_edited(updated, "open", ("port_range_max: 22", "port_range_max: 23")),
        server=_edited(updated, "server", ("name: renamed", "name: renamed, config_drive: true")),
    )
    first = replaced.but(
        "replace, create first",
        disk=_edited(replaced, "disk", ("size: 2", "size: 1"), CREATE_FIRST),
    )
    moved = first.but(
        "move",
        others=(other("Moved", "{from: net, to: lan}"),),
        net="",
        lan=_edited(first, "net", ("{name: net}", "{name: lan}")),
        **{n: first.resources[n].replace("${net.", "${lan.") for n in ("range", "port")},
    )
    forgotten = moved.but("forget", others=(other("Removed", "{from: disk, delete: false}"),), disk="")
    adopted = moved.but("adopt", others=(other("Import", '{to: disk, id: "<disk>"}'),))
    bad_change = moved.but("undo an update", undone=True, lan=_gated(moved, "lan", ("[two]", "[three]")))
    extra = resource("extra", "OS::Neutron::Net", "{name: extra}", UNHEALTHY)
    bad_create = moved.but("undo a create", undone=True, extra=extra)
    return [made, updated, replaced, first, moved, forgotten, adopted, bad_change, bad_create, GONE]


def _gated(variant: Variant, name: str, *edits: tuple[str, str]) -> str:
    return _edited(variant, name, *edits).replace("spec:", f"{UNHEALTHY}spec:", 1)


def aws() -> list[Variant]:
    """A VPC (made by many calls), an instance by token, a bucket and a database by name, rules by their key."""
    made = Variant(
        "create",
        {
            "net": resource(
                "net",
                "AWS::EC2::VPC",
                "{CidrBlock: 10.7.0.0/16, EnableDnsHostnames: true, Tags: [{Key: it, Value: one}]}",
            ),
            "lan": resource(
                "lan",
                "AWS::EC2::Subnet",
                '{VpcId: "${net.status.id}", CidrBlock: 10.7.1.0/24, AvailabilityZone: eu-west-1a, '
                "MapPublicIpOnLaunch: true}",
            ),
            "lan2": resource(
                "lan2",
                "AWS::EC2::Subnet",
                '{VpcId: "${net.status.id}", CidrBlock: 10.7.2.0/24, AvailabilityZone: eu-west-1b}',
            ),
            "table": resource("table", "AWS::EC2::RouteTable", '{VpcId: "${net.status.id}"}'),
            "uses": resource(
                "uses",
                "AWS::EC2::SubnetRouteTableAssociation",
                '{RouteTableId: "${table.status.id}", SubnetId: "${lan.status.id}"}',
            ),
            "web": resource(
                "web",
                "AWS::EC2::SecurityGroup",
                '{GroupDescription: web, VpcId: "${net.status.id}"}',
            ),
            "open": resource(
                "open",
                "AWS::EC2::SecurityGroupIngress",
                '{GroupId: "${web.status.id}", IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.0.0.0/8}',
            ),
            "machine": resource(
                "machine",
                "AWS::EC2::Instance",
                '{ImageId: ami-12345678, InstanceType: t3.micro, SubnetId: "${lan.status.id}", '
                'SecurityGroupIds: ["${web.status.id}"]}',
            ),
            "lake": resource("lake", "AWS::S3::Bucket", "{BucketName: STACK-lake}"),
            "places": resource(
                "places",
                "AWS::RDS::DBSubnetGroup",
                '{DBSubnetGroupDescription: places, SubnetIds: ["${lan.status.id}", "${lan2.status.id}"]}',
            ),
            "data": resource(
                "data",
                "AWS::RDS::DBInstance",
                "{Engine: mysql, DBInstanceClass: db.t3.micro, AllocatedStorage: '20', MasterUsername: root, "
                'MasterUserPassword: "${secret(\'env:CRASH_PASSWORD\')}", DBSubnetGroupName: "${places.status.id}"}',
            ),
        },
    )
    updated = made.but(
        "update",
        net=_edited(made, "net", ("Value: one", "Value: two")),
        lan=_edited(made, "lan", ("OnLaunch: true", "OnLaunch: false")),
        lake=_edited(made, "lake", ("-lake", "-lake, VersioningConfiguration: {Status: Enabled}")),
        data=_edited(made, "data", ("'20'", "'30'")),
        machine=_edited(made, "machine", ("t3.micro", "t3.small")),
    )
    replaced = updated.but(
        "replace, delete first",
        open=_edited(updated, "open", ("ToPort: 22", "ToPort: 23")),
        machine=_edited(updated, "machine", ("ami-12345678", "ami-87654321")),
        uses=_edited(updated, "uses", ("${lan.", "${lan2.")),
    )
    first = replaced.but(
        "replace, create first",
        machine=_edited(replaced, "machine", ("ami-87654321", "ami-12345678"), CREATE_FIRST),
        table=_edited(replaced, "table", ("{VpcId", "{Tags: [{Key: it, Value: two}], VpcId")),
    )
    moved = first.but(
        "move",
        others=(other("Moved", "{from: machine, to: worker}"),),
        machine="",
        worker=_edited(first, "machine", ("{name: machine}", "{name: worker}")),
    )
    forgotten = moved.but("forget", others=(other("Removed", "{from: lake, delete: false}"),), lake="")
    adopted = moved.but("adopt", others=(other("Import", '{to: lake, id: "<lake>"}'),))
    bad_change = moved.but(
        "undo an update", undone=True, net=_gated(moved, "net", ("Value: two", "Value: three"))
    )
    extra = resource("extra", "AWS::EC2::VPC", "{CidrBlock: 10.6.0.0/16}", UNHEALTHY)
    bad_create = moved.but("undo a create", undone=True, extra=extra)
    return [made, updated, replaced, first, moved, forgotten, adopted, bad_change, bad_create, GONE]


def azure() -> list[Variant]:
    """Long-running operations nearly everywhere; names are the identity, so nothing can be there twice."""
    group = '"${group.status.id}"'
    made = Variant(
        "create",
        {
            "group": resource(
                "group", "Microsoft.Resources/resourceGroups", "{name: crash, location: westeurope}"
            ),
            "net": resource(
                "net",
                "Microsoft.Network/virtualNetworks",
                f"{{name: net, parent: {group}, location: westeurope, tags: {{it: one}}, "
                "properties: {addressSpace: {addressPrefixes: [10.8.0.0/16]}}}",
            ),
            "lan": resource(
                "lan",
                "Microsoft.Network/virtualNetworks/subnets",
                '{name: lan, parent: "${net.status.id}", properties: {addressPrefix: 10.8.1.0/24}}',
            ),
            "guard": resource(
                "guard",
                "Microsoft.Network/networkSecurityGroups",
                f"{{name: guard, parent: {group}, location: westeurope}}",
            ),
            "nic": resource(
                "nic",
                "Microsoft.Network/networkInterfaces",
                f"{{name: nic, parent: {group}, location: westeurope, properties: {{ipConfigurations: "
                '[{name: one, properties: {subnet: {id: "${lan.status.id}"}}}]}}',
            ),
            "lake": resource(
                "lake",
                "Microsoft.Storage/storageAccounts",
                f"{{name: lake0001, parent: {group}, location: westeurope, kind: StorageV2, "
                "sku: {name: Standard_LRS}}",
            ),
            "raw": resource(
                "raw",
                "Microsoft.Storage/storageAccounts/blobServices/containers",
                '{name: raw, parent: "${lake.status.id}"}',
            ),
            "disk": AZURE_DISK,
        },
    )
    updated = made.but(
        "update",
        net=_edited(made, "net", ("it: one", "it: two")),
        disk=_edited(made, "disk", ("diskSizeGB: 4", "diskSizeGB: 8")),
        lake=_edited(made, "lake", ("westeurope,", "westeurope, tags: {it: two},")),
    )
    replaced = updated.but(
        "replace, delete first",
        disk=_edited(updated, "disk", ("diskSizeGB: 8", "diskSizeGB: 4")),
        guard=_edited(updated, "guard", ("{name: guard, parent", "{name: guard2, parent")),
    )
    first = replaced.but(
        "replace, create first",
        disk=_edited(replaced, "disk", ("{name: disk, parent", "{name: disk2, parent"), CREATE_FIRST),
    )
    moved = first.but(
        "move",
        others=(other("Moved", "{from: lake, to: sea}"),),
        lake="",
        sea=_edited(first, "lake", ("{name: lake}", "{name: sea}")),
        raw=_edited(first, "raw", ("${lake.", "${sea.")),
    )
    forgotten = moved.but("forget", others=(other("Removed", "{from: disk, delete: false}"),), disk="")
    adopted = moved.but("adopt", others=(other("Import", '{to: disk, id: "<disk>"}'),))
    bad_change = moved.but("undo an update", undone=True, net=_gated(moved, "net", ("it: two", "it: three")))
    extra = resource(
        "extra", "Microsoft.Resources/resourceGroups", "{name: extra, location: westeurope}", UNHEALTHY
    )
    bad_create = moved.but("undo a create", undone=True, extra=extra)
    return [made, updated, replaced, first, moved, forgotten, adopted, bad_change, bad_create, GONE]


def mixed() -> list[Variant]:
    """One stack over three clouds: what is made in one stands in the specs of the next, so steps of all are in flight."""
    made = Variant(
        "create",
        {
            "net": resource(
                "net", "AWS::EC2::VPC", "{CidrBlock: 10.7.0.0/16, Tags: [{Key: it, Value: one}]}"
            ),
            "lake": resource("lake", "AWS::S3::Bucket", "{BucketName: STACK-lake}"),
            "group": resource(
                "group",
                "Microsoft.Resources/resourceGroups",
                '{name: crash, location: westeurope, tags: {net: "${net.status.id}"}}',
            ),
            "disk": AZURE_DISK,
            "guard": resource(
                "guard", "OS::Neutron::SecurityGroup", '{name: crash, description: "${net.status.id}"}'
            ),
            "open": resource(
                "open",
                "OS::Neutron::SecurityGroupRule",
                '{security_group: "${guard.status.id}", direction: ingress, protocol: tcp, port_range_min: 22, '
                'port_range_max: 22, remote_ip_prefix: "${net.status.CidrBlock}"}',
            ),
            "volume": resource(
                "volume", "OS::Cinder::Volume", '{name: crash, size: 1, description: "${lake.status.id}"}'
            ),
        },
    )
    updated = made.but(
        "update",
        net=_edited(made, "net", ("Value: one", "Value: two")),
        disk=_edited(made, "disk", ("diskSizeGB: 4", "diskSizeGB: 8")),
        volume=_edited(made, "volume", ("size: 1", "size: 2")),
    )
    replaced = updated.but(
        "replace, delete first",
        net=_edited(updated, "net", ("10.7.0.0", "10.8.0.0")),
        disk=_edited(updated, "disk", ("diskSizeGB: 8", "diskSizeGB: 4")),
    )
    first = replaced.but(
        "replace, create first",
        volume=_edited(replaced, "volume", ("size: 2", "size: 1"), CREATE_FIRST),
    )
    extra = resource("extra", "AWS::EC2::VPC", "{CidrBlock: 10.6.0.0/16}", UNHEALTHY)
    bad_create = first.but("undo a create", undone=True, extra=extra)
    return [made, updated, replaced, first, bad_create, GONE]


JOURNEYS: Final = {"aws": aws, "azure": azure, "openstack": openstack, "mixed": mixed}
