package opsctl.baseline.bucket_encryption_test

import data.opsctl.baseline.bucket_encryption
import data.opsctl.fixtures
import rego.v1

bucket(algorithm) := fixtures.created("AWS::S3::Bucket", {"BucketEncryption": {
	"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm}}],
}})

test_silence_is_denied if count(bucket_encryption.deny) == 1 with input as fixtures.created("AWS::S3::Bucket", {})

test_an_unknown_algorithm_is_denied if count(bucket_encryption.deny) == 1 with input as bucket("none")

test_a_named_algorithm_passes if count(bucket_encryption.deny) == 0 with input as bucket("AES256")

test_kms_may_be_required if {
	found := bucket_encryption.deny with input as bucket("AES256") with data.opsctl.params.bucket_kms as true
	count(found) == 1
}

test_kms_passes if {
	found := bucket_encryption.deny with input as bucket("aws:kms") with data.opsctl.params.bucket_kms as true
	count(found) == 0
}
