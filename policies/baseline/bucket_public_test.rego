package opsctl.baseline.bucket_public_test

import data.opsctl.baseline.bucket_public
import data.opsctl.fixtures
import rego.v1

closed := {
	"BlockPublicAcls": true,
	"BlockPublicPolicy": true,
	"IgnorePublicAcls": true,
	"RestrictPublicBuckets": true,
}

bucket(block) := fixtures.created("AWS::S3::Bucket", {"PublicAccessBlockConfiguration": block})

test_silence_is_closed if count(bucket_public.deny) == 0 with input as fixtures.created("AWS::S3::Bucket", {})

test_one_open_door_is_denied if {
	found := bucket_public.deny with input as bucket(object.union(closed, {"BlockPublicAcls": false}))
	{verdict.msg | some verdict in found} == {"it may become public: set BlockPublicAcls to true"}
}

test_half_a_block_is_denied if count(bucket_public.deny) == 1 with input as bucket({"BlockPublicAcls": true})

test_all_doors_closed_pass if count(bucket_public.deny) == 0 with input as bucket(closed)
