# METADATA
# title: Inputs for the tests of this profile
package opsctl.strict.fixtures

import rego.v1

plan(type, action, spec) := changes([change(type, action, spec)])

changes(items) := {"operation": "apply", "resource_changes": items, "resources": []}

change(type, action, spec) := {
	"address": "it",
	"mode": "managed",
	"type": type,
	"action": action,
	"labels": {},
	"change": {"after": spec, "after_unknown": {}},
}

# A creation of which this part is known only after apply.
unknown(type, spec, mark) := changes([object.union(
	change(type, "create", spec),
	{"change": {"after_unknown": mark}},
)])

# A resource of an abstract type, as it is written.
written(type, spec) := {"operation": "apply", "resource_changes": [], "resources": [{
	"address": "it",
	"mode": "managed",
	"type": type,
	"labels": {},
	"spec": spec,
	"unknown": {},
}]}
