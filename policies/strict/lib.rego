# METADATA
# title: What the rules of this profile share
# description: What a plan puts in place, and the parameters of the stack. Each profile stands alone.
# schemas:
# - input: schema.input
package opsctl.strict.lib

import rego.v1

active := [change |
	some change in input.resource_changes
	change.mode == "managed"
	change.action in {"create", "update", "replace", "adopt"}
	is_object(change.change.after)
]

# Sorted once, for most rules are about one type and a plan may be long.
_by_type[change.type] contains change if some change in active

of_type(type) := object.get(_by_type, type, set())

# Whether what stands at the path is known only after apply: it, or something that it is a part of.
unknown(change, path) if {
	change.change.after_unknown != {}
	some length in numbers.range(1, count(path))
	object.get(change.change.after_unknown, array.slice(path, 0, length), false) == true
}

# Resources of abstract types, as they are written: what they expand to is judged as a change.
abstract(type) := [resource |
	some resource in input.resources
	resource.type == type
]

default params := {}

params := data.opsctl.params

# A parameter of the stack (policy data), or the rule's default.
param(name, fallback) := object.get(params, name, fallback)
