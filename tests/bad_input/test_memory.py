"""Memory, threads and files that run out: one clear line, exit code 1, and the next run goes on."""

from __future__ import annotations

import pytest

APPLY = ("apply", "--auto-approve")
MB = 1_000_000


def test_wherever_memory_runs_out_it_is_said_and_apply_goes_on(stack):
    """From the first import to the last step: never a traceback, never a hang, nothing that is not known."""
    stack.resources(
        *(
            {"type": "Local::File", "metadata": {"name": f"f{i}"}, "spec": {"path": f"out/{i}", "content": "x"}}
            for i in range(8)
        )
    )  # fmt: skip
    codes = set()
    for limit in (15, 25, 45, 80, 110, 135, 145, 155, 170):
        ran = stack.poorly(*APPLY, memory=limit * MB)
        codes.add(ran.code)
        assert ran.code in (0, 1), ran.said
        if ran.code:
            assert "out of memory" in ran.said or "Cannot allocate memory" in ran.said, ran.said
            stack.recovers()
        assert stack.run("destroy", "--auto-approve").code == 0
    assert 1 in codes


@pytest.mark.parametrize("number", [7, 8, 9, 10])
def test_too_few_open_files_are_said(stack, number):
    """No traceback, and the next run goes on."""
    stack.resources({"type": "Local::Value", "metadata": {"name": "a"}, "spec": {"value": 1}})
    ran = stack.poorly(*APPLY, files=number)
    assert ran.code == 0 or "Too many open files" in ran.err or "unable to open database file" in ran.err, (
        ran.said
    )
    stack.recovers()
