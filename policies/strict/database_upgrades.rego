# METADATA
# title: Databases take minor upgrades
# description: |
#   Security fixes come as minor versions (Security Hub RDS.13; CIS AWS 5.0.0, 2.2.2).
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
	some change in lib.of_type("AWS::RDS::DBInstance")
	change.change.after.AutoMinorVersionUpgrade == false
	not lib.unknown(change, ["AutoMinorVersionUpgrade"])
	msg := sprintf("%s takes no minor upgrades by itself", [change.address])
}
