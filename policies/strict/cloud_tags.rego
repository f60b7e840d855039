# METADATA
# title: What costs money carries tags in its cloud
# description: |
#   The bill and the inventory of a cloud know its own tags, not our labels (Security Hub RDS.30; Cloud Adoption
#   Framework, "Define your tagging strategy"). Which tags are wanted is a parameter. Nova's and Cinder's metadata count
#   as tags.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-30
# - ref: https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging
# - ref: https://docs.openstack.org/api-ref/compute/#servers-servers
# custom:
#   severity: low
#   parameters:
#     cloud_tags: {default: [owner], description: names of the tags that are wanted}
# schemas:
# - input: schema.input
package opsctl.strict.cloud_tags

import data.opsctl.strict.lib
import rego.v1

# What has a price by the hour or the gigabyte, and where its tags are.
_where := {
	"AWS::EC2::Instance": ["Tags"],
	"AWS::RDS::DBInstance": ["Tags"],
	"AWS::S3::Bucket": ["Tags"],
	"Microsoft.Compute/disks": ["tags"],
	"Microsoft.Compute/virtualMachines": ["tags"],
	"Microsoft.DBforMySQL/flexibleServers": ["tags"],
	"Microsoft.Network/publicIPAddresses": ["tags"],
	"Microsoft.Storage/storageAccounts": ["tags"],
	"OS::Cinder::Volume": ["metadata"],
	"OS::Nova::Server": ["metadata"],
}

_links := {
	"AWS": "https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-30",
	"Microsoft": "https://learn.microsoft.com/azure/cloud-adoption-framework/ready/azure-best-practices/resource-tagging",
	"OS": "https://docs.openstack.org/api-ref/compute/#servers-servers",
}

warn contains {"msg": msg, "address": change.address, "path": path, "link": link} if {
	wanted := {name | some name in lib.param("cloud_tags", ["owner"])}
	some type, path in _where
	link := _links[regex.split(`[:.]`, type)[0]]
	some change in lib.of_type(type)
	missing := wanted - _names(object.get(change.change.after, path, {}))
	count(missing) > 0
	not lib.unknown(change, path)
	msg := sprintf("%s has no tag %s in its cloud", [change.address, concat(", ", sort(missing))])
}

_names(tags) := {tag.Key | some tag in tags} if is_array(tags)

_names(tags) := object.keys(tags) if is_object(tags)
