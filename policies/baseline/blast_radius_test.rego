package opsctl.baseline.blast_radius_test

import data.opsctl.baseline.blast_radius
import data.opsctl.fixtures
import rego.v1

plan(number) := {"resource_changes": array.concat(
	fixtures.removed("Local::Value", "delete", number - 1),
	fixtures.removed("Local::Value", "replace", 1),
)}

test_too_many_removals_are_denied if {
	blast_radius.deny == {"this plan deletes 5 and replaces 1 resources, and at most 5 may go in one plan"} with input as plan(6)
}

test_few_removals_pass if count(blast_radius.deny) == 0 with input as plan(5)

test_the_limit_is_the_teams_to_say if {
	count(blast_radius.deny) == 1 with input as plan(2) with data.opsctl.params.max_removals as 1
}

test_a_destroy_is_meant if {
	count(blast_radius.deny) == 0 with input as object.union(plan(9), {"operation": "destroy"})
}
