package opsctl.team.folders_test

import data.opsctl.team.folders
import rego.v1

writes(path, content) := {"resource_changes": [{
	"address": "page",
	"type": "Local::File",
	"action": "create",
	"change": {"after": {"path": path, "content": content}},
}]}

test_an_allowed_folder_passes if {
	count(folders.deny) == 0 with input as writes("public/a.html", "<h1>A</h1>")
}

test_another_folder_is_denied if {
	count(folders.deny) == 1 with input as writes("private/a.html", "<h1>A</h1>")
}

test_a_page_without_a_heading_warns if {
	count(folders.warn) == 1 with input as writes("public/a.html", "A")
}
