# METADATA
# title: Storage accounts know who asks
# description: |
#   An account key opens everything and belongs to nobody.
# related_resources:
# - ref: https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent
# custom:
#   severity: medium
#   fix: "properties.allowSharedKeyAccess: false"
# schemas:
# - input: schema.input
package opsctl.strict.storage_keys

import data.opsctl.strict.lib
import rego.v1

warn contains {"msg": msg, "address": change.address, "path": ["properties", "allowSharedKeyAccess"]} if {
	some change in lib.of_type("Microsoft.Storage/storageAccounts")
	not change.change.after.properties.allowSharedKeyAccess == false
	not lib.unknown(change, ["properties", "allowSharedKeyAccess"])
	msg := sprintf("%s can be opened with an account key", [change.address])
}
