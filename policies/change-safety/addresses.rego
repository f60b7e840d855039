# METADATA
# title: Public addresses are not let go of in passing
# description: |
#   An address that is given back belongs to somebody else a minute later; DNS and allow lists still name it.
# related_resources:
# - ref: https://learn.microsoft.com/azure/security/fundamentals/subdomain-takeover
# custom:
#   severity: medium
# schemas:
# - input: schema.input
package opsctl.change_safety.addresses

import data.opsctl.change_safety.lib
import rego.v1

types := {"Microsoft.Network/publicIPAddresses", "OS::Neutron::FloatingIP"}

warn contains {"msg": msg, "address": change.address} if {
	some change in lib.going({"delete", "replace"})
	change.type in types
	msg := sprintf("%s is given back: see that no DNS record and no allow list names it", [change.address])
}
