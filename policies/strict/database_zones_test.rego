package opsctl.strict.database_zones_test

import data.opsctl.strict.database_zones
import data.opsctl.strict.fixtures
import rego.v1

test_the_weak_setting_is_found if count(database_zones.warn) == 1 with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"MultiAZ": false})

test_the_strict_setting_passes if count(database_zones.warn) == 0 with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"MultiAZ": true})

test_what_is_not_known_yet_is_not_judged if count(database_zones.warn) == 0 with input as fixtures.unknown("AWS::RDS::DBInstance", {"MultiAZ": false}, {"MultiAZ": true})

test_a_deletion_is_not_judged if count(database_zones.warn) == 0 with input as fixtures.plan("AWS::RDS::DBInstance", "delete", null)

test_azure_is_judged_too if count(database_zones.warn) == 1 with input as fixtures.plan("Microsoft.DBforMySQL/flexibleServers", "create", {"properties": {}})

test_zone_redundant_passes if count(database_zones.warn) == 0 with input as fixtures.plan("Microsoft.DBforMySQL/flexibleServers", "create", {"properties": {"highAvailability": {"mode": "ZoneRedundant"}}})

test_a_mode_that_is_not_known_is_not_judged if count(database_zones.warn) == 0 with input as fixtures.unknown("Microsoft.DBforMySQL/flexibleServers", {}, {"properties": true})
