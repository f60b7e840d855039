"""Every fragment of the changelog reaches the reader."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_fragment_is_of_a_kind_that_is_printed():
    """A fragment is named ``<topic>.<kind>.md``, and its kind has a heading."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        towncrier = tomllib.load(file)["tool"]["towncrier"]
    kinds = {kind["directory"] for kind in towncrier["type"]}
    fragments = [p.name.split(".") for p in (ROOT / towncrier["directory"]).glob("*.md")]
    assert fragments
    assert [f for f in fragments if len(f) != 3 or f[1] not in kinds] == []
