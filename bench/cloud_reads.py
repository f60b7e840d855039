"""What a plan of many servers asks of OpenStack: calls on the simulator, and time on a real cloud.

Run from the repository's root. Without arguments: 1,000 servers with a port, a volume and its attachment each, on the
simulator, whose pages are as big as the real one's. With `--cloud`: 100 servers with a port each on the real cloud
`ostest` of clouds.yaml, in a project that goes afterwards; a plan may take as long as its list calls, plus one second.
Prints Markdown; ends with 1 where a figure is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from bench.measure import Cost, measure
from orchestrator.kit.simulation.faults import Faults
from orchestrator.kit.simulation.responders import Responders
from providers.openstack import sandbox
from providers.openstack.sandbox.cloud import Quotas
from providers.openstack.sandbox.listing import MAX_PAGE
from tests.openstack.conftest import Project, connected

MANY, FEW, ROUNDS = 1_000, 100, 5
LISTS = ("servers", "ports of the servers", "ports", "volumes", "volumes for the attachments")
"""What is read in pages."""
SINGLE = 3
"""A network and a subnet by their ids, an image by its name."""
_READ = re.compile(r"/(compute|network|volume|image)/v\d")
"""An address of the simulator that is more than a version document, or of a token."""
TIMED = """
import atexit, json, os, sys, time
import requests
spans, plain = [], requests.Session.send
def send(session, request, **more):
    began = time.perf_counter()
    try:
        return plain(session, request, **more)
    finally:
        spans.append((request.method, request.url, began, time.perf_counter()))
requests.Session.send = send
atexit.register(lambda: open(os.environ["BENCH_SPANS"], "w").write(json.dumps(spans)))
from orchestrator.__main__ import main
sys.exit(main())
"""
"""opsctl, with a note of each request: when it began and ended."""


def stack(folder: Path, settings: Mapping[str, Any], count: int, *, volumes: bool) -> None:
    """A network with servers, each with a port of its own, and perhaps a volume."""
    head = {"apiVersion": "opsctl.dev/v1", "kind": "Stack", "metadata": {"name": "park", "id": "park"}}
    documents: list[Mapping[str, Any]] = [{**head, "providers": {"openstack": dict(settings)}}]
    keys = [f"n{number}" for number in range(count)]
    name = "park-${each.key}"
    documents += [
        _resource("OS::Neutron::Net", "net", {"name": "park"}),
        _resource(
            "OS::Neutron::Subnet",
            "subnet",
            {"name": "park", "network": "${net.status.id}", "cidr": "10.64.0.0/16"},
        ),
        _resource(
            "OS::Neutron::Port",
            "port",
            {"name": name, "network": "${net.status.id}", "fixed_ips": [{"subnet": "${subnet.status.id}"}]},
            keys,
        ),
        _resource(
            "OS::Nova::Server",
            "server",
            {
                "name": name,
                "image": "cirros",
                "flavor": "m1.nano",
                "networks": [{"port": "${port[each.key].status.id}"}],
            },
            keys,
        ),
    ]
    if volumes:
        joined = {
            "instance_uuid": "${server[each.key].status.id}",
            "volume_id": "${volume[each.key].status.id}",
        }
        documents.append(_resource("OS::Cinder::Volume", "volume", {"name": name, "size": 1}, keys))
        documents.append(_resource("OS::Cinder::VolumeAttachment", "joined", joined, keys))
    (folder / "opsctl.yaml").write_text(yaml.safe_dump(documents[0]))
    (folder / "park.yaml").write_text(yaml.safe_dump_all(documents[1:]))


def _resource(type: str, name: str, spec: Mapping[str, Any], keys: Iterable[str] = ()) -> Mapping[str, Any]:
    each = {"forEach": list(keys)} if keys else {}
    head = {"apiVersion": "opsctl.dev/v1", "kind": "Resource", "type": type, "metadata": {"name": name}}
    return {**head, **each, "spec": dict(spec)}


def opsctl(folder: Path, *words: str) -> tuple[Cost, list[tuple[str, str, float, float]]]:
    """One command in the stack's folder, and its requests."""
    spans = folder / "spans.json"
    more = {"BENCH_SPANS": str(spans), "NO_COLOR": "1", "CI": "1", "PYTHONPATH": str(Path.cwd())}
    cost = measure([sys.executable, "-W", "ignore", "-c", TIMED, *words], folder, more)
    return cost, [tuple(span) for span in json.loads(spans.read_text())]


