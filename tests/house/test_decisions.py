"""Decisions are numbered once, and each says its number."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "adr"


def test_every_decision_has_a_number_of_its_own_and_says_it():
    """`0007-words.md` begins with `# 7. `, and there is no other 0007."""
    decisions = sorted(FOLDER.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        first = path.read_text("utf-8").splitlines()[0]
        assert re.match(rf"# {int(path.name[:4])}\. \S", first), path.name
