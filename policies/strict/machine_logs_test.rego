package opsctl.strict.machine_logs_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.machine_logs
import rego.v1

_vm(enabled) := fixtures.plan("Microsoft.Compute/virtualMachines", "create", {"properties": {"diagnosticsProfile": {"bootDiagnostics": {"enabled": enabled}}}})

test_an_instance_without_monitoring_is_found if count(machine_logs.warn) == 1 with input as fixtures.plan("AWS::EC2::Instance", "create", {})

test_an_instance_with_monitoring_passes if count(machine_logs.warn) == 0 with input as fixtures.plan("AWS::EC2::Instance", "create", {"Monitoring": true})

test_a_machine_without_boot_diagnostics_is_found if count(machine_logs.warn) == 1 with input as _vm(false)

test_a_machine_with_boot_diagnostics_passes if count(machine_logs.warn) == 0 with input as _vm(true)

test_what_is_not_known_yet_is_not_judged if count(machine_logs.warn) == 0 with input as fixtures.unknown("Microsoft.Compute/virtualMachines", {}, {"properties": {"diagnosticsProfile": true}})

test_a_server_is_not_judged if count(machine_logs.warn) == 0 with input as fixtures.plan("OS::Nova::Server", "create", {})
