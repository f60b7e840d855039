package opsctl.strict.database_zones_test

import data.opsctl.strict.database_zones
import data.opsctl.strict.fixtures
import rego.v1

test_the_weak_setting_is_found if count(database_zones.warn) == 1 with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"MultiAZ": false})

test_the_strict_setting_passes if count(database_zones.warn) == 0 with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"MultiAZ": true})

test_what_is_not_known_yet_is_not_judged if count(database_zones.warn) == 0 with input as {"resource_changes": [object.union(fixtures.plan("AWS::RDS::DBInstance", "create", {"MultiAZ": false}).resource_changes[0], {"change": {"after_unknown": {"MultiAZ": true}}})]}

test_a_deletion_is_not_judged if count(database_zones.warn) == 0 with input as fixtures.plan("AWS::RDS::DBInstance", "delete", null)
