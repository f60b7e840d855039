package opsctl.baseline.required_labels_test

import data.opsctl.baseline.required_labels
import data.opsctl.fixtures
import rego.v1

it := fixtures.created("OS::Nova::Server", {})

test_a_missing_label_is_denied if {
	found := required_labels.deny with input as fixtures.with_more(it, {"labels": {"app": "shop"}})
		with data.opsctl.params.required_labels as ["app", "owner"]
	{verdict.msg | some verdict in found} == {"it misses the labels owner"}
}

test_an_empty_label_is_missing if {
	found := required_labels.deny with input as fixtures.with_more(it, {"labels": {"owner": ""}})
		with data.opsctl.params.required_labels as ["owner"]
	count(found) == 1
}

test_all_labels_pass if {
	found := required_labels.deny with input as fixtures.with_more(it, {"labels": {"owner": "web"}})
		with data.opsctl.params.required_labels as ["owner"]
	count(found) == 0
}

test_unset_requires_nothing if {
	count(required_labels.deny) == 0 with input as it
}

test_what_is_deleted_needs_no_labels if {
	found := required_labels.deny with input as {"resource_changes": fixtures.removed("OS::Nova::Server", "delete", 1)}
		with data.opsctl.params.required_labels as ["owner"]
	count(found) == 0
}
