"""discover and import, as they are typed wrong."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import"], "nothing was chosen"),
        (["import", "x", "--into", "a.txt"], "files that end in .yaml"),
        (["import", "x", "--into", "values.yaml"], "values.yaml is there already"),
        (["import", "no-such-id"], "has the id 'no-such-id'"),
        (["discover", "--provider", "locl"], "did you mean 'local'?"),
        (["discover", "-t", "Local::Fil"], "did you mean 'Local::File'?"),
        (["discover", "--filter", "nam == 'a'"], "did you mean 'name'?"),
        (["discover", "--filter", "name =="], "--filter name =="),
    ],
)
def test_a_wrong_choice_is_an_error(stack, arguments, said):
    """It says what there is instead, and nothing is written."""
    stack.values(a="1")
    before = sorted(p.name for p in stack.folder.iterdir())
    ran = stack.run(*arguments)
    assert ran.code == 1
    assert said in ran.err
    assert [n for n in sorted(p.name for p in stack.folder.iterdir()) if n not in before] in ([], [".opsctl"])


def test_where_there_is_nothing_discover_says_so(stack):
    """Files on this machine belong to nobody: they are not listed."""
    ran = stack.run("discover")
    assert (ran.code, ran.out) == (0, "0 objects that this stack does not manage.\n")
