"""The sandbox is a process of its own, on loopback, with one private file that tells where it is."""

from __future__ import annotations

import json
import os
import stat
import urllib.request
from pathlib import Path

import pytest

from orchestrator.adapters import sandbox_host
from orchestrator.adapters.sandbox_host import SandboxError, sandbox_settings, status
from orchestrator.kit.simulation.server import serve
from orchestrator.seams.manifest import Manifest


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder for a sandbox, which is stopped at the end."""
    place = tmp_path / "sandbox"
    monkeypatch.setenv("OPSCTL_SANDBOX", str(place))
    yield place
    sandbox_host.down(place)


def test_up_status_down(stack, folder):
    """Up waits until it answers and may be said twice; its file is private; down ends it."""
    assert stack.run("sandbox", "status").code == 1
    first = stack.run("sandbox", "up", "--output", "json")
    assert first.code == 0
    assert set(first.json["clouds"]) == {"aws", "azure", "openstack"}
    assert stat.S_IMODE((folder / "sandbox.json").stat().st_mode) == 0o600
    assert stack.run("sandbox", "up", "--output", "json").json["pid"] == first.json["pid"]
    assert "secretAccessKey" not in first.out
    for name, cloud in first.json["clouds"].items():
        assert cloud["endpoint"].startswith("http://127.0.0.1:")
        assert sandbox_settings(name)
    assert stack.run("sandbox", "status").code == 0
    assert stack.run("sandbox", "down").code == 0
    assert not (folder / "sandbox.json").exists()
    assert not Path(f"/proc/{first.json['pid']}/cwd").exists()
    assert "did not run" in stack.run("sandbox", "down").out


def test_without_a_sandbox_the_command_that_starts_it_is_named(stack, folder):
    """A provider that is to use it says how."""
    stack.write(
        "opsctl.yaml",
        (stack.folder / "opsctl.yaml").read_text()
        + "providers: {aws: {region: eu-west-1, endpoint: sandbox}}\n",
    )
    ran = stack.run("plan")
    assert ran.code == 1
    assert "opsctl sandbox up" in ran.err


def written(folder: Path, **changes) -> None:
    """A sandbox's file as a process left it behind."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "running": True, "folder": str(folder), "pid": os.getpid(), "started": "1", "faults": "",
        "clouds": {"aws": {"endpoint": "http://127.0.0.1:1", "settings": {"region": "x"}}}, "missing": {},
    }  # fmt: skip
    (folder / "sandbox.json").write_text(json.dumps({**said, **changes}))


def test_a_process_number_that_is_used_again_is_not_the_sandbox(folder):
    """The start time tells two processes of one number apart; nothing is killed by mistake."""
    written(folder)
    assert not status().running
    assert not sandbox_host.down()


def test_a_dead_process_is_not_running(folder):
    """A file that was left behind counts as nothing."""
    written(folder, pid=2**22 + 1)
    assert not status().running


def test_a_damaged_file_is_said(folder):
    """Instead of a crash."""
    folder.mkdir()
    (folder / "sandbox.json").write_text("{")
    with pytest.raises(SandboxError, match=r"sandbox\.json cannot be read"):
        status()
    (folder / "sandbox.json").unlink()


def test_a_cloud_that_could_not_be_started_is_named_with_its_reason(folder):
    """The others run, and who asks for the missing one is told what to install."""
    own = (sandbox_host._started(os.getpid()), os.getpid())
    written(
        folder, started=own[0], pid=own[1], missing={"azure": "azure-core is not installed: pip install …"}
    )
    assert sandbox_settings("aws") == {"region": "x"}
    with pytest.raises(SandboxError, match="pip install"):
        sandbox_settings("azure")
    (folder / "sandbox.json").unlink()


def test_a_missing_extra_is_said_with_what_to_install(folder):
    """A simulator that cannot be imported is left out, and the reason is kept."""
    folder.mkdir()
    broken = Manifest("cloud", "", (), lambda *_: None, sandbox="providers.no_such_module")
    running, missing, close = sandbox_host._start([broken], folder, None)
    close()
    assert running == {}
    assert "opsctl-orchestrator[sandbox]" in missing["cloud"]


def here(_, start_response):
    """A WSGI application that says one word."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"here"]


def test_nothing_listens_outside_of_loopback():
    """A simulator refuses another address."""
    with pytest.raises(ValueError, match="loopback"):
        serve(lambda *_: [], host="0.0.0.0")  # noqa: S104 - that it is refused is the point
    server = serve(here)
    try:
        with urllib.request.urlopen(server.url) as answer:
            assert answer.read() == b"here"
    finally:
        server.close()
