"""The whole story of opsctl on three clouds, told by the real command on the local sandbox: `make demo`.

Enters: nothing but an installed opsctl on PATH. Leaves: the story on standard output, and exit code 0 where every
exit code and fact in it was as it should be; else 1 with what was not. Holds: it works in a temporary copy of this
folder with a sandbox of its own, and both are gone at the end, whatever happens.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from outside import MYSQL, STORAGE, Outside

HERE = Path(__file__).parent
WIDTH = 100


class StoryError(Exception):
    """Something in the story did not hold."""


class Stage:
    """A temporary copy of the example, its sandbox, and what was said so far."""

    def __init__(self, folder: Path) -> None:
        """Copy the example, and make a password that nobody knows."""
        self.folder = folder / "shop"
        shutil.copytree(HERE, self.folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", ".opsctl"))
        self.sandbox = folder / "sandbox"
        self.password = secrets.token_urlsafe(24)
        quiet = {"PYTHONUTF8": "1", "COLUMNS": str(WIDTH)}
        here = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        own = {"OPSCTL_SANDBOX": str(self.sandbox), "SHOP_DB_PASSWORD": self.password, "PATH": here}
        self.environ = {**os.environ, **quiet, **own}
        if self.environ.pop("PYTHONDONTWRITEBYTECODE", None):  # forty commands: compile once, not forty times
            self.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
        self.chapters = 0
        self.started = time.monotonic()
        self._bold, self._dim, self._end = (
            ("\x1b[1m", "\x1b[2m", "\x1b[0m")
            if sys.stdout.isatty() and not os.environ.get("NO_COLOR")
            else ("", "", "")
        )

    def chapter(self, title: str, *lines: str) -> None:
        """A heading, and what there is to know before the commands below it."""
        self.chapters += 1
        print(f"\n{self._bold}{'─' * WIDTH}\n{self.chapters}. {title}\n{'─' * WIDTH}{self._end}")
        self.say(*lines)

    def say(self, *lines: str) -> None:
        """A remark."""
        for line in lines:
            print(f"{self._dim}# {line}{self._end}", flush=True)

    def opsctl(self, command: str, expect: int = 0) -> str:
        """Run a command as it is typed, show what it says, and insist on its exit code."""
        print(f"\n{self._bold}$ opsctl {command}{self._end}", flush=True)
        said: list[str] = []
        with subprocess.Popen(
            ["opsctl", *command.split()],  # noqa: S607 - found on PATH, as a person finds it
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process:
            for line in process.stdout or ():
                said.append(line)
                hidden = line.replace(self.password, "(THE PASSWORD)")
                print(hidden, end="", flush=True)
        text = "".join(said)
        print("" if text.endswith("\n") else "\n", end="")
        print(f"{self._dim}[exit code {process.returncode}]{self._end}", flush=True)
        so(process.returncode == expect, f"opsctl {command} ended with {process.returncode}, not {expect}")
        so(self.password not in text, f"opsctl {command} printed the password")
        return text

    def edit(self, file: str, old: str, new: str) -> None:
        """Change one place in a file of the stack, and show it."""
        path = self.folder / file
        text = path.read_text("utf-8")
        so(text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times")
        path.write_text(text.replace(old, new), "utf-8")
        print(f"\n{self._bold}edit {file}{self._end}")
        before, after = old.splitlines(), new.splitlines()
        for line in [line for line in before if line not in after]:
            print(f"  - {line}")
        for line in [line for line in after if line not in before]:
            print(f"  + {line}")


def so(holds: object, message: str) -> None:
    """Insist on a fact."""
    if not holds:
        raise StoryError(message)


def says(text: str, *wanted: str) -> None:
    """Insist on words in an output."""
    for each in wanted:
        so(each in text, f"the output above does not say {each!r}")


def answer(url: str) -> int:
    """What the application answers, really asked."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - the sandbox's own address
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        raise StoryError(f"{url} does not answer: {error}") from error


