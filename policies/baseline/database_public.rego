# METADATA
# title: Databases are not reachable from the Internet
# description: |
#   A database answers to its application, over private addresses. An Azure firewall rule that spans all addresses,
#   or a public RDS instance, offers it to everybody.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-2
# custom:
#   severity: critical
# schemas:
# - input: schema.input
package opsctl.baseline.database_public

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["PubliclyAccessible"]} if {
	some change in lib.of_type("AWS::RDS::DBInstance")
	change.change.after.PubliclyAccessible == true
	msg := sprintf("%s is publicly accessible: set PubliclyAccessible to false", [change.address])
}

deny contains {"msg": msg, "address": change.address, "path": ["properties"]} if {
	some type in {
		"Microsoft.DBforMySQL/flexibleServers/firewallRules",
		"Microsoft.DBforPostgreSQL/flexibleServers/firewallRules",
	}
	some change in lib.of_type(type)
	_wide(change.change.after.properties)
	msg := sprintf("%s lets the whole Internet reach the database: name the addresses that need it", [change.address])
}

_wide(rule) if {
	some half in ["0.0.0.0/1", "128.0.0.0/1"]
	net.cidr_contains(half, rule.startIpAddress)
	_size(rule) >= 16777216
}

_size(rule) := _number(rule.endIpAddress) - _number(rule.startIpAddress)

_number(address) := (((to_number(p[0]) * 16777216) + (to_number(p[1]) * 65536)) + (to_number(p[2]) * 256)) + to_number(p[3]) if {
	regex.match(`^[0-9]+(\.[0-9]+){3}$`, address)
	p := split(address, ".")
}
