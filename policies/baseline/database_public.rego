# METADATA
# title: Databases are not reachable from the Internet
# description: |
#   A database answers to its application, over private addresses. An Azure firewall rule that spans all addresses,
#   or a public RDS instance, offers it to everybody (Security Hub RDS.2; CIS AWS 5.0.0, 2.2.3).
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

_azure := "https://learn.microsoft.com/azure/mysql/flexible-server/security-how-to-manage-firewall-portal"

deny contains {"msg": msg, "address": change.address, "path": ["properties"], "link": _azure} if {
	some change in lib.of_type("Microsoft.DBforMySQL/flexibleServers/firewallRules")
	_wide(change.change.after.properties)
	msg := sprintf("%s lets the whole Internet reach the database: name the addresses that need it", [change.address])
}

# More addresses than a /8 has are the Internet, in whatever halves they are written.
_wide(rule) if _number(rule.endIpAddress) - _number(rule.startIpAddress) >= 16777216

_number(address) := (((to_number(p[0]) * 16777216) + (to_number(p[1]) * 65536)) + (to_number(p[2]) * 256)) + to_number(p[3]) if {
	regex.match(`^[0-9]+(\.[0-9]+){3}$`, address)
	p := split(address, ".")
}
