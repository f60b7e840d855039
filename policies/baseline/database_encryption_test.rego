package opsctl.baseline.database_encryption_test

import data.opsctl.baseline.database_encryption
import data.opsctl.fixtures
import rego.v1

denied(spec) if count(database_encryption.deny) == 1 with input as fixtures.created("AWS::RDS::DBInstance", spec)

test_silence_is_unencrypted if denied({"Engine": "mysql"})

test_false_is_denied if denied({"StorageEncrypted": false})

test_encrypted_passes if not denied({"StorageEncrypted": true})

test_a_replica_has_its_sources_encryption if not denied({"SourceDBInstanceIdentifier": "main"})
