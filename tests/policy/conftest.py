"""A real OPA: the binary, and a server of it on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def opa_binary() -> str:
    """``opa`` on PATH, or where ``go install`` puts it."""
    found = shutil.which("opa")
    go = shutil.which("go")
    if found is None and go is not None:
        gopath = subprocess.run(
            [go, "env", "GOPATH"], capture_output=True, text=True, check=True
        ).stdout.strip()
        found = shutil.which("opa", path=str(Path(gopath, "bin")))
    assert found is not None, "opa is needed: go install github.com/open-policy-agent/opa@latest"
    return found


@contextlib.contextmanager
def running(opa_binary, *arguments, scheme="http", log=Path(os.devnull)):
    """The URL of a real OPA server with these arguments, for as long as it is needed; ``log`` gets what it says."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = [opa_binary, "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error"]
    line += ["--skip-version-check", *map(str, arguments)]
    with log.open("wb") as said, subprocess.Popen(line, stdout=said, stderr=said) as server:
        try:
            _wait(port, server)
            yield f"{scheme}://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


@pytest.fixture(scope="session")
def opa_server(opa_binary):
    """The URL of a real OPA server that starts empty."""
    with running(opa_binary) as url:
        yield url


def _wait(port: int, server: subprocess.Popen) -> None:
    """It listens: OPA binds the port when it is ready to answer."""
    for _ in range(400):
        assert server.poll() is None, "opa ended"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("opa did not start")


@pytest.fixture(scope="session")
def shipped() -> Path:
    """The folder of policies that ship."""
    return Path(__file__).parents[2] / "policies"


@pytest.fixture
def awkward_plan():
    """A plan that offends against most guardrails."""
    specs = {
        "AWS::EC2::SecurityGroup": {
            "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
            ]
        },
        "AWS::RDS::DBInstance": {"PubliclyAccessible": True, "MasterUserPassword": "hunter2"},
        "AWS::S3::Bucket": {},
        "AWS::EC2::Subnet": {"AvailabilityZone": "us-east-1a"},
        "Microsoft.Storage/storageAccounts": {
            "location": "eastus",
            "properties": {"supportsHttpsTrafficOnly": False},
        },
        "OS::Neutron::SecurityGroupRule": {"direction": "ingress", "protocol": "tcp", "port_range_min": 3306},
    }
    changes = [_change(f"new-{n}", type, "create", spec) for n, (type, spec) in enumerate(specs.items())]
    changes += [_change(f"old-{n}", "OS::Cinder::Volume", "delete", None) for n in range(7)]
    return {"stage": "plan", "operation": "apply", "stack": {}, "resource_changes": changes, "resources": []}


def _change(address, type, action, spec):
    inner = {"actions": [action], "before": None, "after": spec, "after_unknown": {}, "after_sensitive": {}}
    item = {"address": address, "mode": "managed", "type": type, "provider_name": "cloud", "action": action}
    return {**item, "labels": {}, "change": inner, "file": "stack.yaml", "line": 3}
