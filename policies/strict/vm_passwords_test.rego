package opsctl.strict.vm_passwords_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.vm_passwords
import rego.v1

test_the_weak_setting_is_found if count(vm_passwords.deny) == 1 with input as fixtures.plan("Microsoft.Compute/virtualMachines", "create", {"properties": {"osProfile": {"adminUsername": "a"}}})

test_the_strict_setting_passes if count(vm_passwords.deny) == 0 with input as fixtures.plan("Microsoft.Compute/virtualMachines", "create", {"properties": {"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": true}}}})

test_what_is_not_known_yet_is_not_judged if count(vm_passwords.deny) == 0 with input as fixtures.unknown("Microsoft.Compute/virtualMachines", {"properties": {"osProfile": {"adminUsername": "a"}}}, {"properties": {"osProfile": {"linuxConfiguration": {"disablePasswordAuthentication": true}}}})

test_a_deletion_is_not_judged if count(vm_passwords.deny) == 0 with input as fixtures.plan("Microsoft.Compute/virtualMachines", "delete", null)

test_windows_is_not_judged if count(vm_passwords.deny) == 0 with input as fixtures.plan("Microsoft.Compute/virtualMachines", "create", {"properties": {"osProfile": {"windowsConfiguration": {}}}})
