package opsctl.baseline.regions_test

import data.opsctl.baseline.regions
import data.opsctl.fixtures
import rego.v1

found(document) := verdicts if {
	verdicts := regions.deny with input as document
		with data.opsctl.params.allowed_regions as ["eu-west-1", "West Europe"]
}

server := fixtures.created("OS::Nova::Server", {})

placed(region) := object.union(server, {"stack": {"providers": {"cloud": {"region": region}}}})

test_a_location_elsewhere_is_denied if {
	count(found(fixtures.created("Microsoft.Compute/virtualMachines", {"location": "eastus"}))) == 1
}

test_azures_two_spellings_are_one if {
	count(found(fixtures.created("Microsoft.Compute/virtualMachines", {"location": "westeurope"}))) == 0
}

test_a_zone_elsewhere_is_denied if {
	count(found(fixtures.created("AWS::EC2::Subnet", {"AvailabilityZone": "us-east-1a"}))) == 1
}

test_an_allowed_zone_passes if {
	count(found(fixtures.created("AWS::EC2::Subnet", {"AvailabilityZone": "eu-west-1b"}))) == 0
}

test_the_providers_region_counts if count(found(placed("us-east-1"))) == 1

test_an_allowed_provider_passes if count(found(placed("eu-west-1"))) == 0

test_no_region_at_all_passes if count(found(server)) == 0

test_unset_is_not_enforced if count(regions.deny) == 0 with input as placed("us-east-1")

test_a_provider_without_a_region_passes if count(found(placed(null))) == 0
