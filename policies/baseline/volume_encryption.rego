# METADATA
# title: Volumes are of an encrypted type
# description: |
#   Cinder encrypts by volume type, and only the operator knows which types do: parameter `encrypted_volume_types`, a
#   list of names. Unset: not enforced. Disks of Azure are always encrypted.
# related_resources:
# - ref: https://docs.openstack.org/cinder/latest/configuration/block-storage/volume-encryption.html
# custom:
#   severity: high
#   parameters:
#     encrypted_volume_types: {default: [], description: names of the volume types that encrypt; none is not enforced}
# schemas:
# - input: schema.input
package opsctl.baseline.volume_encryption

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["volume_type"]} if {
	types := {name | some name in lib.param("encrypted_volume_types", [])}
	count(types) > 0
	some change in lib.of_type("OS::Cinder::Volume")
	type := object.get(change.change.after, "volume_type", "the default")
	not type in types
	msg := sprintf("%s is of type %s, which is not known to encrypt: use %s", [
		change.address,
		type,
		concat(" or ", sort(types)),
	])
}
