# METADATA
# title: Databases take minor upgrades
# description: |
#   Security fixes come as minor versions (Security Hub RDS.13).
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-13
# custom:
#   severity: low
#   fix: "AutoMinorVersionUpgrade: true"
# schemas:
# - input: schema.input
package opsctl.strict.database_upgrades

import data.opsctl.strict.lib
import rego.v1

warn contains {"msg": msg, "address": change.address, "path": ["AutoMinorVersionUpgrade"]} if {
	some change in lib.active
	change.type == "AWS::RDS::DBInstance"
	change.change.after.AutoMinorVersionUpgrade == false
	not unknown(change)
	msg := sprintf("%s takes no minor upgrades by itself", [change.address])
}

unknown(change) if object.get(change.change.after_unknown, ["AutoMinorVersionUpgrade"], false) == true
