package opsctl.change_safety.networks_test

import data.opsctl.change_safety.fixtures
import data.opsctl.change_safety.networks
import rego.v1

test_it_is_found if count(networks.require_approval) == 1 with input as fixtures.plan("AWS::EC2::VPC", "delete", {})

test_a_creation_passes if count(networks.require_approval) == 0 with input as fixtures.plan("AWS::EC2::VPC", "create", {})

test_an_unchanged_resource_passes if count(networks.require_approval) == 0 with input as fixtures.plan("AWS::EC2::VPC", "no-op", {})
