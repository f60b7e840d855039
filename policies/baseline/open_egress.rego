# METADATA
# title: Egress to everywhere on every port is meant
# description: |
#   A rule that lets everything out helps whoever gets in. Clouds allow it by default; a spec that says so itself
#   should mean it.
# related_resources:
# - ref: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
# custom:
#   severity: low
# schemas:
# - input: schema.input
package opsctl.baseline.open_egress

import data.opsctl.network
import rego.v1

warn contains {"msg": msg, "address": rule.address, "path": rule.path} if {
	some rule in network.rules
	rule.direction == "egress"
	rule.protocol == "any"
	rule.from == 0
	rule.to == 65535
	network.world_open(rule)
	msg := sprintf("%s lets all traffic out to %s", [rule.address, rule.source])
}
