# METADATA
# title: Instance metadata wants a session token
# description: |
#   Version 1 of the metadata service hands credentials to whoever makes a server send one request (Security Hub EC2.8;
#   CIS AWS 5.0.0, 5.7).
# related_resources:
# - ref: https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-8
# custom:
#   severity: high
#   fix: "MetadataOptions: {HttpTokens: required}"
# schemas:
# - input: schema.input
package opsctl.strict.instance_metadata

import data.opsctl.strict.lib
import rego.v1

deny contains {"msg": msg, "address": change.address, "path": ["MetadataOptions", "HttpTokens"]} if {
	some change in lib.of_type("AWS::EC2::Instance")
	not change.change.after.MetadataOptions.HttpTokens == "required"
	not lib.unknown(change, ["MetadataOptions", "HttpTokens"])
	msg := sprintf("%s answers metadata requests without a token", [change.address])
}
