"""The conformance suite on a real OpenStack, service by service, each in a project of its own.

`python -m tests.conformance.real` runs all of it and writes its page; the cloud is the one named `ostest` in clouds.yaml.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from orchestrator.bootstrap import provider_manifest
from orchestrator.cli.render.conformance import render_page, summary
from orchestrator.testing.provider_conformance import Report, opened, run
from orchestrator.testing.provider_conformance.subject import conformance_of
from tests.openstack.conftest import Project

PAGE = Path(__file__).parents[2] / "docs" / "conformance" / "openstack-real.md"
COMMAND = "make conformance-real"
SERVICES = ("Octavia", "Neutron", "Nova", "Cinder", "Keystone", "Swift", "Glance")
"""The longest first, so that two at a time end together."""
RELEASE = "2026.1"
_TABLE = "| check | claim |"


def kinds_of(service: str) -> list[str]:
    """The kinds of a service that have a sample."""
    samples = conformance_of(provider_manifest("openstack")).samples
    return [sample.type for sample in samples if sample.type.startswith(f"OS::{service}::")]


def tested(kinds: Collection[str], role: str) -> Report:
    """What the suite finds on the real cloud; what it made is gone afterwards."""
    project = Project()
    try:
        with opened(provider_manifest("openstack"), project.settings(role)) as subject:
            return run(subject, kinds=kinds)
    finally:
        project.close()


def of_service(service: str) -> Report:
    """What the suite finds of one service."""
    return tested(kinds_of(service), "admin")


def merged(reports: Iterable[Report]) -> Report:
    """The services' reports as one."""
    whole = list(reports)
    return Report(
        whole[0].family,
        f"a real OpenStack {RELEASE}",
        whole[0].checks,
        tuple(result for report in whole for result in report.results),
        {type: paths for report in whole for type, paths in report.undetected.items()},
        {type: paths for report in whole for type, paths in report.untried.items()},
    )


def page(report: Report, day: str) -> str:
    """The page of the table, with the day and the services before it."""
    head, table, rest = render_page(report, COMMAND).partition(_TABLE)
    services = [f"| {service} | {_counted(report, service)} |" for service in SERVICES]
    lines = [
        f"Run on {day}, as a project's administrator, against the services of release {RELEASE}: Nova has its fake driver,",
        "Octavia its no-op one, Neutron no agents; everything else is as it is anywhere. `make openstack-test` holds that",
        "every line below is still so.",
        "",
        "| service | kinds | checks that hold | cases | failures |",
        "|---|--:|--:|--:|--:|",
        *services,
        "",
        "Designate and Barbican are not there: their kinds are tested [on the sandbox](openstack.md) alone. Faults cannot be",
        "ordered on a real cloud: `throttle` has nothing to check, and `once` asks twice without losing an answer.",
        "",
        "Octavia's no-op driver cannot delete a member whose subnet is its load balancer's own (it takes the two for different",
        "networks, and ends with a `KeyError` in `CalculateAmphoraDelta`, `network_tasks.py`, line 128): the members that are",
        "tested have a subnet of their own. Octavia's real drivers are not concerned.",
        "",
        "",
    ]
    return head + "\n".join(lines) + table + rest


def _counted(report: Report, service: str) -> str:
    found = [r for r in report.results if r.type.startswith(f"OS::{service}::")]
    held = [r for r in found if r.ending == "passed"]
    kinds, cases = {r.type for r in found}, sum(r.tried for r in held)
    return f"{len(kinds)} | {len(held)} | {cases} | {sum(r.ending == 'failed' for r in found)}"


def lines_about(kinds: Collection[str], text: str) -> list[str]:
    """A page's lines that tell of these kinds."""
    return [line for line in text.splitlines() if any(f"`{kind}`" in line for kind in kinds)]


def main() -> int:
    """Test two services at a time, and write the page; 1 where something does not hold."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        reports = []
        for service, report in zip(SERVICES, pool.map(of_service, SERVICES), strict=True):
            reports.append(report)
            sys.stderr.write(f"{service}: {summary(report)}\n")
    found = merged(reports)
    PAGE.write_text(page(found, datetime.now(UTC).date().isoformat()), "utf-8")
    sys.stdout.write(f"{summary(found)}\nwritten: {PAGE}\n")
    for result in found.failures:
        sys.stdout.write(f"{result.type} {result.check}: {'; '.join(result.messages)}\n")
    return 1 if found.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
