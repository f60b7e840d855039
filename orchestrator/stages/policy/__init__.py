"""Ask policy about one input document, and settle what its answers mean here."""

from orchestrator.stages.policy.approving import approved, refused
from orchestrator.stages.policy.asking import Circumstances, Judgement, ask, judge
from orchestrator.stages.policy.governing import governed, ungoverned

__all__ = ["Circumstances", "Judgement", "approved", "ask", "governed", "judge", "refused", "ungoverned"]
