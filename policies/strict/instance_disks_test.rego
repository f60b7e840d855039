package opsctl.strict.instance_disks_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.instance_disks
import rego.v1

_disk(ebs) := {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "Ebs": ebs}]}

test_a_disk_that_says_nothing_is_found if count(instance_disks.deny) == 1 with input as fixtures.plan("AWS::EC2::Instance", "create", _disk({"VolumeSize": 10}))

test_an_encrypted_disk_passes if count(instance_disks.deny) == 0 with input as fixtures.plan("AWS::EC2::Instance", "create", _disk({"Encrypted": true}))

test_an_instance_without_disks_of_its_own_passes if count(instance_disks.deny) == 0 with input as fixtures.plan("AWS::EC2::Instance", "create", {})

test_what_is_not_known_yet_is_not_judged if count(instance_disks.deny) == 0 with input as fixtures.unknown("AWS::EC2::Instance", _disk({}), {"BlockDeviceMappings": [{"Ebs": {"Encrypted": true}}]})
