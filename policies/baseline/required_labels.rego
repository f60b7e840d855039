# METADATA
# title: Resources carry the required labels
# description: |
#   Labels say who owns a resource and what it belongs to. Which ones are required is the team's to say:
#   parameter `required_labels`, a list of names. Unset: nothing is required.
# related_resources:
# - ref: https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging
# custom:
#   severity: medium
#   parameters:
#     required_labels: {default: [], description: names of labels that every resource carries}
# schemas:
# - input: schema.input
package opsctl.baseline.required_labels

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address} if {
	required := {name | some name in lib.param("required_labels", [])}
	some change in lib.active
	given := {name | some name, value in change.labels; value != ""}
	missing := required - given
	count(missing) > 0
	msg := sprintf("%s misses the labels %s", [change.address, concat(", ", sort(missing))])
}
