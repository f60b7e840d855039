"""State, plan files, policies, plugins and streams that are broken: one message, the right exit code, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.local.provider import LocalProvider

VALUE = {"type": "Local::Value", "metadata": {"name": "a"}, "spec": {"value": 1}}


def test_a_plan_file_on_a_full_disk_is_said(stack):
    """The file and the reason; nothing is left behind."""
    stack.resources(VALUE)
    ran = stack.run("plan", "-o", "/dev/full/plan")
    assert ran.code == 1
    assert "cannot write the plan to /dev/full/plan" in ran.err


def test_a_truncated_plan_file_is_refused(stack):
    """Half a file is no plan."""
    stack.resources(VALUE)
    assert stack.run("plan", "-o", "p.opsplan").code == 0
    path = stack.folder / "p.opsplan"
    path.write_bytes(path.read_bytes()[:200])
    ran = stack.run("apply", "p.opsplan")
    assert (ran.code, ran.out) == (1, "")
    assert "p.opsplan" in ran.err
    stack.recovers()


def test_a_provider_that_raises_what_it_should_not_is_named(stack, monkeypatch):
    """The plugin is named, not opsctl; the next run goes on."""

    def broken(*_):
        raise ZeroDivisionError("by zero")

    stack.resources(VALUE)
    with monkeypatch.context() as patch:
        patch.setattr(LocalProvider, "begin", broken)
        ran = stack.apply()
        assert ran.code == 1
        assert "the provider plugin local failed with ZeroDivisionError: by zero" in ran.said
    stack.recovers()
    with monkeypatch.context() as patch:
        patch.setattr(LocalProvider, "propose", broken)
        ran = stack.run("plan")
        assert ran.code == 1
        assert "the provider plugin local failed with ZeroDivisionError" in ran.err
    stack.recovers()


@pytest.mark.parametrize("server", ["http://127.0.0.1:1", "http://opa.invalid:8181"])
def test_a_policy_server_that_is_not_there_denies(stack, server):
    """Exit code 3, and nothing is applied."""
    stack.settings(policy={"server": server})
    stack.resources(VALUE)
    ran = stack.apply()
    assert ran.code == 3, ran.said
    stack.settings()
    assert stack.addresses() == set()
    stack.recovers()


def test_rego_that_does_not_compile_is_shown_at_its_line(stack):
    """The file and the line of the policy."""
    stack.write("rules/p.rego", "package opsctl.p\n\ndeny contains msg if {\n")
    stack.settings(policy={"bundles": ["rules"]})
    stack.resources(VALUE)
    ran = stack.apply()
    assert ran.code in {1, 3}, ran.said
    assert "rules/p.rego" in ran.err
    assert stack.folder.joinpath(".opsctl").exists() is False or stack.addresses() == set()


def test_a_full_disk_under_standard_output_is_no_crash(stack):
    """The reader's trouble is said in one line."""
    stack.resources(VALUE)
    with Path("/dev/full").open("w") as full:
        process = stack.start("plan", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert "mistake in opsctl" not in err
