# METADATA
# title: Resources carry labels at all
# description: |
#   A resource without a single label is nobody's. One warning names them all.
# related_resources:
# - ref: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
# custom:
#   severity: low
# schemas:
# - input: schema.input
package opsctl.baseline.unlabelled

import data.opsctl.lib
import rego.v1

warn contains msg if {
	without := [change.address | some change in lib.active; count(change.labels) == 0]
	count(without) > 0
	shown := array.slice(sort(without), 0, 5)
	more := {true: "", false: ", ..."}[count(without) <= 5]
	msg := sprintf("%d of %d changed resources have no labels: %s%s", [
		count(without),
		count(lib.active),
		concat(", ", shown),
		more,
	])
}
