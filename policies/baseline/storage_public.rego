# METADATA
# title: Storage accounts allow no anonymous reads
# description: |
#   With `allowBlobPublicAccess` any container of the account can be opened to everybody. Switched off at the account,
#   none can (CIS Azure 3.0.0, 4.17).
# related_resources:
# - ref: https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent
# custom:
#   severity: high
# schemas:
# - input: schema.input
package opsctl.baseline.storage_public

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["properties", "allowBlobPublicAccess"]} if {
	some change in lib.of_type("Microsoft.Storage/storageAccounts")
	not change.change.after.properties.allowBlobPublicAccess == false
	msg := sprintf("%s allows anonymous reads: set properties.allowBlobPublicAccess to false", [change.address])
}

deny contains {"msg": msg, "address": change.address, "path": ["properties", "publicAccess"]} if {
	some change in lib.of_type("Microsoft.Storage/storageAccounts/blobServices/containers")
	access := object.get(change.change.after, ["properties", "publicAccess"], "None")
	lower(access) != "none"
	msg := sprintf("%s can be read by everybody (%s): set properties.publicAccess to None", [change.address, access])
}
