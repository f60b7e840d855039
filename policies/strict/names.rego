# METADATA
# title: Names follow one pattern
# description: |
#   A name is typed, sorted and searched for by people. The names that things get in their cloud match one pattern (by
#   default lower-case letters, digits and hyphens, which every cloud takes), the names of resources in the stack
#   another. Names that opsctl makes up, and those of the parts of an abstract type, are not judged.
# related_resources:
# - ref: https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-naming
# - ref: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
# custom:
#   severity: low
#   parameters:
#     name_pattern:
#       default: "^[a-z][a-z0-9-]{0,62}$"
#       description: a regular expression that names in a cloud match
#     name_patterns:
#       default: {}
#       description: regular expressions by type, in place of it
#     resource_name_pattern:
#       default: "^[a-z][A-Za-z0-9_-]{0,62}$"
#       description: a regular expression that the names of resources match
# schemas:
# - input: schema.input
package opsctl.strict.names

import data.opsctl.strict.lib
import rego.v1

_pattern := lib.param("name_pattern", `^[a-z][a-z0-9-]{0,62}$`)

_patterns := lib.param("name_patterns", {})

# Where a type keeps the name that its cloud shows. Azure and OpenStack call it name.
_where := {
	"AWS::EC2::SecurityGroup": "GroupName",
	"AWS::RDS::DBInstance": "DBInstanceIdentifier",
	"AWS::RDS::DBSubnetGroup": "DBSubnetGroupName",
	"AWS::S3::Bucket": "BucketName",
}

warn contains {"msg": msg, "address": change.address, "path": [property]} if {
	some change in lib.active
	not contains(change.address, "/")
	property := object.get(_where, change.type, "name")
	name := change.change.after[property]
	is_string(name)
	name != "(sensitive)"
	wanted := object.get(_patterns, change.type, _pattern)
	not regex.match(wanted, name)
	msg := sprintf("%s is called %q, which does not match %s", [change.address, name, wanted])
}

warn contains {"msg": msg, "address": resource.address} if {
	some resource in input.resources
	resource.mode == "managed"
	not contains(resource.address, "/")
	name := split(resource.address, "[")[0]
	wanted := lib.param("resource_name_pattern", `^[a-z][A-Za-z0-9_-]{0,62}$`)
	not regex.match(wanted, name)
	msg := sprintf("the name %q does not match %s", [name, wanted])
}
