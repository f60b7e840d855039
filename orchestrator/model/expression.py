"""Expressions in specs: ``${…}`` holds CEL; what it reads decides whether the result is known, and secret.

The one name to import from: parsing is in ``template``, evaluation in ``evaluation``, the engine in ``cel``.
"""

from __future__ import annotations

from orchestrator.model.cel_syntax import ExpressionError
from orchestrator.model.evaluation import evaluate
from orchestrator.model.template import (
    Expression,
    Template,
    parse,
    referable,
    templated,
    templates_in,
    untemplated,
)

__all__ = [
    "Expression",
    "ExpressionError",
    "Template",
    "evaluate",
    "parse",
    "referable",
    "templated",
    "templates_in",
    "untemplated",
]
