"""Which kind stands where: a kind's module is imported when the kind is first asked for.

A stack uses a few of the kinds, and making all of them costs more than asking the cloud for a token.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from orchestrator.kit.kinds import Kind
from orchestrator.model.ids import TypeName
from providers.openstack.kinds.kind import Cloud

PLACES: Final[Mapping[str, str]] = {
    "OS::Neutron::Net": "net",
    "OS::Neutron::Subnet": "subnet",
    "OS::Neutron::Router": "router",
    "OS::Neutron::RouterInterface": "router_interface",
    "OS::Neutron::Port": "port",
    "OS::Neutron::SecurityGroup": "security_group",
    "OS::Neutron::SecurityGroupRule": "security_group_rule",
    "OS::Neutron::FloatingIP": "floating_ip",
    "OS::Neutron::FloatingIPAssociation": "floating_ip_association",
    "OS::Neutron::AddressScope": "address_scope",
    "OS::Neutron::SubnetPool": "subnet_pool",
    "OS::Neutron::AddressGroup": "address_group",
    "OS::Neutron::ExtraRouteSet": "extra_route",
    "OS::Neutron::Trunk": "trunk",
    "OS::Neutron::FloatingIPPortForward": "port_forward",
    "OS::Neutron::RBACPolicy": "rbac_policy",
    "OS::Neutron::QoSPolicy": "qos.POLICY",
    "OS::Neutron::QoSBandwidthLimitRule": "qos.BANDWIDTH_LIMIT",
    "OS::Neutron::QoSDscpMarkingRule": "qos.DSCP_MARKING",
    "OS::Neutron::QoSMinimumBandwidthRule": "qos.MINIMUM_BANDWIDTH",
    "OS::Neutron::QoSMinimumPacketRateRule": "qos.MINIMUM_PACKET_RATE",
    "OS::Octavia::LoadBalancer": "octavia.LOAD_BALANCER",
    "OS::Octavia::Listener": "octavia.LISTENER",
    "OS::Octavia::Pool": "octavia.POOL",
    "OS::Octavia::PoolMember": "octavia.MEMBER",
    "OS::Octavia::HealthMonitor": "octavia.HEALTH_MONITOR",
    "OS::Octavia::L7Policy": "octavia.L7_POLICY",
    "OS::Octavia::L7Rule": "octavia.L7_RULE",
    "OS::Nova::KeyPair": "key_pair",
    "OS::Nova::Server": "server",
    "OS::Cinder::Volume": "volume",
    "OS::Cinder::VolumeAttachment": "volume_attachment",
    "OS::Glance::Image": "image",
    "OS::Glance::WebImage": "web_image",
    "OS::Nova::ServerGroup": "compute.SERVER_GROUP",
    "OS::Nova::Flavor": "compute.FLAVOR",
    "OS::Nova::HostAggregate": "compute.AGGREGATE",
    "OS::Cinder::VolumeType": "block_storage.TYPE",
    "OS::Cinder::QoSSpecs": "block_storage.QOS",
    "OS::Cinder::Snapshot": "block_storage.SNAPSHOT",
    "OS::Swift::Container": "container",
    "OS::Swift::Object": "stored_object",
    "OS::Keystone::Project": "identity.PROJECT",
    "OS::Keystone::User": "identity.USER",
    "OS::Keystone::Group": "identity.GROUP",
    "OS::Keystone::Role": "identity.ROLE",
    "OS::Keystone::ApplicationCredential": "identity.CREDENTIAL",
    "OS::Keystone::RoleAssignment": "identity_links.ASSIGNMENT",
    "OS::Keystone::GroupMembership": "identity_links.MEMBERSHIP",
    "OS::Designate::Zone": "dns.ZONE",
    "OS::Designate::RecordSet": "dns.RECORD_SET",
    "OS::Barbican::Secret": "key_manager.SECRET",
    "OS::Barbican::GenericContainer": "key_manager.GENERIC",
    "OS::Barbican::CertificateContainer": "key_manager.CERTIFICATE",
}
"""By type: the module, or `module.NAME` where a module has several."""


class Catalogue(Mapping[TypeName, Kind[Cloud]]):
    """Every kind by its type; the names are known without making any."""

    def __getitem__(self, type: TypeName) -> Kind[Cloud]:
        """Give one kind. Raises KeyError for a type that is none of ours."""
        return _kind(PLACES[type])

    def __contains__(self, type: object) -> bool:
        """Whether there is such a kind."""
        return type in PLACES

    def __iter__(self) -> Iterator[TypeName]:
        """Go through the names."""
        return (TypeName(name) for name in PLACES)

    def __len__(self) -> int:
        """How many kinds there are."""
        return len(PLACES)


@cache
def _kind(place: str) -> Kind[Cloud]:
    """Import a kind."""
    module, _, attribute = place.partition(".")
    loaded: Kind[Cloud] = getattr(
        importlib.import_module(f"providers.openstack.kinds.{module}"), attribute or "KIND"
    )
    return loaded
