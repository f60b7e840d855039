package opsctl.strict.label_values_test

import data.opsctl.strict.label_values
import rego.v1

_labelled(address, labels) := {"resources": [{"address": address, "type": "DatabaseInstance", "labels": labels}]}

test_an_unknown_environment_is_found if {
	some found in label_values.warn with input as _labelled("orders", {"environment": "Production"})
	contains(found.msg, "the label environment is \"Production\"")
}

test_a_known_environment_passes if count(label_values.warn) == 0 with input as _labelled("orders", {"environment": "prod"})

test_a_label_that_is_not_given_is_not_judged if count(label_values.warn) == 0 with input as _labelled("orders", {"app": "shop"})

test_parts_of_an_abstract_type_are_not_judged_again if count(label_values.warn) == 0 with input as _labelled("orders/server", {"environment": "Production"})

test_the_parameter_says_which if count(label_values.warn) == 1 with input as _labelled("orders", {"environment": "prod", "tier": "gold"})
	with data.opsctl.params as {"label_values": {"tier": "^[123]$"}}
