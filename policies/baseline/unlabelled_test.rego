package opsctl.baseline.unlabelled_test

import data.opsctl.baseline.unlabelled
import data.opsctl.fixtures
import rego.v1

it := fixtures.created("OS::Nova::Server", {})

test_a_bare_resource_warns if {
	unlabelled.warn == {"1 of 1 changed resources have no labels: it"} with input as it
}

test_many_are_one_warning if {
	many := [object.union(fixtures.change("OS::Nova::Server", "create", {}), {"address": address}) |
		some n in numbers.range(1, 7)
		address := sprintf("it-%d", [n])
	]
	found := unlabelled.warn with input as {"resource_changes": many}
	found == {"7 of 7 changed resources have no labels: it-1, it-2, it-3, it-4, it-5, ..."}
}

test_a_label_passes if {
	count(unlabelled.warn) == 0 with input as fixtures.with_more(it, {"labels": {"app": "shop"}})
}
