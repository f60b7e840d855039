# METADATA
# title: Databases keep backups
# description: |
#   Without backups a mistake is final. On RDS a retention of 0 days turns them off; deletion protection makes a
#   deletion two steps. Fewer days than the parameter `backup_days` (default 1) warn.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-11
# custom:
#   severity: medium
#   parameters:
#     backup_days: {default: 1, description: days that a backup is kept at least}
#     deletion_protection: {default: false, description: whether RDS instances have to be protected from deletion}
# schemas:
# - input: schema.input
package opsctl.baseline.database_backup

import data.opsctl.lib
import rego.v1

warn contains {"msg": msg, "address": change.address, "path": ["BackupRetentionPeriod"]} if {
	some change in lib.of_type("AWS::RDS::DBInstance")
	days := object.get(change.change.after, "BackupRetentionPeriod", 1)
	wanted := lib.param("backup_days", 1)
	days < wanted
	msg := sprintf("%s keeps backups for %d days, and %d are wanted", [change.address, days, wanted])
}

warn contains {"msg": msg, "address": change.address, "path": ["DeletionProtection"]} if {
	some change in lib.of_type("AWS::RDS::DBInstance")
	change.change.after.DeletionProtection == false
	lib.param("deletion_protection", false)
	msg := sprintf("%s can be deleted in one step: set DeletionProtection to true", [change.address])
}
