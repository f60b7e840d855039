# METADATA
# title: What the rules of this profile share
# description: What a plan puts in place. Each profile stands alone.
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
