"""Samples of every AWS kind for the conformance suite."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Conformance
from providers.aws.conformance import buckets, databases, machines, network
from providers.aws.conformance.hands import close, connect

CONFORMANCE: Final = Conformance(
    samples=(*network.SAMPLES, *machines.SAMPLES, *databases.SAMPLES, *buckets.SAMPLES),
    connect=connect,
    close=close,
)
