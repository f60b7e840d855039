package opsctl.strict.server_keys_test

import data.opsctl.strict.fixtures
import data.opsctl.strict.server_keys
import rego.v1

test_the_weak_setting_is_found if count(server_keys.warn) == 1 with input as fixtures.plan("OS::Nova::Server", "create", {"flavor": "m1.small"})

test_the_strict_setting_passes if count(server_keys.warn) == 0 with input as fixtures.plan("OS::Nova::Server", "create", {"key_name": "ops"})

test_what_is_not_known_yet_is_not_judged if count(server_keys.warn) == 0 with input as fixtures.unknown("OS::Nova::Server", {"flavor": "m1.small"}, {"key_name": true})

test_a_deletion_is_not_judged if count(server_keys.warn) == 0 with input as fixtures.plan("OS::Nova::Server", "delete", null)
