# METADATA
# title: One plan takes away only so much
# description: |
#   A renamed key or an emptied file can delete half a stack. More deletions and replacements than the parameter
#   `max_removals` (default 5) in one plan are denied. `opsctl destroy` says what it means, and is not judged here.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_tracking_change_management_automated_changemgmt.html
# custom:
#   severity: high
#   parameters:
#     max_removals: {default: 5, description: deletions and replacements that one plan may have}
# schemas:
# - input: schema.input
package opsctl.baseline.blast_radius

import data.opsctl.lib
import rego.v1

deny contains msg if {
	not input.operation == "destroy"
	limit := lib.param("max_removals", 5)
	count(lib.removed) > limit
	deleted := count([1 | some change in lib.removed; change.action == "delete"])
	msg := sprintf("this plan deletes %d and replaces %d resources, and at most %d may go in one plan", [
		deleted,
		count(lib.removed) - deleted,
		limit,
	])
}
