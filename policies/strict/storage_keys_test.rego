package opsctl.strict.storage_keys_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.storage_keys
import rego.v1

test_the_weak_setting_is_found if count(storage_keys.warn) == 1 with input as fixtures.plan("Microsoft.Storage/storageAccounts", "create", {"properties": {}})

test_the_strict_setting_passes if count(storage_keys.warn) == 0 with input as fixtures.plan("Microsoft.Storage/storageAccounts", "create", {"properties": {"allowSharedKeyAccess": false}})

test_what_is_not_known_yet_is_not_judged if count(storage_keys.warn) == 0 with input as fixtures.unknown("Microsoft.Storage/storageAccounts", {"properties": {}}, {"properties": {"allowSharedKeyAccess": true}})

test_a_deletion_is_not_judged if count(storage_keys.warn) == 0 with input as fixtures.plan("Microsoft.Storage/storageAccounts", "delete", null)
