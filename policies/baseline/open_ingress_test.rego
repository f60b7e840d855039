package opsctl.baseline.open_ingress_test

import data.opsctl.baseline.open_ingress
import data.opsctl.fixtures
import rego.v1

aws(rule) := fixtures.created("AWS::EC2::SecurityGroup", {"SecurityGroupIngress": [rule]})

azure(rule) := fixtures.created(
	"Microsoft.Network/networkSecurityGroups",
	{"properties": {"securityRules": [{"name": "r", "properties": rule}]}},
)

neutron(rule) := fixtures.created("OS::Neutron::SecurityGroupRule", rule)

denied(document) if count(open_ingress.deny) > 0 with input as document

ssh := {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}

test_ssh_to_the_world_is_denied if {
	found := open_ingress.deny with input as aws(ssh)
	found == {{
		"msg": "it is open to the whole Internet (0.0.0.0/0) on tcp port 22",
		"address": "it",
		"path": ["SecurityGroupIngress", 0],
	}}
}

test_ipv6_is_the_world_too if {
	denied(aws({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv6": "::/0"}))
}

test_half_of_the_world_is_the_world if denied(aws(object.union(ssh, {"CidrIp": "128.0.0.0/1"})))

test_all_protocols_are_denied if denied(aws({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}))

test_a_range_around_a_public_port_is_denied if {
	denied(aws(object.union(ssh, {"FromPort": 443, "ToPort": 8443})))
}

test_a_rule_of_its_own_is_seen if denied(fixtures.created("AWS::EC2::SecurityGroupIngress", ssh))

test_public_ports_pass if not denied(aws(object.union(ssh, {"FromPort": 443, "ToPort": 443})))

test_public_ports_are_the_teams_to_say if {
	found := open_ingress.deny with input as aws(ssh) with data.opsctl.params.public_ports as [22]
	count(found) == 0
}

test_a_private_range_passes if not denied(aws(object.union(ssh, {"CidrIp": "10.0.0.0/8"})))

test_a_private_ipv6_range_passes if {
	not denied(aws({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv6": "fc00::/7"}))
}

test_another_group_passes if {
	not denied(aws({"IpProtocol": "-1", "SourceSecurityGroupId": "sg-1"}))
}

test_egress_is_not_ingress if {
	not denied(fixtures.created("AWS::EC2::SecurityGroup", {"SecurityGroupEgress": [ssh]}))
}

azure_ssh := {
	"access": "Allow",
	"direction": "Inbound",
	"protocol": "Tcp",
	"sourceAddressPrefix": "*",
	"destinationPortRange": "22",
}

test_azure_to_the_world_is_denied if denied(azure(azure_ssh))

test_azure_internet_is_the_world if denied(azure(object.union(azure_ssh, {"sourceAddressPrefix": "Internet"})))

test_azure_all_ports_are_denied if denied(azure(object.union(azure_ssh, {"destinationPortRange": "*"})))

test_azure_lists_are_seen if {
	denied(azure({
		"access": "Allow",
		"direction": "Inbound",
		"protocol": "Tcp",
		"sourceAddressPrefixes": ["10.0.0.0/8", "0.0.0.0/0"],
		"destinationPortRanges": ["443", "22-23"],
	}))
}

test_azure_deny_rules_pass if not denied(azure(object.union(azure_ssh, {"access": "Deny"})))

test_azure_public_ports_pass if {
	not denied(azure(object.remove(
		object.union(azure_ssh, {"destinationPortRanges": ["80", "443"]}),
		["destinationPortRange"],
	)))
}

test_azure_outbound_passes if not denied(azure(object.union(azure_ssh, {"direction": "Outbound"})))

neutron_ssh := {"direction": "ingress", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}

test_neutron_without_a_source_is_the_world if denied(neutron(neutron_ssh))

test_neutron_to_the_world_is_denied if {
	denied(neutron(object.union(neutron_ssh, {"remote_ip_prefix": "0.0.0.0/0"})))
}

test_neutron_rules_inside_a_group_are_seen if {
	denied(fixtures.created("OS::Neutron::SecurityGroup", {"rules": [neutron_ssh]}))
}

test_neutron_private_passes if {
	not denied(neutron(object.union(neutron_ssh, {"remote_ip_prefix": "192.168.0.0/16"})))
}

test_neutron_group_passes if not denied(neutron(object.union(neutron_ssh, {"remote_group": "web"})))

test_neutron_unknown_group_passes if {
	not denied(fixtures.with_unknown(neutron(neutron_ssh), {"remote_group": true}))
}

test_neutron_icmp_passes if not denied(neutron({"direction": "ingress", "protocol": "icmp"}))

test_neutron_egress_passes if not denied(neutron({"direction": "egress", "protocol": "tcp"}))

test_what_is_deleted_passes if {
	gone := object.union(aws(ssh).resource_changes[0], {"action": "delete", "change": {"after": null}})
	not denied({"resource_changes": [gone]})
}
