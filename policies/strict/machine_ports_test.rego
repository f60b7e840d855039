package opsctl.strict.machine_ports_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.machine_ports
import rego.v1

test_ssh_for_everybody_is_found if {
	some found in machine_ports.deny with input as fixtures.written("ComputeInstance", {"ports": ["8080", "22"]})
	found.msg == "it is open to everybody on port 22"
}

test_ssh_for_some_passes if count(machine_ports.deny) == 0 with input as fixtures.written("ComputeInstance", {"ports": ["22"], "clients": "10.0.0.0/8"})

test_other_ports_pass if count(machine_ports.deny) == 0 with input as fixtures.written("ComputeInstance", {"ports": ["8080"]})

test_the_parameter_says_which_ports if count(machine_ports.deny) == 1 with input as fixtures.written("ComputeInstance", {"ports": ["5985"]})
	with data.opsctl.params as {"admin_ports": [5985]}

test_clients_that_are_not_known_yet_are_not_judged if count(machine_ports.deny) == 0 with input as {"resources": [{"address": "it", "type": "ComputeInstance", "spec": {"ports": ["22"]}, "unknown": {"clients": true}}]}
