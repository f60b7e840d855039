package opsctl.strict.database_logs_test

import data.opsctl.strict.database_logs
import data.opsctl.strict.fixtures
import rego.v1

_rds(engine, logs) := fixtures.plan("AWS::RDS::DBInstance", "create", {"Engine": engine, "EnableCloudwatchLogsExports": logs})

test_a_database_without_logs_is_found if {
	some found in database_logs.warn with input as fixtures.plan("AWS::RDS::DBInstance", "create", {"Engine": "mysql"})
	found.msg == "it does not publish its logs: error, slowquery"
}

test_one_log_is_not_all if count(database_logs.warn) == 1 with input as _rds("mysql", ["error"])

test_all_logs_pass if count(database_logs.warn) == 0 with input as _rds("mysql", ["error", "slowquery", "general"])

test_each_engine_has_its_own if count(database_logs.warn) == 0 with input as _rds("postgres", ["postgresql"])

test_an_engine_that_is_not_named_is_free if count(database_logs.warn) == 0 with input as _rds("oracle-ee", [])

test_the_parameter_decides if count(database_logs.warn) == 1 with input as _rds("mysql", ["error", "slowquery"])
	with data.opsctl.params as {"database_logs": {"mysql": ["audit"]}}

test_logs_that_are_not_known_yet_are_not_judged if count(database_logs.warn) == 0 with input as fixtures.unknown("AWS::RDS::DBInstance", {"Engine": "mysql"}, {"EnableCloudwatchLogsExports": true})

test_azure_keeps_server_logs if count(database_logs.warn) == 0 with input as fixtures.plan("Microsoft.DBforMySQL/flexibleServers", "update", {"properties": {"storage": {"logOnDisk": "Enabled"}}})

test_azure_without_server_logs_is_found if count(database_logs.warn) == 1 with input as fixtures.plan("Microsoft.DBforMySQL/flexibleServers", "update", {"properties": {}})

test_azure_that_is_not_known_yet_is_not_judged if count(database_logs.warn) == 0 with input as fixtures.unknown("Microsoft.DBforMySQL/flexibleServers", {}, {"properties": true})
