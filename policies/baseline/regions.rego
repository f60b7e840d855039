# METADATA
# title: Resources are in the allowed regions
# description: |
#   Where data may live is a decision of its own. Parameter `allowed_regions`, a list; unset: not enforced. The region is
#   the resource's location, the region of its availability zone, or its provider's.
# related_resources:
# - ref: https://learn.microsoft.com/azure/governance/policy/samples/built-in-policies#general
# custom:
#   severity: high
#   parameters:
#     allowed_regions: {default: [], description: regions that resources may be in; none is every region}
# schemas:
# - input: schema.input
package opsctl.baseline.regions

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address} if {
	allowed := {_plain(region) | some region in lib.param("allowed_regions", [])}
	count(allowed) > 0
	some change in lib.active
	region := _region(change)
	not _plain(region) in allowed
	msg := sprintf("%s is in %s, and only %s are allowed", [change.address, region, concat(", ", sort(allowed))])
}

_region(change) := region if {
	region := change.change.after.location
	is_string(region)
} else := region if {
	region := trim_right(change.change.after.AvailabilityZone, "abcdefghijklmnopqrstuvwxyz")
} else := region if {
	region := input.stack.providers[change.provider_name].region
	is_string(region) # a provider that has none, or none in the stack, is not judged
}

# Azure writes "West Europe" and "westeurope" for the same.
_plain(region) := lower(replace(region, " ", ""))
