# METADATA
# title: The source of an ingress rule is known at plan
# description: |
#   Where a rule's source is known only after apply, nobody can judge it at review. A warning, so that a reviewer
#   looks at where the value comes from.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18
# custom:
#   severity: low
# schemas:
# - input: schema.input
package opsctl.baseline.unknown_ingress

import data.opsctl.network
import rego.v1

warn contains {"msg": msg, "address": rule.address, "path": rule.path} if {
	some rule in network.rules
	rule.direction == "ingress"
	rule.unknown
	msg := sprintf("%s: who may connect is known only after apply", [rule.address])
}
