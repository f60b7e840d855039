package opsctl.baseline.database_public_test

import data.opsctl.baseline.database_public
import data.opsctl.fixtures
import rego.v1

rds(spec) := fixtures.created("AWS::RDS::DBInstance", spec)

firewall(first, last) := fixtures.created(
	"Microsoft.DBforMySQL/flexibleServers/firewallRules",
	{"properties": {"startIpAddress": first, "endIpAddress": last}},
)

denied(document) if count(database_public.deny) == 1 with input as document

test_a_public_instance_is_denied if denied(rds({"PubliclyAccessible": true}))

test_a_private_instance_passes if not denied(rds({"PubliclyAccessible": false}))

test_silence_passes if not denied(rds({}))

test_all_addresses_are_denied if denied(firewall("0.0.0.0", "255.255.255.255"))

test_half_of_all_addresses_is_denied if denied(firewall("128.0.0.0", "255.255.255.255"))

test_an_office_passes if not denied(firewall("203.0.113.0", "203.0.113.255"))

test_azures_own_services_pass if not denied(firewall("0.0.0.0", "0.0.0.0"))
