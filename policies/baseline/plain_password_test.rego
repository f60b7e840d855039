package opsctl.baseline.plain_password_test

import data.opsctl.baseline.plain_password
import data.opsctl.fixtures
import rego.v1

denied(spec) if count(plain_password.deny) == 1 with input as fixtures.created("AWS::RDS::DBInstance", spec)

test_a_plain_password_is_denied if {
	found := plain_password.deny with input as fixtures.created("AWS::RDS::DBInstance", {"MasterUserPassword": "hunter2"})
	{verdict.path | some verdict in found} == {["MasterUserPassword"]}
}

test_a_nested_password_is_denied if denied({"properties": {"osProfile": {"adminPassword": "hunter2"}}})

test_a_reference_passes if not denied({"MasterUserPassword": "(sensitive)"})

test_names_of_passwords_pass if not denied({"MasterUserSecretName": "db-password", "passwordId": "x"})

test_booleans_pass if not denied({"ManageMasterUserPassword": true})