def make(stage: Stage) -> str:
    """From an empty cloud to a running application; returns its URL."""
    stage.chapter(
        "One application, three clouds, nothing there yet",
        "shop.yaml asks for a DatabaseInstance on AWS, an ObjectStore on Azure and a ComputeInstance on",
        "OpenStack. The files are checked without a look at any cloud; then a plan is made, and policy is asked.",
    )
    stage.opsctl("validate")
    text = stage.opsctl("plan --detailed-exitcode -o shop.opsplan", expect=2)
    says(text, "AWS::RDS::DBInstance", "Microsoft.Storage/storageAccounts", "OS::Nova::Server")
    says(text, "(known after apply)", "(sensitive", "20 to create", "nothing to object")

    stage.chapter(
        "Apply exactly that plan, behind gates",
        "A database counts when RDS says `available`, a machine when Nova says ACTIVE and the application on it",
        "answers. The announcement depends on the application: it is written last.",
    )
    says(stage.opsctl("apply shop.opsplan"), "20 created")
    url = stage.opsctl("output url --output raw").strip()
    so(answer(url) == 200, f"{url} does not answer 200")
    stage.say(f"GET {url} answers 200: the sandbox's machines are real enough for a real gate.")

    stage.chapter("Plan again: nothing to do", "What was read is what was asked for, on all three clouds.")
    says(stage.opsctl("plan --detailed-exitcode"), "nothing to do", "20 resources are as desired")
    return url


def change(stage: Stage, outside: Outside) -> None:
    """A reviewed change, first made stale by somebody else."""
    stage.chapter(
        "A change: bigger machines, by a saved plan",
        "A saved plan is what was reviewed. It is applied as it is, or not at all: here somebody resizes the",
        "database between review and apply, so that the plan no longer says the truth about it.",
    )
    text = stage.opsctl("plan -p size=medium -o medium.opsplan")
    says(text, '"db.t3.micro" → "db.t3.medium"', '"m1.tiny" → "m1.small"', "3 to update; 17 unchanged")
    resize(outside, "db.m5.large")
    stage.say("Outside: rds.modify_db_instance(DBInstanceClass='db.m5.large'), by boto3.")
    says(stage.opsctl("apply medium.opsplan", expect=6), "the plan is stale", "orders/server")
    resize(outside, "db.t3.micro")
    stage.say("Outside: and back again. What the plan read is true again, so it is valid again.")
    says(stage.opsctl("apply medium.opsplan"), "3 updated")
    so(resized(outside) == "db.t3.medium", "RDS does not have the new size")


def resize(outside: Outside, size: str) -> None:
    """Change the database behind opsctl's back."""
    outside.rds.modify_db_instance(
        DBInstanceIdentifier="opsctl-shop-orders", DBInstanceClass=size, ApplyImmediately=True
    )
    deadline = time.monotonic() + 30
    while resized(outside) != size and time.monotonic() < deadline:
        time.sleep(0.2)


def resized(outside: Outside) -> Any:
    """The size of the database, by boto3; nothing while RDS is still at it."""
    found = outside.rds.describe_db_instances(DBInstanceIdentifier="opsctl-shop-orders")["DBInstances"][0]
    return found["DBInstanceClass"] if found["DBInstanceStatus"] == "available" else None


ACCOUNT = "/resourceGroups/opsctl-shop-assets/providers/Microsoft.Storage/storageAccounts/shopassets0demo"


def drift(stage: Stage, outside: Outside) -> None:
    """One change behind opsctl's back on every cloud."""
    stage.chapter(
        "Drift: somebody changes things by hand, on every cloud",
        "boto3: the database's class. azure-core: the lowest TLS version of the storage account is 1.0 again.",
        "openstacksdk: the description of the security group.",
    )
    resize(outside, "db.m5.large")
    outside.arm(
        "PATCH", outside.subscription + ACCOUNT, STORAGE, {"properties": {"minimumTlsVersion": "TLS1_0"}}
    )
    group = outside.nova.network.find_security_group("shop-web")
    outside.nova.network.update_security_group(group, description="edited by hand")
    text = stage.opsctl("drift -p size=medium", expect=2)
    says(text, "DBInstanceClass", '"db.t3.medium"', '"db.m5.large"')
    says(text, "minimumTlsVersion", '"TLS1_2"', '"TLS1_0"')
    says(text, "description", '"edited by hand"', "3 resources drifted")
    stage.say("Apply puts back what the spec says, and touches nothing else.")
    says(stage.opsctl("apply -p size=medium --auto-approve"), "3 updated")
    so(resized(outside) == "db.t3.medium", "the database was not healed")
    stage.opsctl("drift -p size=medium")


