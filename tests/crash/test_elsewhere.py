"""A few disturbances of the way to a state that is no file, and of a real cloud: nothing is lost there either."""

from __future__ import annotations

import pytest

from tests.crash.__main__ import Part, run_part

MADE_AND_GONE = ("create", "delete")


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(Part("azure", state="s3", limit=4, steps=MADE_AND_GONE), id="state in S3"),
        pytest.param(
            Part("azure", state="postgres", limit=6, steps=MADE_AND_GONE),
            id="state in PostgreSQL",
            marks=pytest.mark.server,
        ),
        pytest.param(
            Part("real-openstack", limit=2, steps=MADE_AND_GONE),
            id="a real OpenStack",
            marks=pytest.mark.server,
        ),
    ],
)
def test_nothing_is_lost(part, launchers):
    """Each is disturbed at another boundary, and one more apply leaves exactly what is wanted."""
    found = {}
    run_part(part, launchers, found)
    assert [wrong for tally in found.values() for wrong in tally.violations] == []
    assert sum(tally.tried for tally in found.values()) == part.limit
