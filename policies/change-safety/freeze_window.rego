# METADATA
# title: Nothing changes in a freeze
# description: |
#   In a freeze window (parameter) a plan that changes something is denied. The time is that of `input.now`, so
#   that every engine and every test agrees.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/operational-excellence-pillar/ops_ready_to_support_mitigate_deploy_risks.html
# custom:
#   severity: high
#   parameters:
#     freeze_windows: {default: [], description: "maps of from and to (RFC 3339) and reason"}
# schemas:
# - input: schema.input
package opsctl.change_safety.freeze_window

import data.opsctl.change_safety.lib
import rego.v1

now := time.parse_rfc3339_ns(input.now)

# An input without it is none of ours: then the engine's clock has to do, for a freeze must not be missed.
now := time.now_ns() if not input.now

deny contains msg if {
	count(lib.going({"create", "update", "replace", "delete", "adopt", "retag", "move"})) > 0
	some window in lib.param("freeze_windows", [])
	time.parse_rfc3339_ns(window.from) <= now
	now < time.parse_rfc3339_ns(window.to)
	msg := sprintf("changes are frozen until %s: %s", [window.to, object.get(window, "reason", "no reason is given")])
}
