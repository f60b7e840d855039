# METADATA
# title: Databases are protected from deletion
# description: |
#   The protection is taken away in a change of its own, which somebody sees (Security Hub RDS.8).
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-8
# custom:
#   severity: high
#   fix: "DeletionProtection: true"
# schemas:
# - input: schema.input
package opsctl.strict.database_deletion

import data.opsctl.strict.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["DeletionProtection"]} if {
	some change in lib.of_type("AWS::RDS::DBInstance")
	not change.change.after.DeletionProtection == true
	not lib.unknown(change, ["DeletionProtection"])
	msg := sprintf("%s can be deleted in one step", [change.address])
}
