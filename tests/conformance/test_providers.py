"""Every provider that ships passes the suite; what docs/conformance says of it is what the suite finds."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from orchestrator.bootstrap import provider_manifest
from orchestrator.cli.render.conformance import render_page
from orchestrator.testing.provider_conformance import opened, run
from orchestrator.testing.provider_conformance.subject import conformance_of
from tests.conformance import real

PAGES = Path(__file__).parents[2] / "docs" / "conformance"
FAMILIES = ("aws", "azure", "local", "openstack")


def page(family: str) -> Path:
    return PAGES / f"{family}.md"


# The simulator cuts connections; what the SDK leaves of them is collected before anybody else is blamed for it.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_provider_passes_on_its_sandbox_as_its_page_says(family):
    """`make conformance` writes the pages."""
    with opened(provider_manifest(family)) as subject:
        report = run(subject)
    gc.collect()
    assert [(r.type, r.check, r.messages) for r in report.failures] == []
    assert report.passed, report.unsampled
    assert page(family).read_text("utf-8") == render_page(report, f"opsctl provider test {family}")


LIGHT = ("OS::Neutron::Net", "OS::Neutron::SecurityGroupRule", "OS::Nova::KeyPair")


@pytest.mark.server
def test_a_real_openstack_agrees():
    """A few kinds, as a member of a project makes them; what was made is gone."""
    report = real.tested(LIGHT, "member")
    assert [(r.type, r.check, r.messages) for r in report.failures] == []
    assert report.types == list(LIGHT)


@pytest.mark.server
@pytest.mark.extras
@pytest.mark.parametrize("service", real.SERVICES)
def test_a_whole_real_openstack_agrees_as_its_page_says(service):
    """Every kind of the service. `make conformance-real` writes the page."""
    report = real.of_service(service)
    assert [(r.type, r.check, r.messages) for r in report.failures] == []
    found = render_page(report, real.COMMAND)
    assert real.lines_about(report.types, found) == real.lines_about(report.types, real.PAGE.read_text())


def test_the_real_clouds_page_has_every_kind_but_those_without_a_service():
    """Also where no cloud is at hand: a kind that comes new is to be proved."""
    absent = {"Designate", "Barbican"}
    samples = {s.type for s in conformance_of(provider_manifest("openstack")).samples}
    shown = {kind for kind in samples if real.lines_about([kind], real.PAGE.read_text())}
    assert samples - shown == {kind for kind in samples if kind.split("::")[1] in absent}
    assert "✗" not in "".join(real.lines_about(samples, real.PAGE.read_text()))
