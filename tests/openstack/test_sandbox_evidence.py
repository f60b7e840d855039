"""What the simulator does is backed from outside, and the share is printed."""

from __future__ import annotations

import sys

from orchestrator.kit.simulation.evidence import share
from providers.openstack.sandbox.evidence import behaviours


def test_most_behaviours_have_evidence_from_outside(capsys):
    proved, known = share(behaviours())
    with capsys.disabled():
        sys.stdout.write(f"\nopenstack simulator: {proved} of {known} behaviours with outside evidence\n")
    assert proved / known > 0.95
