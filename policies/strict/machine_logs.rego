# METADATA
# title: Machines can be looked at from outside
# description: |
#   A machine that does not start, or is busy with something, is seen in what the cloud records of it: each minute's
#   figures on AWS (AWS Config ec2-instance-detailed-monitoring-enabled), the console on Azure (Azure Policy "Boot
#   Diagnostics should be enabled on virtual machines"). Nova keeps the console of every server.
# related_resources:
# - ref: https://docs.aws.amazon.com/config/latest/developerguide/ec2-instance-detailed-monitoring-enabled.html
# - ref: https://learn.microsoft.com/azure/virtual-machines/boot-diagnostics
# custom:
#   severity: low
# schemas:
# - input: schema.input
package opsctl.strict.machine_logs

import data.opsctl.strict.lib
import rego.v1

_kinds := {
	"AWS::EC2::Instance": {
		"path": ["Monitoring"],
		"says": "its figures are taken every five minutes only",
		"link": "https://docs.aws.amazon.com/config/latest/developerguide/ec2-instance-detailed-monitoring-enabled.html",
	},
	"Microsoft.Compute/virtualMachines": {
		"path": ["properties", "diagnosticsProfile", "bootDiagnostics", "enabled"],
		"says": "nobody sees its console when it does not start",
		"link": "https://learn.microsoft.com/azure/virtual-machines/boot-diagnostics",
	},
}

warn contains {"msg": msg, "address": change.address, "path": kind.path, "fix": fix, "link": kind.link} if {
	some type, kind in _kinds
	some change in lib.of_type(type)
	not object.get(change.change.after, kind.path, false) == true
	not lib.unknown(change, kind.path)
	fix := sprintf("%s: true", [concat(".", kind.path)])
	msg := sprintf("%s: %s", [change.address, kind.says])
}
