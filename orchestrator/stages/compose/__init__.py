"""Documents, environment and parameters become desired resources.

Enters: checked documents and the catalogue of kinds. Leaves: one Desired a resource, composites and forEach
expanded, expressions parsed but not evaluated. Holds: every mistake of the documents is found in one go, and
the order of the files does not matter.
"""

from __future__ import annotations

from orchestrator.stages.compose.composing import Composed, compose

__all__ = ["Composed", "compose"]
