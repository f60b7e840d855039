package opsctl.change_safety.let_go_test

import data.opsctl.change_safety.fixtures
import data.opsctl.change_safety.let_go
import rego.v1

test_it_is_found if count(let_go.warn) == 1 with input as fixtures.plan("Local::Value", "forget", {})

test_a_creation_passes if count(let_go.warn) == 0 with input as fixtures.plan("Local::Value", "create", {})

test_an_unchanged_resource_passes if count(let_go.warn) == 0 with input as fixtures.plan("Local::Value", "no-op", {})
