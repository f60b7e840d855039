package opsctl.change_safety.addresses_test

import data.opsctl.change_safety.addresses
import data.opsctl.change_safety.fixtures
import rego.v1

test_it_is_found if count(addresses.warn) == 1 with input as fixtures.plan("OS::Neutron::FloatingIP", "delete", {})

test_a_creation_passes if count(addresses.warn) == 0 with input as fixtures.plan("OS::Neutron::FloatingIP", "create", {})

test_an_unchanged_resource_passes if count(addresses.warn) == 0 with input as fixtures.plan("OS::Neutron::FloatingIP", "no-op", {})