def on_simulator(folder: Path) -> bool:
    """Count the calls of a plan after an apply."""
    responders = Responders()
    running = sandbox.start(folder=folder, faults=Faults(), responders=responders, transition_seconds=0.05)
    running.cloud.quotas = Quotas(**dict.fromkeys(Quotas.__annotations__, 10**9))
    stack(folder, running.settings, MANY, volumes=True)
    try:
        applied, _ = opsctl(folder, "apply", "--auto-approve")
        cost, spans = opsctl(folder, "plan", "--output", "json")
    finally:
        running.close()
        responders.close_all()
    said = (folder / "bench.log").read_text("utf-8")
    told = json.loads(said[said.index("{") :])
    changed = [change for change in told["changes"] if change["action"] != "no-op"]
    if changed:
        raise RuntimeError(f"the plan is not empty: {changed[:3]}")
    asked = sum(method == "GET" and _READ.search(url) is not None for method, url, *_ in spans)
    needed = len(LISTS) * math.ceil(MANY / MAX_PAGE) + SINGLE
    print(f"| simulator | {4 * MANY + 2:,} | {asked} | {needed} | {asked / needed:.2f} | {cost.cpu:.2f} |")
    sys.stderr.write(f"apply of {4 * MANY + 2:,}: {applied.wall:.0f} s\n")
    return asked <= 1.2 * needed


def on_cloud(folder: Path) -> bool:
    """Time plans after an apply on a real cloud, and what of each its list calls took; the best of some rounds counts."""
    project = Project()
    settings = project.settings("admin")
    raw = connected(settings)
    unlimited = {"quota_set": {"instances": -1, "cores": -1, "ram": -1}}
    raw.compute.put(f"/os-quota-sets/{raw.current_project_id}", json=unlimited).raise_for_status()
    stack(folder, settings, FEW, volumes=False)
    beyond = []
    try:
        applied, _ = opsctl(folder, "apply", "--auto-approve")
        sys.stderr.write(f"apply of {2 * FEW + 2}: {applied.wall:.0f} s\n")
        for _ in range(ROUNDS):
            cost, spans = opsctl(folder, "plan")
            lists = [span for span in spans if span[0] == "GET" and urlsplit(span[1]).query]
            own = covered((begun, ended) for *_, begun, ended in lists)
            beyond.append(cost.wall - own)
            cells = (f"{own:.2f}", f"{cost.wall:.2f}", f"{beyond[-1]:.2f}", f"{cost.cpu:.2f}")
            print(f"| real cloud | {2 * FEW + 2} | {len(lists)} | {' | '.join(cells)} |", flush=True)
        opsctl(folder, "destroy", "--auto-approve")
    finally:
        raw.close()
        project.close()
    return min(beyond) <= 1.0


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Seconds in which at least one of them was going on."""
    total, until = 0.0, 0.0
    for begun, ended in sorted(spans):
        total += max(0.0, ended - max(begun, until))
        until = max(until, ended)
    return total


def main() -> int:
    """Measure, print, and say whether the figures hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cloud", action="store_true", help="on the real cloud `ostest` of clouds.yaml")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opsctl-bench-") as place:
        if asked.cloud:
            print("| where | resources | list calls | they took s | plan took s | beyond s | CPU s |")
            print("|---|--:|--:|--:|--:|--:|--:|")
            return 0 if on_cloud(Path(place)) else 1
        print("| where | resources | calls of a plan | pages needed | ratio | CPU s |")
        print("|---|--:|--:|--:|--:|--:|")
        return 0 if on_simulator(Path(place)) else 1


if __name__ == "__main__":
    sys.exit(main())
