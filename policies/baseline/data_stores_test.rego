package opsctl.baseline.data_stores_test

import data.opsctl.baseline.data_stores
import data.opsctl.fixtures
import rego.v1

plan(type, action) := {"resource_changes": fixtures.removed(type, action, 1)}

found(document) := approvals if {
	approvals := data_stores.require_approval with input as document
}

test_a_deleted_database_needs_approval if {
	{verdict.msg | some verdict in found(plan("AWS::RDS::DBInstance", "delete"))} == {"this plan deletes it-1, and the data in it (AWS::RDS::DBInstance)"}
}

test_a_replaced_volume_needs_approval if count(found(plan("OS::Cinder::Volume", "replace"))) == 1

test_a_deleted_account_needs_approval if count(found(plan("Microsoft.Storage/storageAccounts", "delete"))) == 1

test_a_machine_may_go if count(found(plan("OS::Nova::Server", "delete"))) == 0

test_an_update_passes if count(found(fixtures.created("AWS::RDS::DBInstance", {}))) == 0

test_data_that_may_go_passes if {
	approvals := data_stores.require_approval with input as plan("AWS::S3::Bucket", "delete")
		with data.opsctl.params.data_loss_allowed as ["it-*"]
	count(approvals) == 0
}

test_other_data_still_needs_approval if {
	approvals := data_stores.require_approval with input as plan("AWS::S3::Bucket", "delete")
		with data.opsctl.params.data_loss_allowed as ["cache-*"]
	count(approvals) == 1
}

test_a_star_covers_every_address if {
	change := object.union(fixtures.change("AWS::S3::Bucket", "delete", {}), {"address": `logs["eu.west"]/bucket`})
	approvals := data_stores.require_approval with input as {"resource_changes": [change]}
		with data.opsctl.params.data_loss_allowed as ["*"]
	count(approvals) == 0
}
