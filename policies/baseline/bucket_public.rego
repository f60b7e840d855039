# METADATA
# title: Buckets block public access
# description: |
#   All four settings, because each closes another door: ACLs and policies, new ones and those that exist (Security Hub
#   S3.8; CIS AWS 5.0.0, 2.1.4). A bucket whose spec says nothing of them is made with all four.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-8
# custom:
#   severity: high
# schemas:
# - input: schema.input
package opsctl.baseline.bucket_public

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["PublicAccessBlockConfiguration"]} if {
	some change in lib.of_type("AWS::S3::Bucket")
	block := change.change.after.PublicAccessBlockConfiguration
	settings := {"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"}
	open := {setting | some setting in settings; not block[setting] == true}
	count(open) > 0
	msg := sprintf("%s may become public: set %s to true", [change.address, concat(", ", sort(open))])
}