def loss(stage: Stage, outside: Outside, url: str) -> None:
    """Things that are deleted behind opsctl's back."""
    stage.chapter(
        "Deleted behind opsctl's back: made again, and only that",
        "azure-core deletes the blob container, openstacksdk the machine. Its port and its address are still there,",
        "and are used again.",
    )
    container = f"{ACCOUNT}/blobServices/default/containers/data"
    outside.arm("DELETE", outside.subscription + container, STORAGE)
    compute = outside.nova.compute
    compute.delete_server(compute.find_server("shop-web"))
    deadline = time.monotonic() + 30
    while compute.find_server("shop-web") is not None and time.monotonic() < deadline:
        time.sleep(0.2)
    text = stage.opsctl("apply -p size=medium --auto-approve")
    says(text, "it was deleted outside opsctl", "2 created")
    so(answer(url) == 200, "the machine that was made again does not answer")


OPEN = """\
---
apiVersion: opsctl.dev/v1
kind: Resource
type: OS::Neutron::SecurityGroup
metadata: {name: backdoor, labels: {app: shop, owner: platform, environment: demo}}
spec: {name: backdoor}
---
apiVersion: opsctl.dev/v1
kind: Resource
type: OS::Neutron::SecurityGroupRule
metadata: {name: ssh, labels: {app: shop, owner: platform, environment: demo}}
spec:
  security_group: "${backdoor.status.id}"
  direction: ingress
  protocol: tcp
  port_range_min: 22
  port_range_max: 22
  remote_ip_prefix: 0.0.0.0/0
"""


def denied(stage: Stage) -> None:
    """A plan that policy forbids."""
    stage.chapter(
        "Policy: what may not be is not applied",
        "backdoor.yaml opens SSH to the whole Internet. The guardrails ship with opsctl, in Rego; each result",
        "points at the line of the spec. A denied plan ends with 3, and cannot be applied.",
    )
    path = stage.folder / "backdoor.yaml"
    path.write_text(OPEN, "utf-8")
    says(stage.opsctl("plan -p size=medium", expect=3), "open to the whole Internet", "backdoor.yaml:8")
    says(stage.opsctl("apply -p size=medium --auto-approve", expect=3), "nothing was applied")
    path.unlink()


def gate(stage: Stage, url: str) -> None:
    """A change after which the application does not answer."""
    stage.chapter(
        "A gate fails: the step is taken back, what depends on it is not started",
        "This release answers 503 to its health check, and asks for large machines. The machine is resized, its",
        "HTTP gate looks for 10 seconds, and the resize is taken back. The announcement still tells the truth.",
    )
    text = stage.opsctl("apply -p size=large -p health=503 --auto-approve", expect=4)
    says(text, "503", "taken back", "skipped")
    said = (stage.folder / "announcement.txt").read_text("utf-8")
    so("medium" in said, f"the announcement was written although the gate failed: {said}")
    so(answer(url) == 200, "the application does not answer after the step was taken back")
    stage.say(f"GET {url} answers 200. The next plan shows what is still to do:")
    says(stage.opsctl("plan -p size=large -p health=503 --detailed-exitcode", expect=2), "web/server")
    stage.say("With a release that is well, the same change goes through.")
    stage.opsctl("apply -p size=large --auto-approve")
    so(answer(url) == 200, "the application does not answer")
    says((stage.folder / "announcement.txt").read_text("utf-8"), "large")


