"""Two warm processes for all tests of the machine."""

from __future__ import annotations

import pytest

from tests.crash.machine import Launchers


@pytest.fixture(scope="session")
def launchers():
    made = Launchers()
    yield made
    made.close()
