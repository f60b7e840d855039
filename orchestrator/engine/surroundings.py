"""What expressions see beside resources; secrets and other stacks' outputs are fetched before evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.engine.workspace import Workspace
from orchestrator.model.expression import Expression, templates_in
from orchestrator.model.plan import Charter
from orchestrator.model.resource import Desired
from orchestrator.model.scope import Surroundings


def surroundings(charter: Charter, resources: Iterable[Desired], workspace: Workspace) -> Surroundings:
    """The surroundings of a stack's expressions. Raises the source's error where a secret is not to be had."""
    used = list(_expressions(charter, resources))
    secrets = workspace.secrets({reference for e in used for reference in e.secrets})
    stacks = {name: workspace.outputs(name) for name in {n for e in used for n in e.outputs}}
    stack = {"name": charter.name, "id": str(charter.id), "environment": charter.environment}
    return Surroundings(charter.params, stack, charter.env, secrets.__getitem__, stacks.__getitem__)


def _expressions(charter: Charter, resources: Iterable[Desired]) -> Iterator[Expression]:
    for resource in resources:
        yield from _in(resource.spec)
        yield from _in(resource.status)
        for gate in resource.gates:
            yield from _in(gate.settings)
    yield from _in(charter.outputs)


def _in(value: Any) -> Iterator[Expression]:
    for _, template in templates_in(value):
        yield from template.expressions
