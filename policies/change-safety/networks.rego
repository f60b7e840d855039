# METADATA
# title: Networks are not deleted in passing
# description: |
#   What stands in a network loses its connections. One approval says that this is meant.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_tracking_change_management_planned_changemgmt.html
# custom:
#   severity: high
# schemas:
# - input: schema.input
package opsctl.change_safety.networks

import data.opsctl.change_safety.lib
import rego.v1

types := {
	"AWS::EC2::VPC",
	"AWS::EC2::Subnet",
	"Microsoft.Network/virtualNetworks",
	"Microsoft.Network/virtualNetworks/subnets",
	"OS::Neutron::Net",
	"OS::Neutron::Subnet",
	"OS::Neutron::Router",
}

require_approval contains {"msg": msg, "address": change.address} if {
	not input.operation == "destroy"
	some change in lib.going({"delete", "replace"})
	change.type in types
	msg := sprintf("%s goes away (%s), with the connections of what stands in it", [change.address, change.type])
}
