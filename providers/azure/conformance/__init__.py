"""Samples of every Azure kind for the conformance suite."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Conformance
from providers.azure.conformance import compute, groups, mysql, network, storage
from providers.azure.conformance.hands import close, connect

CONFORMANCE: Final = Conformance(
    samples=(*groups.SAMPLES, *network.SAMPLES, *compute.SAMPLES, *storage.SAMPLES, *mysql.SAMPLES),
    connect=connect,
    close=close,
)
