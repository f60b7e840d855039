"""A sample of a resource group."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Sample, Unique
from providers.azure.conformance.hands import ELSEWHERE, HERE, SAID, tagged
from providers.azure.kinds.kind import GROUP

SAMPLES: Final = (
    Sample(
        type=GROUP,
        minimal={"name": Unique(), "location": HERE},
        more={"tags": {"a": "b"}},
        updates={"tags": {"b": "c"}},
        replaces={"name": Unique("{}-other"), "location": ELSEWHERE},
        behind={"tags": tagged},
        untried=SAID,
    ),
)
