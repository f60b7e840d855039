# METADATA
# title: Buckets name their encryption
# description: |
#   S3 encrypts every object. A spec that names the algorithm keeps it from changing unnoticed, and says which key.
#   With the parameter `bucket_kms` true, only a KMS key will do.
# related_resources:
# - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
# custom:
#   severity: medium
#   parameters:
#     bucket_kms: {default: false, description: whether only a KMS key will do}
# schemas:
# - input: schema.input
package opsctl.baseline.bucket_encryption

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["BucketEncryption"]} if {
	some change in lib.of_type("AWS::S3::Bucket")
	not _encrypted(change.change.after)
	msg := sprintf("%s names no default encryption (%s): set BucketEncryption", [
		change.address,
		concat(" or ", sort(_accepted)),
	])
}

_encrypted(bucket) if {
	some rule in bucket.BucketEncryption.ServerSideEncryptionConfiguration
	rule.ServerSideEncryptionByDefault.SSEAlgorithm in _accepted
}

_accepted := {"aws:kms", "aws:kms:dsse"} if lib.param("bucket_kms", false)

_accepted := {"AES256", "aws:kms", "aws:kms:dsse"} if not lib.param("bucket_kms", false)
