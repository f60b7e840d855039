# METADATA
# title: Subnets hand out no public addresses
# description: |
#   A machine is public because somebody said so, not because of the subnet that it landed in (Security Hub EC2.15).
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-15
# custom:
#   severity: medium
#   fix: "MapPublicIpOnLaunch: false"
# schemas:
# - input: schema.input
package opsctl.strict.subnet_public

import data.opsctl.strict.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["MapPublicIpOnLaunch"]} if {
	some change in lib.of_type("AWS::EC2::Subnet")
	change.change.after.MapPublicIpOnLaunch == true
	not lib.unknown(change, ["MapPublicIpOnLaunch"])
	msg := sprintf("%s gives every machine in it a public address", [change.address])
}
