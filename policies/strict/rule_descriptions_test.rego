package opsctl.strict.rule_descriptions_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.rule_descriptions
import rego.v1

_group(rules) := fixtures.plan("AWS::EC2::SecurityGroup", "create", {"SecurityGroupIngress": rules})

_nsg(properties) := fixtures.plan("Microsoft.Network/networkSecurityGroups", "create", {"properties": {"securityRules": [{"name": "web", "properties": properties}]}})

test_a_silent_rule_of_a_group_is_found_at_its_place if {
	some found in rule_descriptions.warn with input as _group([{"Description": "the shop"}, {"CidrIp": "10.0.0.0/8"}])
	found.path == ["SecurityGroupIngress", 1]
	found.msg == "it: its rule number 2 does not say why"
}

test_rules_that_say_why_pass if count(rule_descriptions.warn) == 0 with input as _group([{"Description": "the shop"}])

test_azure_is_judged if count(rule_descriptions.warn) == 1 with input as _nsg({"access": "Allow"})

test_azure_that_says_why_passes if count(rule_descriptions.warn) == 0 with input as _nsg({"description": "the shop"})

test_openstack_is_judged if count(rule_descriptions.warn) == 1 with input as fixtures.plan("OS::Neutron::SecurityGroupRule", "create", {"description": ""})

test_openstack_that_says_why_passes if count(rule_descriptions.warn) == 0 with input as fixtures.plan("OS::Neutron::SecurityGroupRule", "create", {"description": "the shop"})

test_what_is_not_known_yet_is_not_judged if count(rule_descriptions.warn) == 0 with input as fixtures.unknown("AWS::EC2::SecurityGroupIngress", {}, {"Description": true})
