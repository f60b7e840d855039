"""Ask policy about one input document, and settle what its answers mean here."""

from orchestrator.stages.policy.approving import approved, placed_as, refused
from orchestrator.stages.policy.asking import Circumstances, Judgement, ask, judge
from orchestrator.stages.policy.governing import governed, ungoverned

__all__ = [
    "Circumstances",
    "Judgement",
    "approved",
    "ask",
    "governed",
    "judge",
    "placed_as",
    "refused",
    "ungoverned",
]
