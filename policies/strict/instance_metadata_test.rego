package opsctl.strict.instance_metadata_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.instance_metadata
import rego.v1

test_the_weak_setting_is_found if count(instance_metadata.deny) == 1 with input as fixtures.plan("AWS::EC2::Instance", "create", {"InstanceType": "t3.micro"})

test_the_strict_setting_passes if count(instance_metadata.deny) == 0 with input as fixtures.plan("AWS::EC2::Instance", "create", {"MetadataOptions": {"HttpTokens": "required"}})

test_what_is_not_known_yet_is_not_judged if count(instance_metadata.deny) == 0 with input as fixtures.unknown("AWS::EC2::Instance", {"InstanceType": "t3.micro"}, {"MetadataOptions": {"HttpTokens": true}})

test_a_deletion_is_not_judged if count(instance_metadata.deny) == 0 with input as fixtures.plan("AWS::EC2::Instance", "delete", null)
