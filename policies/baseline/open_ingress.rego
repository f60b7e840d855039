# METADATA
# title: No ingress from the whole Internet, except to public ports
# description: |
#   A port that the whole Internet reaches is scanned within minutes. Public services are expected: ports in the
#   parameter `public_ports` (default 80 and 443) may be open. Prefixes so short that a few of them are the Internet
#   count as open too. ICMP is not judged (Security Hub EC2.18; CIS Azure 3.0.0, 7.1 and 7.2).
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18
# - ref: https://learn.microsoft.com/azure/security/fundamentals/network-best-practices
# custom:
#   severity: critical
#   parameters:
#     public_ports: {default: [80, 443], description: ports that the whole Internet may reach}
# schemas:
# - input: schema.input
package opsctl.baseline.open_ingress

import data.opsctl.lib
import data.opsctl.network
import rego.v1

deny contains {"msg": msg, "address": rule.address, "path": rule.path} if {
	public := {port | some port in lib.param("public_ports", [80, 443])}
	some rule in network.rules
	rule.direction == "ingress"
	not rule.protocol in {"icmp", "icmpv6"}
	network.world_open(rule)
	not _public(rule, public)
	msg := sprintf("%s is open to the whole Internet (%s) on %s", [rule.address, rule.source, _ports(rule)])
}

_public(rule, public) if {
	rule.protocol != "any"
	rule.to - rule.from < count(public)
	every port in numbers.range(rule.from, rule.to) {
		port in public
	}
}

_ports(rule) := "all ports" if {
	rule.from == 0
	rule.to == 65535
}

_ports(rule) := sprintf("%s port %d", [rule.protocol, rule.from]) if rule.from == rule.to

_ports(rule) := sprintf("%s ports %d to %d", [rule.protocol, rule.from, rule.to]) if {
	rule.from != rule.to
	[rule.from, rule.to] != [0, 65535]
}
