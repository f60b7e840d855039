"""Every provider that ships passes the suite; what docs/conformance says of it is what the suite finds."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from orchestrator.bootstrap import provider_manifest
from orchestrator.cli.render.conformance import render_page
from orchestrator.testing.provider_conformance import opened, run

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
WHOLE = os.environ.get("OPSCTL_CONFORMANCE") == "whole"
"""`make openstack-test` asks for every kind; without it the run stays short."""


@pytest.mark.server
def test_a_real_openstack_agrees():
    """Nothing fails, and every kind has a sample; made in the project of clouds.yaml, and removed."""
    with opened(provider_manifest("openstack"), {"cloud": "ostest-demo"}) as subject:
        report = run(subject, kinds=() if WHOLE else LIGHT)
    assert [(r.type, r.check, r.messages) for r in report.failures] == []
    assert report.passed
