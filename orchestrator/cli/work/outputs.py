"""output: what the last apply gave."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import head, values_document
from orchestrator.cli.render.values import block
from orchestrator.cli.work.state import remembered
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import OpsctlError
from orchestrator.model.values import Secret, contains


def print_outputs(console: Console, name: str | None, *, environment: str | None, raw: bool) -> int:
    """All outputs, or one of them."""
    with remembered(console, environment) as work:
        outputs = dict(work.session.workspace.state.latest().outputs)
    if name is not None:
        outputs = {name: _one(outputs, name)}
    if console.output is Output.JSON:
        console.document(lambda: {**head("outputs"), "outputs": values_document(outputs)})
    elif raw and name is not None:
        console.out.write(_raw(name, outputs[name]))
    elif name is not None:
        console.result("\n".join(block(name, outputs[name])))
    elif outputs:
        console.result("\n".join(line for n, v in sorted(outputs.items()) for line in block(n, v)))
    else:
        console.say("There are no outputs: opsctl.yaml names none, or nothing was applied yet.")
    return 0


def _one(outputs: dict[str, Any], name: str) -> Any:
    if name not in outputs:
        hint = did_you_mean(name, outputs) or f"there are: {', '.join(sorted(outputs)) or 'none'}"
        raise OpsctlError(f"no output {name!r}\nhint: {hint}")
    return outputs[name]


def _raw(name: str, value: Any) -> str:
    if contains(value, Secret):
        where = f" ({value.reference})" if isinstance(value, Secret) and value.reference else ""
        raise OpsctlError(
            f"the output {name!r} is a secret, and secrets are not kept: read it at its source{where}"
        )
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
