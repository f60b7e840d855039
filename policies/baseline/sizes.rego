# METADATA
# title: Machines and databases are of the allowed sizes
# description: |
#   A typo in a size is a bill. Parameter `allowed_sizes`: patterns (with *) a type, `{"AWS::EC2::Instance": ["t3.*"]}`.
#   Types that it does not name are free; unset: not enforced.
# related_resources:
# - ref: https://learn.microsoft.com/azure/governance/policy/samples/built-in-policies#compute
# custom:
#   severity: medium
#   parameters:
#     allowed_sizes: {default: {}, description: patterns (with *) by type; types that it does not name are free}
# schemas:
# - input: schema.input
package opsctl.baseline.sizes

import data.opsctl.lib
import rego.v1

_where := {
	"AWS::EC2::Instance": ["InstanceType"],
	"AWS::RDS::DBInstance": ["DBInstanceClass"],
	"Microsoft.Compute/virtualMachines": ["properties", "hardwareProfile", "vmSize"],
	"Microsoft.DBforMySQL/flexibleServers": ["sku", "name"],
	"OS::Nova::Server": ["flavor"],
}

deny contains {"msg": msg, "address": change.address, "path": _where[type]} if {
	some type, patterns in lib.param("allowed_sizes", {})
	some change in lib.of_type(type)
	size := object.get(change.change.after, _where[type], "")
	is_string(size)
	size != ""
	not _allowed(size, patterns)
	msg := sprintf("%s has the size %s, and allowed are %s", [change.address, size, concat(", ", patterns)])
}

_allowed(size, patterns) if {
	some pattern in patterns
	glob.match(pattern, null, size)
}
