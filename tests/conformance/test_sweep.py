"""Reading some of many: at most twice the calls of the better way, and nothing is missed."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.kit.sweep import sweep


@given(st.integers(0, 60), st.integers(1, 7), st.sets(st.integers(0, 80), max_size=40), st.integers(0, 5))
def test_a_sweep_finds_all_that_is_there_at_twice_the_better_price(there, size, wanted, hidden):
    """``hidden`` objects are there, and no list shows them yet."""
    ids = [str(number) for number in range(there)]
    listed = ids[hidden:]
    calls = {"page": 0, "get": 0}

    def pages():
        for start in range(0, max(1, len(listed)), size):
            calls["page"] += 1
            yield listed[start : start + size]

    def get(id):
        calls["get"] += 1
        return id if id in ids else None

    asked = {str(number) for number in wanted}
    found = sweep(asked, pages(), key=str, get=get)
    assert found == {id: id for id in asked if id in ids}
    unlisted = len(asked - set(listed))
    all_pages = max(1, math.ceil(len(listed) / size))
    assert sum(calls.values()) <= 2 * min(len(asked), all_pages + unlisted)
