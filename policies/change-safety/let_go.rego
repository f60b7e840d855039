# METADATA
# title: What is let go of is still paid for
# description: |
#   A forgotten resource stays in its cloud, and nobody watches it any more.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_tracking_change_management_planned_changemgmt.html
# custom:
#   severity: low
# schemas:
# - input: schema.input
package opsctl.change_safety.let_go

import data.opsctl.change_safety.lib
import rego.v1

warn contains {"msg": msg, "address": change.address} if {
	some change in lib.going({"forget"})
	msg := sprintf("%s stays in its cloud and is managed by nobody", [change.address])
}
