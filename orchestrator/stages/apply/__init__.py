"""One step becomes an outcome: intent, effect, record.

Holds invariants 2, 4 and 5: nothing that could change a cloud is called before its intent is durable, a call
whose outcome is not known is settled before anything else touches the resource, and nothing is done that the
plan does not say.
"""

from __future__ import annotations

from orchestrator.stages.apply.effect import Tools
from orchestrator.stages.apply.perform import Job, Performed, perform
from orchestrator.stages.apply.undo import undo

__all__ = ["Job", "Performed", "Tools", "perform", "undo"]
