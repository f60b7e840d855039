# METADATA
# title: Inputs for the tests of this profile
package opsctl.strict.fixtures

import rego.v1

plan(type, action, spec) := {"operation": "apply", "resource_changes": [{
	"address": "it",
	"mode": "managed",
	"type": type,
	"action": action,
	"labels": {},
	"change": {"after": spec, "after_unknown": {}},
}]}
