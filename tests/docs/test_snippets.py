"""What the pages tell a reader to type works, and prints what they show.

A block of ``yaml`` or ``rego`` is a file, a block of ``console`` is commands with what they print, and a block of
``text`` is not run. There are no others on these pages.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "page",
    [
        "getting-started.md",
        "gates.md",
        "plans.md",
        "policy-authors.md",
        "provider-in-an-hour.md",
        "sandbox.md",
        "secrets.md",
    ],
)
def test_a_reader_who_types_it_sees_what_is_shown(reader, page):
    """Files and commands, in order, from an empty folder."""
    assert reader.follow(ROOT / "docs" / page) >= 4


def test_the_readme_is_true(reader):
    """The same of the README, and its first capture is what its apply prints."""
    assert reader.follow(ROOT / "README.md") >= 8
    capture = next(b for b in reader.blocks(ROOT / "README.md") if b.language == "text")
    assert any(reader.fits(capture.text, said) for said in reader.said)


def test_the_number_of_types_is_true(reader):
    """The README counts what ``opsctl types`` lists."""
    _, listed = reader.type("opsctl types")
    assert f" {len(listed.splitlines())} types " in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("shown", "said", "fit"),
    [
        ("a\n", "a\n", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("id vpc-…\n", "id vpc-77\n", True),
        ("id vpc-… b\n", "id vpc-77\n b\n", False),
        ("✓ a  created\n✓ b  created  0.2s\n", "✓ b  created\n✓ a  created  1.5s\n", True),
        ("✓ a  created\n", "✓ a  updated\n", False),
        ("✓ a  created\n", "… a  creating  31s\n✓ a  created  1m02s\n", True),
    ],
)
def test_a_capture_leaves_out_only_what_it_says(reader, shown, said, fit):
    """``…`` stands for something; everything else has to be there."""
    assert reader.fits(shown, said) is fit
