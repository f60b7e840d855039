package opsctl.baseline.unknown_ingress_test

import data.opsctl.baseline.unknown_ingress
import data.opsctl.fixtures
import rego.v1

warned(document) if count(unknown_ingress.warn) == 1 with input as document

aws := fixtures.created("AWS::EC2::SecurityGroup", {"SecurityGroupIngress": [{"IpProtocol": "tcp"}]})

test_an_unknown_source_warns if {
	warned(fixtures.with_unknown(aws, {"SecurityGroupIngress": [{"CidrIp": true}]}))
}

test_a_known_source_passes if {
	known := {"IpProtocol": "tcp", "CidrIp": "10.0.0.0/8"}
	not warned(fixtures.created("AWS::EC2::SecurityGroup", {"SecurityGroupIngress": [known]}))
}

test_another_unknown_passes if {
	not warned(fixtures.with_unknown(aws, {"SecurityGroupIngress": [{"SourceSecurityGroupId": true}]}))
}

test_azure_warns if {
	rule := {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "destinationPortRange": "22"}
	group := {"properties": {"securityRules": [{"name": "r", "properties": rule}]}}
	unknown := {"properties": {"securityRules": [{"properties": {"sourceAddressPrefix": true}}]}}
	warned(fixtures.with_unknown(fixtures.created("Microsoft.Network/networkSecurityGroups", group), unknown))
}

test_neutron_warns if {
	it := fixtures.created("OS::Neutron::SecurityGroupRule", {"direction": "ingress"})
	warned(fixtures.with_unknown(it, {"remote_ip_prefix": true}))
}
