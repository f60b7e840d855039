# METADATA
# title: Databases are encrypted at rest
# description: |
#   A snapshot or a disk that leaves the building must be unreadable. On RDS encryption is chosen at creation and
#   cannot be added in place (Security Hub RDS.3; CIS AWS 5.0.0, 2.2.1). Azure's flexible servers are always encrypted.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-3
# custom:
#   severity: high
# schemas:
# - input: schema.input
package opsctl.baseline.database_encryption

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["StorageEncrypted"]} if {
	some change in lib.of_type("AWS::RDS::DBInstance")
	not change.change.after.StorageEncrypted == true
	not change.change.after.SourceDBInstanceIdentifier
	msg := sprintf("%s is not encrypted at rest: set StorageEncrypted to true", [change.address])
}
