# METADATA
# title: Buckets keep versions
# description: |
#   What was overwritten or deleted by mistake can be had back (Security Hub S3.14).
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-14
# custom:
#   severity: medium
#   fix: "VersioningConfiguration: {Status: Enabled}"
# schemas:
# - input: schema.input
package opsctl.strict.bucket_versioning

import data.opsctl.strict.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["VersioningConfiguration", "Status"]} if {
	some change in lib.of_type("AWS::S3::Bucket")
	not change.change.after.VersioningConfiguration.Status == "Enabled"
	not lib.unknown(change, ["VersioningConfiguration", "Status"])
	msg := sprintf("%s keeps no versions", [change.address])
}
