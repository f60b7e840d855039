package opsctl.baseline.database_backup_test

import data.opsctl.baseline.database_backup
import data.opsctl.fixtures
import rego.v1

rds(spec) := fixtures.created("AWS::RDS::DBInstance", spec)

test_no_backups_warn if count(database_backup.warn) == 1 with input as rds({"BackupRetentionPeriod": 0})

test_too_few_days_warn if {
	found := database_backup.warn with input as rds({"BackupRetentionPeriod": 3})
		with data.opsctl.params.backup_days as 7
	{verdict.msg | some verdict in found} == {"it keeps backups for 3 days, and 7 are wanted"}
}

test_backups_pass if count(database_backup.warn) == 0 with input as rds({"BackupRetentionPeriod": 7})

test_deletion_protection_is_asked_for if {
	found := database_backup.warn with input as rds({"DeletionProtection": false})
		with data.opsctl.params.deletion_protection as true
	count(found) == 1
}

test_deletion_protection_is_not_asked_for_by_default if {
	count(database_backup.warn) == 0 with input as rds({"DeletionProtection": false})
}
