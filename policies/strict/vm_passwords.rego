# METADATA
# title: Virtual machines let keys in, not passwords
# description: |
#   A password can be guessed from anywhere. Windows, which knows no keys, is not judged.
# related_resources:
# - ref: https://learn.microsoft.com/azure/virtual-machines/linux/create-ssh-keys-detailed
# custom:
#   severity: high
#   fix: "properties.osProfile.linuxConfiguration.disablePasswordAuthentication: true"
# schemas:
# - input: schema.input
package opsctl.strict.vm_passwords

import data.opsctl.strict.lib
import rego.v1

_path := ["properties", "osProfile", "linuxConfiguration", "disablePasswordAuthentication"]

deny contains {"msg": msg, "address": change.address, "path": _path} if {
	some change in lib.of_type("Microsoft.Compute/virtualMachines")
	is_object(change.change.after.properties.osProfile)
	not change.change.after.properties.osProfile.windowsConfiguration # Windows knows no keys
	not change.change.after.properties.osProfile.linuxConfiguration.disablePasswordAuthentication == true
	not lib.unknown(change, _path)
	msg := sprintf("%s can be entered with a password", [change.address])
}
