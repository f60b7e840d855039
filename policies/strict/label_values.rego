# METADATA
# title: Labels have known values
# description: |
#   "prod", "production" and "Prod" are three environments to whoever groups by them. A label that is given has a value
#   that matches; a label that is not given is asked for by opsctl.baseline.required_labels. Judges what is written,
#   resources of abstract types too.
# related_resources:
# - ref: https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html
# - ref: https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging
# custom:
#   severity: low
#   stages: [spec, plan, apply]
#   parameters:
#     label_values:
#       default: {environment: "^(demo|dev|test|staging|prod)$"}
#       description: regular expressions by the name of a label
# schemas:
# - input: schema.input
package opsctl.strict.label_values

import data.opsctl.strict.lib
import rego.v1

_patterns := lib.param("label_values", {"environment": `^(demo|dev|test|staging|prod)$`})

warn contains {"msg": msg, "address": resource.address} if {
	some resource in input.resources
	not contains(resource.address, "/")
	some label, pattern in _patterns
	value := resource.labels[label]
	not regex.match(pattern, value)
	msg := sprintf("%s: the label %s is %q, which does not match %s", [resource.address, label, value, pattern])
}
