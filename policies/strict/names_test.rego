package opsctl.strict.names_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.names
import rego.v1

_bucket(name) := fixtures.plan("AWS::S3::Bucket", "create", {"BucketName": name})

_called(address) := {"resource_changes": [], "resources": [{"address": address, "mode": "managed", "type": "DatabaseInstance", "spec": {}}]}

test_a_name_in_the_cloud_is_judged if {
	some found in names.warn with input as _bucket("shop.assets")
	found.path == ["BucketName"]
}

test_a_good_name_in_the_cloud_passes if count(names.warn) == 0 with input as _bucket("shop-assets")

test_azure_and_openstack_call_it_name if count(names.warn) == 2 with input as fixtures.changes([
	fixtures.change("OS::Nova::Server", "create", {"name": "Web Server"}),
	fixtures.change("Microsoft.Resources/resourceGroups", "create", {"name": "RG_shop"}),
])

test_a_name_that_is_made_up_is_not_judged if count(names.warn) == 0 with input as fixtures.plan("OS::Nova::Server", "create", {})

test_parts_of_an_abstract_type_are_not_judged if count(names.warn) == 0 with input as fixtures.changes([object.union(
	fixtures.change("OS::Nova::Server", "create", {"name": "Web Server"}),
	{"address": "web/server"},
)])

test_the_name_of_an_abstract_resource_is_judged if count(names.warn) == 1 with input as _called("Orders_DB")

test_a_good_name_of_an_instance_passes if count(names.warn) == 0 with input as _called(`orders["EU"]`)

test_a_type_may_have_its_own_pattern if count(names.warn) == 1 with input as _bucket("shop-assets")
	with data.opsctl.params as {"name_patterns": {"AWS::S3::Bucket": "^acme-"}}

test_the_pattern_is_a_parameter if count(names.warn) == 0 with input as _bucket("Shop_Assets")
	with data.opsctl.params as {"name_pattern": "^[A-Za-z_]+$"}

test_the_pattern_of_resources_is_a_parameter if count(names.warn) == 0 with input as _called("Orders_DB")
	with data.opsctl.params as {"resource_name_pattern": "^[A-Za-z_]+$"}
