package opsctl.strict.disk_access_test

import data.opsctl.strict.disk_access
import data.opsctl.strict.fixtures
import rego.v1

_disk(properties) := fixtures.plan("Microsoft.Compute/disks", "create", {"properties": properties})

test_silence_means_everybody if count(disk_access.deny) == 1 with input as _disk({})

test_a_disk_that_denies_passes if count(disk_access.deny) == 0 with input as _disk({"networkAccessPolicy": "DenyAll"})

test_a_disk_without_public_access_passes if count(disk_access.deny) == 0 with input as _disk({"publicNetworkAccess": "Disabled"})

test_what_is_not_known_yet_is_not_judged if count(disk_access.deny) == 0 with input as fixtures.unknown("Microsoft.Compute/disks", {}, {"properties": true})
