package opsctl.change_safety.freeze_window_test

import data.opsctl.change_safety.fixtures
import data.opsctl.change_safety.freeze_window
import rego.v1

windows := [{"from": "2026-12-20T00:00:00Z", "to": "2027-01-04T00:00:00Z", "reason": "holidays"}]

at(instant, action) := object.union(fixtures.plan("Local::Value", action, {}), {"now": instant})

test_in_the_window_changes_are_denied if {
	found := freeze_window.deny with input as at("2026-12-24T18:00:00Z", "create") with data.opsctl.params.freeze_windows as windows
	found == {"changes are frozen until 2027-01-04T00:00:00Z: holidays"}
}

test_before_the_window_they_pass if count(freeze_window.deny) == 0 with input as at("2026-12-19T23:59:59Z", "create") with data.opsctl.params.freeze_windows as windows

test_the_window_ends_when_it_says if count(freeze_window.deny) == 0 with input as at("2027-01-04T00:00:00Z", "create") with data.opsctl.params.freeze_windows as windows

test_nothing_to_do_passes if count(freeze_window.deny) == 0 with input as at("2026-12-24T18:00:00Z", "no-op") with data.opsctl.params.freeze_windows as windows

test_without_a_time_the_engines_clock_holds if count(freeze_window.deny) == 1 with input as fixtures.plan("Local::Value", "create", {}) with data.opsctl.params.freeze_windows as [{"from": "2020-01-01T00:00:00Z", "to": "2200-01-01T00:00:00Z"}]
