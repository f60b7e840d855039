package opsctl.baseline.open_egress_test

import data.opsctl.baseline.open_egress
import data.opsctl.fixtures
import rego.v1

warned(document) if count(open_egress.warn) == 1 with input as document

aws(rule) := fixtures.created("AWS::EC2::SecurityGroup", {"SecurityGroupEgress": [rule]})

test_everything_everywhere_warns if warned(aws({"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}))

test_azure_everything_everywhere_warns if {
	rule := {
		"access": "Allow",
		"direction": "Outbound",
		"protocol": "*",
		"destinationAddressPrefix": "*",
		"destinationPortRange": "*",
	}
	warned(fixtures.created(
		"Microsoft.Network/networkSecurityGroups",
		{"properties": {"securityRules": [{"name": "r", "properties": rule}]}},
	))
}

test_one_port_passes if {
	not warned(aws({"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}))
}

test_a_private_range_passes if not warned(aws({"IpProtocol": "-1", "CidrIp": "10.0.0.0/8"}))
