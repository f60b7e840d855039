# METADATA
# title: Inputs for the tests of the guardrails
package opsctl.fixtures

import rego.v1

change(type, action, spec) := {
	"address": "it",
	"mode": "managed",
	"type": type,
	"provider_name": "cloud",
	"action": action,
	"labels": {},
	"change": {"after": spec, "after_unknown": {}, "after_sensitive": {}},
}

created(type, spec) := {"resource_changes": [change(type, "create", spec)]}

removed(type, action, number) := [object.union(change(type, action, {}), {"address": address}) |
	some n in numbers.range(1, number)
	address := sprintf("it-%d", [n])
]

# The same input with more in its only change.
with_more(document, more) := {"resource_changes": [object.union(document.resource_changes[0], more)]}

# The same input with Unknowns.
with_unknown(document, unknown) := with_more(document, {"change": {"after_unknown": unknown}})
