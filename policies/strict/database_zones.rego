# METADATA
# title: Databases stand in two zones
# description: |
#   A zone that fails takes no database with it (Security Hub RDS.5).
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-5
# custom:
#   severity: medium
#   fix: "MultiAZ: true"
# schemas:
# - input: schema.input
package opsctl.strict.database_zones

import data.opsctl.strict.lib
import rego.v1

warn contains {"msg": msg, "address": change.address, "path": ["MultiAZ"]} if {
	some change in lib.active
	change.type == "AWS::RDS::DBInstance"
	not change.change.after.MultiAZ == true
	not unknown(change)
	msg := sprintf("%s stands in one zone only", [change.address])
}

unknown(change) if object.get(change.change.after_unknown, ["MultiAZ"], false) == true
