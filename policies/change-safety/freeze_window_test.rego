package opsctl.change_safety.freeze_window_test

import data.opsctl.change_safety.fixtures
import data.opsctl.change_safety.freeze_window
import rego.v1

test_in_the_window_changes_are_denied if count(freeze_window.deny) == 1 with input as fixtures.plan("Local::Value", "create", {}) with data.opsctl.params.freeze_windows as [{"from": "2020-01-01T00:00:00Z", "to": "2200-01-01T00:00:00Z"}]

test_outside_the_window_they_pass if count(freeze_window.deny) == 0 with input as fixtures.plan("Local::Value", "create", {}) with data.opsctl.params.freeze_windows as [{"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}]

test_nothing_to_do_passes if count(freeze_window.deny) == 0 with input as fixtures.plan("Local::Value", "no-op", {}) with data.opsctl.params.freeze_windows as [{"from": "2020-01-01T00:00:00Z", "to": "2200-01-01T00:00:00Z"}]
