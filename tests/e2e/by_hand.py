"""An application that somebody made by hand, with the vendors' own SDKs: on AWS, Azure and OpenStack.

Enters: raw clients. Leaves: objects without any mark of ours, and what is the root of each cloud's part.
"""

from __future__ import annotations

from typing import Any

NETWORK, COMPUTE, STORAGE, MYSQL = "2024-05-01", "2024-07-01", "2023-05-01", "2023-12-30"
TAGS = [{"Key": "app", "Value": "legacy"}]


def tagged(kind: str, name: str) -> list[dict[str, Any]]:
    """What EC2 is given to tag something new."""
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}, *TAGS]}]


def on_aws(outside: Any) -> None:
    """A network with a way out, a machine, a database and a bucket."""
    ec2 = outside.ec2
    vpc = ec2.create_vpc(CidrBlock="10.50.0.0/16", TagSpecifications=tagged("vpc", "legacy"))["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.50.{number}.0/24",
            AvailabilityZone=f"eu-west-1{zone}",
            TagSpecifications=tagged("subnet", f"legacy-{zone}"),
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    gateway = ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", "way-out"))
    gateway = gateway["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table", "routes"))
    table = table["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])
    web, inner = (
        ec2.create_security_group(
            GroupName=name,
            Description=name,
            VpcId=vpc,
            TagSpecifications=tagged("security-group", name),
        )["GroupId"]
        for name in ("legacy-web", "legacy-inner")
    )
    http = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[http])
    database = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "UserIdGroupPairs": [{"GroupId": web}]}
    ec2.authorize_security_group_ingress(GroupId=inner, IpPermissions=[database])
    ec2.run_instances(
        ImageId="ami-12345678",
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnets[0],
        SecurityGroupIds=[web],
        UserData="echo ${HOME}",
        TagSpecifications=tagged("instance", "legacy-web"),
    )
    outside.rds.create_db_subnet_group(
        DBSubnetGroupName="legacy", DBSubnetGroupDescription="two zones", SubnetIds=subnets, Tags=TAGS
    )
    outside.rds.create_db_instance(
        DBInstanceIdentifier="legacy-orders",
        DBInstanceClass="db.t3.micro",
        Engine="mysql",
        AllocatedStorage=20,
        MasterUsername="root1",
        MasterUserPassword="only-for-a-test",
        DBSubnetGroupName="legacy",
        VpcSecurityGroupIds=[inner],
        Tags=TAGS,
    )
    outside.s3.create_bucket(
        Bucket="legacy-assets", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    outside.s3.put_bucket_versioning(Bucket="legacy-assets", VersioningConfiguration={"Status": "Enabled"})
    outside.s3.put_bucket_tagging(Bucket="legacy-assets", Tagging={"TagSet": TAGS})


def on_azure(outside: Any) -> None:
    """A group with a network and its rules, a machine's interface, a store and a database."""
    group = f"{outside.subscription}/resourceGroups/legacy"
    outside.arm("PUT", group, "2024-03-01", {"location": "westeurope", "tags": {"app": "legacy"}})

    def put(path: str, version: str, **body: Any) -> str:
        made = outside.arm("PUT", f"{group}/providers/{path}", version, {"location": "westeurope", **body})
        assert made is not None, path
        return f"{group}/providers/{path}"

    allowed = {
        "priority": 100,
        "direction": "Inbound",
        "access": "Allow",
        "protocol": "Tcp",
        "sourceAddressPrefix": "10.0.0.0/8",
        "sourcePortRange": "*",
        "destinationAddressPrefix": "*",
        "destinationPortRange": "443",
    }
    firewall = put(
        "Microsoft.Network/networkSecurityGroups/inner",
        NETWORK,
        properties={"securityRules": [{"name": "https", "properties": allowed}]},
    )
    put(
        "Microsoft.Network/virtualNetworks/legacy",
        NETWORK,
        properties={
            "addressSpace": {"addressPrefixes": ["10.60.0.0/16"]},
            "subnets": [
                {
                    "name": "machines",
                    "properties": {"addressPrefix": "10.60.1.0/24", "networkSecurityGroup": {"id": firewall}},
                }
            ],
        },
    )
    subnet = f"{group}/providers/Microsoft.Network/virtualNetworks/legacy/subnets/machines"
    put(
        "Microsoft.Network/networkInterfaces/web",
        NETWORK,
        properties={"ipConfigurations": [{"name": "one", "properties": {"subnet": {"id": subnet}}}]},
    )
    put(
        "Microsoft.Storage/storageAccounts/legacyassets",
        STORAGE,
        kind="StorageV2",
        sku={"name": "Standard_LRS"},
        properties={"allowBlobPublicAccess": False, "minimumTlsVersion": "TLS1_2"},
    )
    put(
        "Microsoft.DBforMySQL/flexibleServers/legacy-orders",
        MYSQL,
        sku={"name": "Standard_B1ms", "tier": "Burstable"},
        properties={
            "version": "8.0.21",
            "administratorLogin": "root1",
            "administratorLoginPassword": "Only-for-a-test1",
            "storage": {"storageSizeGB": 20},
        },
    )


def on_openstack(outside: Any) -> None:
    """A network with a router, a group with a rule, a server with a disk and a public address."""
    cloud = outside.nova
    network = cloud.network.create_network(name="legacy")
    subnet = cloud.network.create_subnet(
        name="legacy", network_id=network.id, cidr="10.70.0.0/24", ip_version=4
    )
    public = next(cloud.network.networks(**{"router:external": True}))
    router = cloud.network.create_router(name="legacy", external_gateway_info={"network_id": public.id})
    cloud.network.add_interface_to_router(router, subnet=subnet.id)
    group = cloud.network.create_security_group(name="legacy", description="web")
    cloud.network.create_security_group_rule(
        security_group_id=group.id,
        direction="ingress",
        ethertype="IPv4",
        protocol="tcp",
        port_range_min=80,
        port_range_max=80,
        remote_ip_prefix="0.0.0.0/0",
    )
    port = cloud.network.create_port(
        name="legacy",
        network_id=network.id,
        fixed_ips=[{"subnet_id": subnet.id}],
        security_groups=[group.id],
    )
    flavor = next(f for f in cloud.compute.flavors() if f.name == "m1.tiny")
    image = next(i for i in cloud.image.images() if i.name == "cirros")
    server = cloud.compute.create_server(
        name="legacy", flavor_id=flavor.id, image_id=image.id, networks=[{"port": port.id}]
    )
    cloud.compute.wait_for_server(server, interval=0.1)
    volume = cloud.block_storage.create_volume(name="legacy", size=1)
    cloud.block_storage.wait_for_status(volume, "available", interval=0.1)
    cloud.compute.create_volume_attachment(server, volume_id=volume.id)
    cloud.network.create_ip(floating_network_id=public.id, port_id=port.id)
