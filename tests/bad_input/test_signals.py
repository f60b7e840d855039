"""A runner that cancels: calls in flight have their grace, and everything is over before the runner kills."""

from __future__ import annotations

import signal
import time

import pytest

from tests.bad_input.test_clouds import CLOUDS

APPLY = ("apply", "--auto-approve")


def begun(stack, cloud, sandbox, seconds):
    """An apply whose create is under way at the cloud, and takes so many seconds there."""
    cloud.use(stack, "main", giveUpAfter="60s")
    sandbox.faults(cloud.fault("latency", cloud.create, seconds=seconds))
    process = stack.start(*APPLY)
    until = time.monotonic() + 30
    while not stack.run("show", "--output", "json").document["intents"]:
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    time.sleep(0.3)
    return process


@pytest.mark.parametrize(
    ("cloud", "number"), [("aws", signal.SIGTERM), ("azure", signal.SIGHUP), ("openstack", signal.SIGINT)]
)
def test_a_call_that_hangs_is_left_to_the_next_run(stack, sandbox, cloud, number, monkeypatch):
    """Its intent stays open and that is said; the stack is free at once; the object is found and made once."""
    cloud = CLOUDS[cloud]
    monkeypatch.setenv("OPSCTL_GRACE", "0.5")
    process = begun(stack, cloud, sandbox, 3)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "stopping: calls in flight are finished within 0.5 s and saved (again: stop now)" in err
    assert "interrupted: cut off under way: the next run finds out what became of it" in out
    assert "The state is consistent. Run apply again to go on." in out
    assert len(stack.run("show", "--output", "json").document["intents"]) == 1
    sandbox.faults()
    time.sleep(3)  # it takes effect after we are gone
    stack.recovers()
    assert len(cloud.mine(stack)) == 1


@pytest.mark.parametrize("cloud", ["aws", "azure", "openstack"])
def test_a_call_that_ends_within_the_grace_is_recorded(stack, sandbox, cloud):
    """Nothing is left open, and the next run has nothing to find out."""
    cloud = CLOUDS[cloud]
    process = begun(stack, cloud, sandbox, 1)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert process.returncode in (0, 130), err
    assert len(stack.addresses()) + len(stack.run("show", "--output", "json").document["intents"]) == 1
    sandbox.faults()
    stack.recovers()
    assert len(cloud.mine(stack)) == 1


def test_what_cannot_be_left_is_ended(stack, monkeypatch):
    """A command of the user's that runs on our own thread hangs: the process ends, and says what is left."""
    monkeypatch.setenv("OPSCTL_GRACE", "0.2")
    stack.resources(
        {"type": "Local::Command", "metadata": {"name": "slow"}, "spec": {"create": ["sh", "-c", "echo > began; sleep 30"]}}
    )  # fmt: skip
    process = stack.start(*APPLY)
    until = time.monotonic() + 30
    while not (stack.folder / "began").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "next run" in out + err
    assert stack.run("show", "--output", "json").document["intents"] != []


def test_a_grace_that_is_no_number_is_refused(stack):
    """It is said, not guessed."""
    ran = stack.run("plan", environ={"OPSCTL_GRACE": "soon"})
    assert ran.code == 1
    assert "OPSCTL_GRACE=soon: write seconds, such as 6" in ran.err


def test_one_signal_that_is_sent_twice_is_one(stack, sandbox):
    """``timeout`` sends to the process and to its group: that must not cost the grace."""
    process = begun(stack, CLOUDS["aws"], sandbox, 1)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert "stopped now" not in err
    sandbox.faults()
    stack.recovers()
