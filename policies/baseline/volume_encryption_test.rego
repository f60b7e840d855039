package opsctl.baseline.volume_encryption_test

import data.opsctl.baseline.volume_encryption
import data.opsctl.fixtures
import rego.v1

volume(spec) := fixtures.created("OS::Cinder::Volume", spec)

found(document) := verdicts if {
	verdicts := volume_encryption.deny with input as document
		with data.opsctl.params.encrypted_volume_types as ["luks"]
}

test_another_type_is_denied if count(found(volume({"volume_type": "fast"}))) == 1

test_no_type_is_denied if count(found(volume({"size": 1}))) == 1

test_an_encrypted_type_passes if count(found(volume({"volume_type": "luks"}))) == 0

test_unset_is_not_enforced if count(volume_encryption.deny) == 0 with input as volume({"volume_type": "fast"})
