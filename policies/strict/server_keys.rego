# METADATA
# title: Servers let a key in
# description: |
#   Without a key somebody has to put a password into the image or the user data.
# related_resources:
# - ref: https://docs.openstack.org/nova/latest/user/launch-instances.html
# custom:
#   severity: medium
#   fix: "key_name: NAME"
# schemas:
# - input: schema.input
package opsctl.strict.server_keys

import data.opsctl.strict.lib
import rego.v1

warn contains {"msg": msg, "address": change.address, "path": ["key_name"]} if {
	some change in lib.of_type("OS::Nova::Server")
	not change.change.after.key_name
	not lib.unknown(change, ["key_name"])
	msg := sprintf("%s lets no key in", [change.address])
}
