"""Every kind does what every kind must do, on the sandbox."""

from opsctl_acme import manifest

from orchestrator.testing.provider_conformance import opened, run


def test_every_kind_passes_the_conformance_suite() -> None:
    """The suite is that of `opsctl provider test`."""
    with opened(manifest) as subject:
        report = run(subject)
    assert [(r.type, r.check, r.messages) for r in report.failures] == []
    assert report.passed, report.unsampled
