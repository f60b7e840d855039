package opsctl.baseline.storage_transport_test

import data.opsctl.baseline.storage_transport
import data.opsctl.fixtures
import rego.v1

account(properties) := fixtures.created("Microsoft.Storage/storageAccounts", {"properties": properties})

denied(document) if count(storage_transport.deny) > 0 with input as document

test_plain_http_is_denied if denied(account({"supportsHttpsTrafficOnly": false, "minimumTlsVersion": "TLS1_2"}))

test_old_tls_is_denied if denied(account({"minimumTlsVersion": "TLS1_1"}))

test_silence_on_tls_is_denied if denied(account({"supportsHttpsTrafficOnly": true}))

test_tls_1_2_passes if not denied(account({"supportsHttpsTrafficOnly": true, "minimumTlsVersion": "TLS1_2"}))
