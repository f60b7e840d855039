package opsctl.change_safety.updates_test

import data.opsctl.change_safety.fixtures
import data.opsctl.change_safety.updates
import rego.v1

test_it_is_found if count(updates.require_approval) == 1 with input as fixtures.plan("Local::Value", "update", {}) with data.opsctl.params.max_updates as 0

test_a_creation_passes if count(updates.require_approval) == 0 with input as fixtures.plan("Local::Value", "create", {})

test_an_unchanged_resource_passes if count(updates.require_approval) == 0 with input as fixtures.plan("Local::Value", "no-op", {})
