"""What opsctl.yaml says of providers and secrets is checked before anything is connected."""

from __future__ import annotations

import pytest

from orchestrator.bootstrap import Running

VALUE = {"type": "Local::Value", "metadata": {"name": "a"}, "spec": {"value": 1}}


@pytest.mark.parametrize(
    ("provider", "settings", "said"),
    [
        (
            "aws",
            {"regon": "eu-central-1"},
            ["unknown property providers.aws.regon", "did you mean 'region'?"],
        ),
        ("aws", {}, ["providers.aws.region is required"]),
        ("aws", {"region": 3}, ["providers.aws.region must be a string, not an integer"]),
        ("azure.eu", {"subscription": "s", "credential": "cly"}, ["not one of", "did you mean 'cli'?"]),
        ("openstack", {"pasword": "env:P"}, ["did you mean 'password'?"]),
        ("openstack", {"concurrency": 0}, ["which is less than 1"]),
        ("local", {"giveUpAfter": "soon"}, ["giveUpAfter is 'soon'"]),
        ("gcp", {}, ["no provider 'gcp' is installed", "installed: aws, azure, local, openstack"]),
    ],
)
def test_a_setting_that_no_provider_has_is_shown_at_its_line(stack, provider, settings, said):
    """The line in opsctl.yaml, the nearest key; no state is made."""
    stack.settings(providers={provider: settings})
    stack.resources(VALUE)
    ran = stack.run("plan")
    assert (ran.code, ran.out) == (1, "")
    assert all(words in ran.err for words in said), ran.err
    assert "--> opsctl.yaml:" in ran.err
    assert not (stack.folder / ".opsctl").exists()


def test_a_setting_of_an_environment_is_shown_in_its_overlay(stack):
    """What an overlay adds is to blame at the overlay's line."""
    stack.settings(providers={"aws": {"region": "eu-central-1"}})
    head = "apiVersion: opsctl.dev/v1\nkind: Environment\n"
    stack.write("environments/prod.yaml", f"{head}providers: {{aws: {{regon: x}}}}\n")
    ran = stack.run("plan", "-e", "prod")
    assert ran.code == 1
    assert "--> environments/prod.yaml:3" in ran.err


def test_what_the_sandbox_fills_in_is_not_missed(stack, sandbox):
    """``endpoint: sandbox`` alone is enough."""
    stack.settings(providers={"aws": {"endpoint": "sandbox"}, "azure": {"endpoint": "sandbox"}})
    stack.resources(VALUE)
    assert stack.run("plan").code == 0


def test_a_secret_that_others_can_read_is_told(stack):
    """The command goes on, and says what to do."""
    stack.write("password", "sesame").chmod(0o644)
    stack.resources({**VALUE, "spec": {"value": '${secret("file:password")}'}})
    for command in (["plan"], ["apply", "--auto-approve"]):
        ran = stack.run(*command)
        assert ran.code == 0, ran.err
        assert ran.err.count("warning: file:password can be read by everybody") == 1
        assert "chmod 600" in ran.err
        assert "sesame" not in ran.said


def test_a_stop_between_two_walks_reaches_the_next():
    """A signal that comes while nothing walks is not lost: the executor that is made next starts stopped."""
    running, executor = Running(), _Stoppable()
    running.stop()
    running.add(executor)
    assert executor.stopped


def test_a_stop_reaches_the_walk_that_is_under_way():
    """And the one that walks now."""
    running, executor = Running(), _Stoppable()
    running.add(executor)
    assert not executor.stopped
    running.stop()
    assert executor.stopped


class _Stoppable:
    stopped = False

    def stop(self):
        self.stopped = True
