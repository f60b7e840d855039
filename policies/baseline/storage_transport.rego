# METADATA
# title: Storage accounts speak TLS 1.2 or newer only
# description: |
#   Plain HTTP and old TLS can be read on the way. Secure transfer is Azure's default since 2019; a spec that turns it
#   off is denied, and so is a minimum version below 1.2 or none (CIS Azure 3.0.0, 4.1 and 4.15).
# related_resources:
# - ref: https://learn.microsoft.com/azure/storage/common/transport-layer-security-configure-minimum-version
# custom:
#   severity: high
# schemas:
# - input: schema.input
package opsctl.baseline.storage_transport

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["properties", "supportsHttpsTrafficOnly"]} if {
	some change in lib.of_type("Microsoft.Storage/storageAccounts")
	change.change.after.properties.supportsHttpsTrafficOnly == false
	msg := sprintf("%s accepts plain HTTP: set properties.supportsHttpsTrafficOnly to true", [change.address])
}

deny contains {"msg": msg, "address": change.address, "path": ["properties", "minimumTlsVersion"]} if {
	some change in lib.of_type("Microsoft.Storage/storageAccounts")
	version := object.get(change.change.after, ["properties", "minimumTlsVersion"], "TLS1_0")
	not version in {"TLS1_2", "TLS1_3"}
	msg := sprintf("%s accepts %s: set properties.minimumTlsVersion to TLS1_2", [change.address, version])
}
