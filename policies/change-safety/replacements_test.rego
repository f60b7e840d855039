package opsctl.change_safety.replacements_test

import data.opsctl.change_safety.fixtures
import data.opsctl.change_safety.replacements
import rego.v1

test_it_is_found if count(replacements.require_approval) == 1 with input as fixtures.plan("Local::Value", "replace", {})

test_a_creation_passes if count(replacements.require_approval) == 0 with input as fixtures.plan("Local::Value", "create", {})

test_an_unchanged_resource_passes if count(replacements.require_approval) == 0 with input as fixtures.plan("Local::Value", "no-op", {})

test_what_may_be_replaced_passes if {
	count(replacements.require_approval) == 0 with input as fixtures.plan("Local::Value", "replace", {})
		with data.opsctl.params.replacements_allowed as ["i*"]
}
