# METADATA
# title: What the rules of this profile share
# description: What a plan does, and the parameters of the stack. Each profile stands alone.
# schemas:
# - input: schema.input
package opsctl.change_safety.lib

import rego.v1

going(actions) := [change |
	some change in input.resource_changes
	change.action in actions
]

default params := {}

params := data.opsctl.params

param(name, fallback) := object.get(params, name, fallback)
