package opsctl.network_test

import data.opsctl.fixtures
import data.opsctl.network
import rego.v1

aws(rule) := rules if {
	rules := network.rules with input as fixtures.created("AWS::EC2::SecurityGroupIngress", rule)
}

group(properties) := fixtures.created(
	"Microsoft.Network/networkSecurityGroups",
	{"properties": {"securityRules": [{"name": "r", "properties": properties}]}},
)

azure(rule) := rules if {
	allowed := object.union({"access": "Allow", "direction": "Inbound"}, rule)
	rules := network.rules with input as group(allowed)
}

neutron(rule, unknown) := rules if {
	it := fixtures.created("OS::Neutron::SecurityGroupRule", rule)
	rules := network.rules with input as fixtures.with_unknown(it, unknown)
}

test_protocol_numbers_are_names if {
	{rule.protocol | some rule in aws({"IpProtocol": "6", "CidrIp": "10.0.0.0/8"})} == {"tcp"}
	{rule.protocol | some rule in aws({"IpProtocol": -1, "CidrIp": "10.0.0.0/8"})} == {"any"}
}

test_ports_may_be_text if {
	found := aws({"IpProtocol": "tcp", "FromPort": "22", "ToPort": "23", "CidrIp": "10.0.0.0/8"})
	{[rule.from, rule.to] | some rule in found} == {[22, 23]}
}

test_port_minus_one_is_every_port if {
	found := aws({"IpProtocol": "tcp", "FromPort": -1, "ToPort": -1, "CidrIp": "10.0.0.0/8"})
	{[rule.from, rule.to] | some rule in found} == {[0, 65535]}
}

test_azure_without_ports_is_every_port if {
	{[rule.from, rule.to] | some rule in azure({"sourceAddressPrefix": "*"})} == {[0, 65535]}
}

test_azure_sources_times_ports if {
	count(azure({"sourceAddressPrefixes": ["10.0.0.0/8", "*"], "destinationPortRanges": ["22", "80-90"]})) == 4
}

test_azure_unknown_lists_are_unknown if {
	it := group({"access": "Allow", "direction": "Inbound"})
	unknown := {"properties": {"securityRules": [{"properties": {"sourceAddressPrefixes": [true]}}]}}
	found := network.rules with input as fixtures.with_unknown(it, unknown)
	{rule.unknown | some rule in found} == {true}
}

test_neutron_without_ports_is_every_port if {
	found := neutron({"direction": "ingress", "protocol": null, "port_range_min": null}, {})
	{[rule.from, rule.to, rule.protocol] | some rule in found} == {[0, 65535, "any"]}
}

test_neutron_unknown_source_is_not_the_world if {
	{rule.source | some rule in neutron({"direction": "ingress"}, {"remote_ip_prefix": true})} == {""}
}
