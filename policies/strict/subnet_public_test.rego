package opsctl.strict.subnet_public_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.subnet_public
import rego.v1

test_the_weak_setting_is_found if count(subnet_public.deny) == 1 with input as fixtures.plan("AWS::EC2::Subnet", "create", {"MapPublicIpOnLaunch": true})

test_the_strict_setting_passes if count(subnet_public.deny) == 0 with input as fixtures.plan("AWS::EC2::Subnet", "create", {"MapPublicIpOnLaunch": false})

test_what_is_not_known_yet_is_not_judged if count(subnet_public.deny) == 0 with input as fixtures.unknown("AWS::EC2::Subnet", {"MapPublicIpOnLaunch": true}, {"MapPublicIpOnLaunch": true})

test_a_deletion_is_not_judged if count(subnet_public.deny) == 0 with input as fixtures.plan("AWS::EC2::Subnet", "delete", null)
