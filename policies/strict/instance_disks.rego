# METADATA
# title: Disks of instances are encrypted
# description: |
#   A disk that an instance brings up says that it is encrypted (Security Hub EC2.3), so that no default of the region
#   decides. Azure encrypts every disk; for Cinder see opsctl.baseline.volume_encryption.
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-3
# custom:
#   severity: medium
#   fix: "BlockDeviceMappings[].Ebs.Encrypted: true"
# schemas:
# - input: schema.input
package opsctl.strict.instance_disks

import data.opsctl.strict.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": path} if {
	some change in lib.of_type("AWS::EC2::Instance")
	some number, disk in object.get(change.change.after, "BlockDeviceMappings", [])
	is_object(disk.Ebs)
	not disk.Ebs.Encrypted == true
	path := ["BlockDeviceMappings", number, "Ebs"]
	not _unknown(change, number)
	msg := sprintf("%s: the disk %s is not said to be encrypted", [change.address, disk.DeviceName])
}

_unknown(change, number) if change.change.after_unknown.BlockDeviceMappings[number].Ebs.Encrypted == true
