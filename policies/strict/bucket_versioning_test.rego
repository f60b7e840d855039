package opsctl.strict.bucket_versioning_test

import data.opsctl.strict.bucket_versioning
import data.opsctl.strict.fixtures
import rego.v1

test_the_weak_setting_is_found if count(bucket_versioning.deny) == 1 with input as fixtures.plan("AWS::S3::Bucket", "create", {"BucketName": "b"})

test_the_strict_setting_passes if count(bucket_versioning.deny) == 0 with input as fixtures.plan("AWS::S3::Bucket", "create", {"VersioningConfiguration": {"Status": "Enabled"}})

test_what_is_not_known_yet_is_not_judged if count(bucket_versioning.deny) == 0 with input as fixtures.unknown("AWS::S3::Bucket", {"BucketName": "b"}, {"VersioningConfiguration": {"Status": true}})

test_a_deletion_is_not_judged if count(bucket_versioning.deny) == 0 with input as fixtures.plan("AWS::S3::Bucket", "delete", null)
