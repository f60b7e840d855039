# METADATA
# title: Data stores are not deleted or replaced in passing
# description: |
#   What holds data is not like what computes: its deletion or replacement needs an approval. The parameter
#   `data_loss_allowed` lists address patterns (with *) whose data may go, such as those of a test environment.
# related_resources:
# - ref: https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_backing_up_data_identified_backups_data.html
# custom:
#   severity: critical
#   parameters:
#     data_loss_allowed: {default: [], description: address patterns (with *) whose data may go}
# schemas:
# - input: schema.input
package opsctl.baseline.data_stores

import data.opsctl.lib
import rego.v1

_stores := {
	"AWS::RDS::DBInstance",
	"AWS::S3::Bucket",
	"Microsoft.Compute/disks",
	"Microsoft.DBforMySQL/flexibleServers",
	"Microsoft.DBforMySQL/flexibleServers/databases",
	"Microsoft.Storage/storageAccounts",
	"Microsoft.Storage/storageAccounts/blobServices/containers",
	"OS::Cinder::Volume",
}

require_approval contains {"msg": msg, "address": change.address} if {
	some change in lib.removed
	change.type in _stores
	not _allowed(change.address)
	word := {"delete": "deletes", "replace": "replaces"}[change.action]
	msg := sprintf("this plan %s %s, and the data in it (%s)", [word, change.address, change.type])
}

_allowed(address) if {
	some pattern in lib.param("data_loss_allowed", [])
	glob.match(pattern, null, address)
}
