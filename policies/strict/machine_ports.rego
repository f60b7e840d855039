# METADATA
# title: Portable machines are administered from somewhere
# description: |
#   A ComputeInstance whose administration ports are open to everybody is refused as it is written, before any cloud is
#   looked at (Security Hub EC2.13; CIS Azure 3.0.0, 7.1 and 7.2).
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-13
# - ref: https://learn.microsoft.com/azure/security/fundamentals/network-best-practices
# custom:
#   severity: high
#   stages: [spec, plan, apply]
#   fix: "clients: THE ADDRESSES THAT NEED IT"
#   parameters:
#     admin_ports: {default: [22, 3389], description: TCP ports that machines are administered over}
# schemas:
# - input: schema.input
package opsctl.strict.machine_ports

import data.opsctl.strict.lib
import rego.v1

deny contains {"msg": msg, "address": resource.address, "path": ["clients"]} if {
	admin := {sprintf("%d", [port]) | some port in lib.param("admin_ports", [22, 3389])}
	some resource in lib.abstract("ComputeInstance")
	object.get(resource.spec, "clients", "0.0.0.0/0") in {"0.0.0.0/0", "::/0"}
	not resource.unknown.clients
	open := admin & {port | some port in object.get(resource.spec, "ports", [])}
	count(open) > 0
	msg := sprintf("%s is open to everybody on port %s", [resource.address, concat(", ", sort(open))])
}
