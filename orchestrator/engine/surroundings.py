"""What expressions see beside resources; secrets and other stacks' outputs are fetched before evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.engine.workspace import Workspace
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.errors import InvalidSpecError, ProviderError, SecretsError
from orchestrator.model.expression import Expression, templates_in
from orchestrator.model.ids import Path
from orchestrator.model.plan import Charter
from orchestrator.model.resource import Desired
from orchestrator.model.scope import Surroundings
from orchestrator.model.values import Secret


def surroundings(charter: Charter, resources: Iterable[Desired], workspace: Workspace) -> Surroundings:
    """The surroundings of a stack's expressions. Raises InvalidSpecError where secrets are not to be had."""
    resources = list(resources)
    expressions = [expression for _, _, expression in used(charter, resources)]
    answers = workspace.secrets.ask({reference for e in expressions for reference in e.secrets})
    wrong = {r: a for r, a in answers.items() if isinstance(a, ProviderError)}
    if wrong:
        raise InvalidSpecError(tuple(_told(wrong, charter, resources)))
    secrets = {r: a for r, a in answers.items() if isinstance(a, Secret)}
    stacks = {name: workspace.outputs(name) for name in {n for e in expressions for n in e.outputs}}
    stack = {"name": charter.name, "id": str(charter.id), "environment": charter.environment}
    return Surroundings(charter.params, stack, charter.env, secrets.__getitem__, stacks.__getitem__)


def _told(
    wrong: dict[str, ProviderError], charter: Charter, resources: Iterable[Desired]
) -> Iterator[Diagnostic]:
    """One diagnostic a cause, at the first line that asks for such a secret."""
    where: dict[str, tuple[Desired, Path]] = {}
    for resource, path, expression in used(charter, resources):
        for reference in expression.secrets:
            if resource is not None:
                where.setdefault(reference, (resource, path))
    for message in SecretsError(wrong).told():
        first = next((r for r in wrong if message.startswith(r) and r in where), None)
        if first is None:
            yield Diagnostic(message)
        else:
            resource, path = where[first]
            yield Diagnostic(message, _place(resource, path), address=resource.address)


def _place(resource: Desired, path: Path) -> Position:
    if resource.document is None or resource.parent is not None:
        return Position(resource.file, resource.line)
    return resource.document.position(*resource.root, *path)


def used(charter: Charter, resources: Iterable[Desired]) -> Iterator[tuple[Desired | None, Path, Expression]]:
    """Every expression with the resource that it stands in (None: an output), and where."""
    for resource in resources:
        yield from ((resource, ("spec", *p), e) for p, e in _in(resource.spec))
        yield from ((resource, (), e) for _, e in _in(resource.status))
        for index, gate in enumerate(resource.gates):
            yield from ((resource, ("health", index), e) for _, e in _in(gate.settings))
    yield from ((None, p, e) for p, e in _in(charter.outputs))


def _in(value: Any) -> Iterator[tuple[Path, Expression]]:
    for path, template in templates_in(value):
        yield from ((path, expression) for expression in template.expressions)
