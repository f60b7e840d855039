# METADATA
# title: What the guardrails share
# description: The resources that a plan puts in place, and the parameters with their defaults.
# schemas:
# - input: schema.input
package opsctl.lib

import rego.v1

# What this plan makes, changes or takes over. What stays as it is was judged when it was made.
active := [change |
	some change in input.resource_changes
	change.mode == "managed"
	change.action in {"create", "update", "replace", "adopt"}
	is_object(change.change.after)
]

# What this plan takes away: deletions, and replacements of what is there.
removed := [change |
	some change in input.resource_changes
	change.action in {"delete", "replace"}
]

# Sorted once, for most rules are about one type and a plan may be long.
_by_type[change.type] contains change if some change in active

of_type(type) := object.get(_by_type, type, set())

default params := {}

params := data.opsctl.params

# A parameter of the stack (policy data), or the guardrail's default.
param(name, fallback) := object.get(params, name, fallback)
