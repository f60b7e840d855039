# METADATA
# title: Pages go to public folders
# custom:
#   severity: high
#   fix: write to the folder public
package opsctl.platform.folders

import rego.v1

folder(change) := split(change.change.after.path, "/")[0]

pages contains change if {
	some change in input.resource_changes
	change.type == "Local::File"
	change.action in {"create", "update", "replace"}
}

deny contains {"msg": "nobody reads the folder private", "address": change.address, "path": ["path"]} if {
	some change in pages
	folder(change) == "private"
}

require_approval contains {"msg": "legal pages are read by a lawyer first", "address": change.address} if {
	some change in pages
	folder(change) == "legal"
}
