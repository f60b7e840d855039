# METADATA
# title: Disks are not reached over the Internet
# description: |
#   A managed disk can be exported by whoever has a link to it, from everywhere, unless it says otherwise (CIS Azure
#   3.0.0, 8.5).
# related_resources:
# - ref: https://learn.microsoft.com/azure/virtual-machines/disks-restrict-import-export-overview
# custom:
#   severity: medium
#   fix: "properties: {networkAccessPolicy: DenyAll, publicNetworkAccess: Disabled}"
# schemas:
# - input: schema.input
package opsctl.strict.disk_access

import data.opsctl.strict.lib
import rego.v1

_policy := ["properties", "networkAccessPolicy"]

_public := ["properties", "publicNetworkAccess"]

deny contains {"msg": msg, "address": change.address, "path": _policy} if {
	some change in lib.of_type("Microsoft.Compute/disks")
	object.get(change.change.after, _policy, "AllowAll") == "AllowAll"
	object.get(change.change.after, _public, "Enabled") == "Enabled"
	not lib.unknown(change, _policy)
	not lib.unknown(change, _public)
	msg := sprintf("%s can be exported from everywhere", [change.address])
}
