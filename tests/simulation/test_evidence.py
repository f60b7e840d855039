"""Evidence is counted, and only evidence counts."""

import pytest

from orchestrator.kit.simulation.evidence import Behaviour, share


def test_the_share_counts_outside_evidence_only():
    """A behaviour that nobody outside confirms is in the total alone."""
    known = [
        Behaviour("a", "vendor-doc:API reference"),
        Behaviour("b", "none"),
        Behaviour("c", "botocore-shape"),
    ]
    assert share(known) == (2, 3)


def test_an_unknown_kind_of_evidence_is_refused():
    """Hearsay is no evidence."""
    with pytest.raises(ValueError, match="hearsay"):
        Behaviour("a", "hearsay")
