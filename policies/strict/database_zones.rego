# METADATA
# title: Databases stand in two zones
# description: |
#   A zone that fails takes no database with it (Security Hub RDS.5; CIS AWS 5.0.0, 2.2.4). RDS and Azure's MySQL.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-5
# - ref: https://learn.microsoft.com/azure/mysql/flexible-server/concepts-high-availability
# custom:
#   severity: medium
# schemas:
# - input: schema.input
package opsctl.strict.database_zones

import data.opsctl.strict.lib
import rego.v1

warn contains {"msg": msg, "address": change.address, "path": ["MultiAZ"], "fix": "MultiAZ: true"} if {
	some change in lib.of_type("AWS::RDS::DBInstance")
	not change.change.after.MultiAZ == true
	not lib.unknown(change, ["MultiAZ"])
	msg := sprintf("%s stands in one zone only", [change.address])
}

_azure := "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-high-availability"

_mode := ["properties", "highAvailability", "mode"]

warn contains {"msg": msg, "address": change.address, "path": _mode, "fix": fix, "link": _azure} if {
	some change in lib.of_type("Microsoft.DBforMySQL/flexibleServers")
	not object.get(change.change.after, _mode, "Disabled") == "ZoneRedundant"
	not lib.unknown(change, _mode)
	fix := "properties.highAvailability.mode: ZoneRedundant"
	msg := sprintf("%s stands in one zone only", [change.address])
}