def move(stage: Stage, outside: Outside) -> None:
    """The same database on another cloud."""
    stage.chapter(
        "The same DatabaseInstance on Azure, by changing one line",
        "On Azure it is a MySQL flexible server. Its data would be lost, and so would much of the network:",
        "policy wants that to be said in the stack, where a reviewer sees it.",
    )
    stage.edit("shop.yaml", "provider: aws\n", "provider: azure\n")
    text = stage.opsctl("plan -p size=large", expect=3)
    says(text, "Microsoft.DBforMySQL/flexibleServers", "and the data in it", "may go in one plan")
    stage.edit(
        "opsctl.yaml",
        "    public_ports: [8080]\n",
        '    public_ports: [8080]\n    data_loss_allowed: ["orders/*"]\n    max_removals: 8\n',
    )
    stage.opsctl("apply -p size=large --auto-approve")
    found = outside.arm(
        "GET", f"{outside.subscription}/providers/Microsoft.DBforMySQL/flexibleServers", MYSQL
    )
    so(len(found["value"]) == 1, "there is not one MySQL server on Azure")
    so(not outside.rds.describe_db_instances()["DBInstances"], "the database on AWS is still there")
    says(stage.opsctl("plan -p size=large --detailed-exitcode"), "nothing to do")
    stage.say("And on OpenStack it is a machine with a volume. Shown, not applied:")
    stage.edit("shop.yaml", "provider: azure\nspec:\n  engine", "provider: openstack\nspec:\n  engine")
    text = stage.opsctl("plan -p size=large")
    says(text, "OS::Nova::Server", "OS::Cinder::Volume", "OS::Neutron::FloatingIP")
    stage.edit("shop.yaml", "provider: openstack\nspec:\n  engine", "provider: azure\nspec:\n  engine")


def end(stage: Stage, outside: Outside, before: Any) -> None:
    """Everything goes, and nothing is left."""
    stage.chapter(
        "Destroy: nothing is left, and no secret rests anywhere",
        "Deleting what holds data is denied until the stack says that it may be.",
    )
    stage.opsctl("destroy -p size=large --auto-approve", expect=3)
    stage.edit("opsctl.yaml", 'data_loss_allowed: ["orders/*"]', 'data_loss_allowed: ["*"]')
    stage.opsctl("destroy -p size=large --auto-approve")
    left = outside.inventory() - before
    so(not left, f"left in the clouds: {dict(left)}")
    stage.say("The three clouds hold what they held before: counted by the vendors' SDKs.")
    for path in stage.folder.parent.rglob("*"):
        so(
            not path.is_file() or stage.password.encode() not in path.read_bytes(),
            f"the password is in {path}",
        )
    stage.say("The database password is in no file: state, journal, saved plans, logs, the sandbox.")


def tell(stage: Stage) -> None:
    """The story in its order."""
    stage.say(
        "Everything below is the real command and its real output, on stand-ins of the clouds that speak"
    )
    stage.say("their real protocols to the vendors' real SDKs, on loopback. No account, no network.")
    stage.opsctl("sandbox up")
    outside = Outside(stage.sandbox)
    before = outside.inventory()
    url = make(stage)
    parts: tuple[Callable[[], None], ...] = (
        lambda: change(stage, outside),
        lambda: drift(stage, outside),
        lambda: loss(stage, outside, url),
        lambda: denied(stage),
        lambda: gate(stage, url),
        lambda: move(stage, outside),
        lambda: end(stage, outside, before),
    )
    for part in parts:
        part()


def main() -> int:
    """Tell the story, and clear up after it."""
    with tempfile.TemporaryDirectory(prefix="opsctl-demo-") as folder:
        stage = Stage(Path(folder))
        try:
            tell(stage)
            stage.opsctl("sandbox down")
        except StoryError as error:
            print(f"\nThe demo stops here: {error}.", file=sys.stderr)
            return 1
        finally:
            subprocess.run(
                ["opsctl", "sandbox", "down"],  # noqa: S607
                cwd=folder,
                env=stage.environ,
                capture_output=True,
                check=False,
            )
        seconds = time.monotonic() - stage.started
        stage.say(f"Told in {seconds:.0f} seconds; every exit code and fact was checked on the way.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
