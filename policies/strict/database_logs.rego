# METADATA
# title: Databases hand out their logs
# description: |
#   What a database logs on its own disk is gone with it, and nobody is told. RDS publishes to CloudWatch (Security Hub
#   RDS.9), Azure's MySQL keeps server logs for download. Which logs of RDS are wanted is a parameter.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-9
# - ref: https://learn.microsoft.com/azure/mysql/flexible-server/concepts-error-logs
# custom:
#   severity: medium
#   parameters:
#     database_logs:
#       default: {mariadb: [error, slowquery], mysql: [error, slowquery], postgres: [postgresql]}
#       description: the logs that an RDS engine publishes; engines that it does not name are free
# schemas:
# - input: schema.input
package opsctl.strict.database_logs

import data.opsctl.strict.lib
import rego.v1

_wanted := lib.param("database_logs", {
	"mariadb": ["error", "slowquery"],
	"mysql": ["error", "slowquery"],
	"postgres": ["postgresql"],
})

_azure := "https://learn.microsoft.com/azure/mysql/flexible-server/concepts-error-logs"

_exports := ["EnableCloudwatchLogsExports"]

_disk := ["properties", "storage", "logOnDisk"]

warn contains {"msg": msg, "address": change.address, "path": _exports, "fix": fix} if {
	some change in lib.of_type("AWS::RDS::DBInstance")
	wanted := {log | some log in _wanted[change.change.after.Engine]}
	published := {log | some log in object.get(change.change.after, _exports, [])}
	missing := wanted - published
	count(missing) > 0
	not lib.unknown(change, _exports)
	fix := sprintf("EnableCloudwatchLogsExports: [%s]", [concat(", ", sort(wanted))])
	msg := sprintf("%s does not publish its logs: %s", [change.address, concat(", ", sort(missing))])
}

warn contains {"msg": msg, "address": change.address, "path": _disk, "fix": fix, "link": _azure} if {
	some change in lib.of_type("Microsoft.DBforMySQL/flexibleServers")
	not object.get(change.change.after, _disk, "Disabled") == "Enabled"
	not lib.unknown(change, _disk)
	fix := "properties.storage.logOnDisk: Enabled"
	msg := sprintf("%s keeps no server logs", [change.address])
}
