# METADATA
# title: Passwords are references, never text
# description: |
#   A password in a spec is a password in Git. Write a reference to a secret source; it is masked in plans, and its
#   plain value is never stored. Every property whose name says password, secret or private key is looked at.
# related_resources:
# - ref: https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html
# custom:
#   severity: critical
# schemas:
# - input: schema.input
package opsctl.baseline.plain_password

import data.opsctl.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": path} if {
	some change in lib.active
	regex.match(_secret_key, json.marshal(change.change.after))
	some path, value
	walk(change.change.after, [path, value])
	is_string(value)
	value != ""
	value != "(sensitive)"
	name := path[count(path) - 1]
	is_string(name)
	regex.match(_secret_name, name)
	msg := sprintf("%s: %s is written in plain: use a reference to a secret", [change.address, name])
}

_secret_name := `(?i)(password|passwd|admin_pass|secret_?key|private_?key|access_?key)$`

# The same as it stands in JSON: a quick look before the long one.
_secret_key := `(?i)(password|passwd|admin_pass|secret_?key|private_?key|access_?key)":`
