package opsctl.baseline.sizes_test

import data.opsctl.baseline.sizes
import data.opsctl.fixtures
import rego.v1

allowed := {
	"AWS::EC2::Instance": ["t3.*", "m5.large"],
	"Microsoft.Compute/virtualMachines": ["Standard_B*"],
	"AWS::RDS::DBInstance": ["db.t3.*", "db.*.large"],
	"OS::Nova::Server": ["m1.small"],
}

found(type, spec) := verdicts if {
	verdicts := sizes.deny with input as fixtures.created(type, spec) with data.opsctl.params.allowed_sizes as allowed
}

test_a_large_instance_is_denied if count(found("AWS::EC2::Instance", {"InstanceType": "p4d.24xlarge"})) == 1

test_a_pattern_passes if count(found("AWS::EC2::Instance", {"InstanceType": "t3.micro"})) == 0

test_a_large_machine_is_denied if {
	count(found("Microsoft.Compute/virtualMachines", {"properties": {"hardwareProfile": {"vmSize": "Standard_M128s"}}})) == 1
}

test_a_small_machine_passes if {
	count(found("Microsoft.Compute/virtualMachines", {"properties": {"hardwareProfile": {"vmSize": "Standard_B1s"}}})) == 0
}

test_a_flavor_is_judged if count(found("OS::Nova::Server", {"flavor": "m1.large"})) == 1

test_types_that_are_not_named_are_free if count(found("Microsoft.DBforMySQL/flexibleServers", {"sku": {"name": "Standard_D64"}})) == 0

test_a_star_covers_dots if count(found("AWS::RDS::DBInstance", {"DBInstanceClass": "db.r5.x.large"})) == 0

test_a_large_database_is_denied if count(found("AWS::RDS::DBInstance", {"DBInstanceClass": "db.r5.24xlarge"})) == 1

test_unset_is_not_enforced if {
	count(sizes.deny) == 0 with input as fixtures.created("AWS::EC2::Instance", {"InstanceType": "p4d.24xlarge"})
}
