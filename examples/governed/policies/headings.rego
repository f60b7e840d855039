# METADATA
# title: Pages have a heading
# custom:
#   severity: low
package opsctl.team.headings

import rego.v1

warn contains {"msg": "the page has no heading", "address": change.address, "path": ["content"]} if {
	some change in input.resource_changes
	change.type == "Local::File"
	not contains(change.change.after.content, "<h1>")
}

remediate contains {"address": change.address, "msg": "a heading in front", "patch": [{
	"op": "replace",
	"path": "/content",
	"value": sprintf("<h1>Page</h1>%s", [change.change.after.content]),
}]} if {
	some change in input.resource_changes
	change.type == "Local::File"
	not contains(change.change.after.content, "<h1>")
}
