# METADATA
# title: One plan updates only so much
# description: |
#   A change of a shared default reaches everything at once. More updates than the parameter need an approval.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_tracking_change_management_planned_changemgmt.html
# custom:
#   severity: medium
#   parameters:
#     max_updates: {default: 50, description: updates in one plan that need no approval}
# schemas:
# - input: schema.input
package opsctl.change_safety.updates

import data.opsctl.change_safety.lib
import rego.v1

require_approval contains msg if {
	limit := lib.param("max_updates", 50)
	number := count(lib.going({"update"}))
	number > limit
	msg := sprintf("this plan updates %d resources, and at most %d may go without an approval", [number, limit])
}
