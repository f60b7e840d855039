# METADATA
# title: Replacements are reviewed
# description: |
#   A replacement deletes what is there, however small the edit looks. Parameter: address patterns that may.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_tracking_change_management_planned_changemgmt.html
# custom:
#   severity: high
#   parameters:
#     replacements_allowed: {default: [], description: address patterns (with *) whose replacement needs no review}
# schemas:
# - input: schema.input
package opsctl.change_safety.replacements

import data.opsctl.change_safety.lib
import rego.v1

require_approval contains {"msg": msg, "address": change.address} if {
	some change in lib.going({"replace"})
	not allowed(change.address)
	msg := sprintf("%s is replaced: what is there now goes away", [change.address])
}

allowed(address) if {
	some pattern in lib.param("replacements_allowed", [])
	glob.match(pattern, null, address)
}
