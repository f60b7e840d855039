"""A decision of policy as it is kept: one JSON object a line of the decision log.

Enters: the decision, what it was about, its verdicts. Leaves: JSON-like data. Holds: no secret, and no value of the
input: the input stands there by its digest. What rules say is their own words about a masked input.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator.model.policy_input import instant
from orchestrator.model.verdict import Bundle, Decision, Verdict, denies

FORMAT_VERSION: Final = "1.0"


def decision_entry(
    decision: Decision, verdicts: Sequence[Verdict], bundle: Bundle, input: Mapping[str, Any], at: float
) -> dict[str, Any]:
    """What is kept of one asking; ``at`` is when it ended, in seconds since 1970."""
    stack = input["stack"]
    return {
        "format_version": FORMAT_VERSION,
        "kind": "policy-decision",
        "id": decision.id,
        "time": instant(at),
        "stack": {name: stack[name] for name in ("name", "id", "environment")},
        "stage": str(decision.stage),
        "operation": input["operation"],
        "engine": decision.engine,
        "input": {"sha256": decision.input or None, "changes": len(input["resource_changes"])},
        "policies": {
            "sha256": _digest(bundle),
            "sources": [
                {"name": s.name, "digest": s.digest, "revision": s.revision or None, "trusted": s.trusted}
                for s in bundle.sources
            ],
            "server_revisions": dict(decision.revisions),
        },
        "seconds": decision.seconds,
        "denied": denies(verdicts),
        "verdicts": [_verdict(v) for v in verdicts],
    }


def _digest(bundle: Bundle) -> str | None:
    """Over every module by its name; None where the policies are the server's own."""
    if not bundle:
        return None
    whole = hashlib.sha256()
    for name, text in sorted(bundle.modules.items()):
        whole.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(text.encode()).digest())
    return whole.hexdigest()


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": verdict.rule,
        "effect": str(verdict.effect),
        "code": verdict.code or None,
        "message": verdict.message,
        "address": verdict.address or None,
        "path": verdict.path or None,
        "blocks": verdict.blocks,
        "waiver": verdict.waiver.name if verdict.waiver is not None and verdict.waived else None,
    }
