# METADATA
# title: Files are written to the allowed folders
# description: The list is in data.yaml beside this file; a note is given where a page has no heading.
# custom:
#   severity: medium
package opsctl.team.folders

import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["path"]} if {
	some change in input.resource_changes
	change.type == "Local::File"
	change.action in {"create", "update", "replace"}
	folder := split(change.change.after.path, "/")[0]
	not folder in data.team.folders
	msg := sprintf("%s writes to %s, and only %s are allowed", [change.address, folder, concat(", ", data.team.folders)])
}

warn contains {"msg": msg, "address": change.address} if {
	some change in input.resource_changes
	change.type == "Local::File"
	change.action in {"create", "update", "replace"}
	not contains(change.change.after.content, "<h1>")
	msg := sprintf("%s has no heading", [change.address])
}
