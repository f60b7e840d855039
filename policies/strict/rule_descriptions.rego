# METADATA
# title: Firewall rules say why
# description: |
#   A rule that nobody can explain is never removed. Each rule of a firewall has a description: AWS ("Description"),
#   Azure ("description"), OpenStack ("description").
# related_resources:
# - ref: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
# - ref: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview
# - ref: https://docs.openstack.org/api-ref/network/v2/index.html#security-group-rules-security-group-rules
# custom:
#   severity: low
#   fix: "a description that says why this is open"
# schemas:
# - input: schema.input
package opsctl.strict.rule_descriptions

import data.opsctl.strict.lib
import rego.v1

# Documents of their own, and the property that says why.
_rules := {
	"AWS::EC2::SecurityGroupEgress": ["Description"],
	"AWS::EC2::SecurityGroupIngress": ["Description"],
	"OS::Neutron::SecurityGroupRule": ["description"],
}

# Rules in a list of their group: where the list is, and the property in each of them.
_lists := {
	["AWS::EC2::SecurityGroup", ["SecurityGroupIngress"], ["Description"]],
	["AWS::EC2::SecurityGroup", ["SecurityGroupEgress"], ["Description"]],
	["Microsoft.Network/networkSecurityGroups", ["properties", "securityRules"], ["properties", "description"]],
	["OS::Neutron::SecurityGroup", ["rules"], ["description"]],
}

warn contains {"msg": msg, "address": change.address, "path": path} if {
	some type, path in _rules
	some change in lib.of_type(type)
	_silent(change.change.after, path)
	not lib.unknown(change, path)
	msg := sprintf("%s does not say why", [change.address])
}

warn contains {"msg": msg, "address": change.address, "path": place} if {
	some [type, list, path] in _lists
	some change in lib.of_type(type)
	some number, rule in object.get(change.change.after, list, [])
	_silent(rule, path)
	place := array.concat(list, [number])
	msg := sprintf("%s: its rule number %d does not say why", [change.address, number + 1])
}

_silent(rule, path) if object.get(rule, path, "") in {"", null}
