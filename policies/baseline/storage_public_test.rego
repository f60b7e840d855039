package opsctl.baseline.storage_public_test

import data.opsctl.baseline.storage_public
import data.opsctl.fixtures
import rego.v1

account(properties) := fixtures.created("Microsoft.Storage/storageAccounts", {"properties": properties})

container(spec) := fixtures.created("Microsoft.Storage/storageAccounts/blobServices/containers", spec)

denied(document) if count(storage_public.deny) == 1 with input as document

test_silence_is_denied if denied(account({}))

test_no_properties_at_all_are_denied if denied(fixtures.created("Microsoft.Storage/storageAccounts", {}))

test_allowed_is_denied if denied(account({"allowBlobPublicAccess": true}))

test_forbidden_passes if not denied(account({"allowBlobPublicAccess": false}))

test_a_public_container_is_denied if denied(container({"properties": {"publicAccess": "Blob"}}))

test_a_private_container_passes if not denied(container({"properties": {"publicAccess": "None"}}))

test_a_silent_container_passes if not denied(container({}))
