package opsctl.strict.database_deletion_test

import data.opsctl.strict.database_deletion
import data.opsctl.strict.fixtures
import rego.v1

test_the_weak_setting_is_found if count(database_deletion.deny) == 1 with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"DeletionProtection": false})

test_the_strict_setting_passes if count(database_deletion.deny) == 0 with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"DeletionProtection": true})

test_what_is_not_known_yet_is_not_judged if count(database_deletion.deny) == 0 with input as fixtures.unknown("AWS::RDS::DBInstance", {"DeletionProtection": false}, {"DeletionProtection": true})

test_a_deletion_is_not_judged if count(database_deletion.deny) == 0 with input as fixtures.plan("AWS::RDS::DBInstance", "delete", null)
