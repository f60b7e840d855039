# METADATA
# title: Virtual machines let keys in, not passwords
# description: |
#   A password can be guessed from anywhere.
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

deny contains {"msg": msg, "address": change.address, "path": ["properties", "osProfile", "linuxConfiguration", "disablePasswordAuthentication"]} if {
	some change in lib.active
	change.type == "Microsoft.Compute/virtualMachines"
	is_object(change.change.after.properties.osProfile)
	not change.change.after.properties.osProfile.linuxConfiguration.disablePasswordAuthentication == true
	not unknown(change)
	msg := sprintf("%s can be entered with a password", [change.address])
}

unknown(change) if object.get(change.change.after_unknown, ["properties", "osProfile", "linuxConfiguration", "disablePasswordAuthentication"], false) == true
