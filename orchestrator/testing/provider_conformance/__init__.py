"""What every provider must do, kind by kind: the suite behind `opsctl provider test`.

with opened(manifest) as subject:
    report = run(subject)
assert not report.failures

It drives a provider as the core does (through `stages.apply.effect`, with handles that travel as JSON), on the
provider's sandbox or on a real cloud, over the samples that the provider keeps (`orchestrator.kit.sample`).
"""

from orchestrator.testing.provider_conformance.report import Ending, Report, Result
from orchestrator.testing.provider_conformance.subject import Subject, opened
from orchestrator.testing.provider_conformance.suite import CHECKS, Check, run

__all__ = ["CHECKS", "Check", "Ending", "Report", "Result", "Subject", "opened", "run"]
