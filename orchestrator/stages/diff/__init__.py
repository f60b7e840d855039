"""Desired, observed and remembered become changes, each with its reason.

Pure: what is missing to decide (an object to look up first) is asked for in ``lookups``, and the stage is run
again with it. Holds: a value in a change is Unknown, or equals what apply will use.
"""

from __future__ import annotations

from orchestrator.stages.diff.differ import Differences, Situation, diff

__all__ = ["Differences", "Situation", "diff"]
