package opsctl.strict.database_upgrades_test

import data.opsctl.strict.database_upgrades
import data.opsctl.strict.fixtures
import rego.v1

test_the_weak_setting_is_found if count(database_upgrades.warn) == 1 with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"AutoMinorVersionUpgrade": false})

test_the_strict_setting_passes if count(database_upgrades.warn) == 0 with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"AutoMinorVersionUpgrade": true})

test_what_is_not_known_yet_is_not_judged if count(database_upgrades.warn) == 0 with input as fixtures.unknown("AWS::RDS::DBInstance", {"AutoMinorVersionUpgrade": false}, {"AutoMinorVersionUpgrade": true})

test_a_deletion_is_not_judged if count(database_upgrades.warn) == 0 with input as fixtures.plan("AWS::RDS::DBInstance", "delete", null)
