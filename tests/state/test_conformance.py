"""All backends keep every promise of the seam, and the suite notices one that does not."""

from __future__ import annotations

import pytest

from orchestrator.testing.state_conformance import CASES
from orchestrator.testing.state_places import PLACE_CASES
from orchestrator.testing.state_sealing import SEALED_CASES

ALL = CASES + PLACE_CASES + SEALED_CASES


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.__name__)
def test_sqlite_keeps_the_promise(case, sqlite_storage):
    case(sqlite_storage)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.__name__)
def test_a_log_of_objects_keeps_the_promise(case, object_storage):
    case(object_storage)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.__name__)
def test_s3_keeps_the_promise(case, s3_storage):
    """By the real boto3 against a local S3."""
    case(s3_storage)


@pytest.mark.server
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.__name__)
def test_postgresql_keeps_the_promise(case, postgres_storage):
    """By psycopg on a real server."""
    case(postgres_storage)


@pytest.mark.server
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.__name__)
def test_azure_blob_keeps_the_promise(case, blob_storage):
    """By the vendor's SDK against Azurite."""
    case(blob_storage)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.__name__)
def test_http_keeps_the_promise(case, http_storage):
    """Against a server of Terraform's protocol that minds lock ids."""
    case(http_storage)
