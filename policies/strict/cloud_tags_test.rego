package opsctl.strict.cloud_tags_test

import data.opsctl.strict.cloud_tags
import data.opsctl.strict.fixtures
import rego.v1

test_a_bucket_without_an_owner_is_found if {
	some found in cloud_tags.warn with input as fixtures.plan("AWS::S3::Bucket", "create", {"Tags": [{"Key": "app", "Value": "shop"}]})
	found.msg == "it has no tag owner in its cloud"
}

test_a_bucket_with_an_owner_passes if count(cloud_tags.warn) == 0 with input as fixtures.plan("AWS::S3::Bucket", "create", {"Tags": [{"Key": "owner", "Value": "platform"}]})

test_azure_is_judged if count(cloud_tags.warn) == 1 with input as fixtures.plan("Microsoft.Compute/disks", "create", {})

test_azure_with_an_owner_passes if count(cloud_tags.warn) == 0 with input as fixtures.plan("Microsoft.Compute/disks", "create", {"tags": {"owner": "platform"}})

test_metadata_of_openstack_counts if count(cloud_tags.warn) == 0 with input as fixtures.plan("OS::Nova::Server", "create", {"metadata": {"owner": "platform"}})

test_openstack_without_metadata_is_found if count(cloud_tags.warn) == 1 with input as fixtures.plan("OS::Nova::Server", "create", {})

test_the_parameter_says_which if count(cloud_tags.warn) == 1 with input as fixtures.plan("OS::Cinder::Volume", "create", {"metadata": {"owner": "platform"}})
	with data.opsctl.params as {"cloud_tags": ["owner", "cost-centre"]}

test_tags_that_are_not_known_yet_are_not_judged if count(cloud_tags.warn) == 0 with input as fixtures.unknown("AWS::S3::Bucket", {}, {"Tags": true})
