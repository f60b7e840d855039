"""graph: which resource needs which, as text, Mermaid or DOT."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from orchestrator.cli.console import Console
from orchestrator.cli.work.planning import Wish, graph_of, stack
from orchestrator.model.ids import Address
from orchestrator.model.resource import Desired

Edges = Mapping[Address, Sequence[Address]]


def graph(console: Console, format: str, *, environment: str | None, params: Mapping[str, str]) -> int:
    """Print the graph of the files."""
    with stack(console, Wish(environment, params)) as work:
        shape = graph_of(work)
        types = {r.address: r for r in work.session.blueprint.resources}
        edges = {a: shape.edges[a] for a in shape.order}
        draw = {"text": text, "mermaid": mermaid, "dot": dot}[format]
        console.result("\n".join(draw(edges, types)) or "No resources.")
    return 0


def text(edges: Edges, resources: Mapping[Address, Desired]) -> Iterator[str]:
    """Each resource after what it needs."""
    for address, needs in edges.items():
        yield f"{address}  {resources[address].type}"
        if needs:
            yield f"  needs {', '.join(needs)}"


def mermaid(edges: Edges, resources: Mapping[Address, Desired]) -> Iterator[str]:
    """A flow chart for Markdown; arrows point from a resource to what it needs."""
    ids = {address: f"n{number}" for number, address in enumerate(edges)}
    yield "graph LR"
    for address in edges:
        label = f"{address}<br/>{resources[address].type}".replace('"', "#quot;")
        yield f'  {ids[address]}["{label}"]'
    for address, needs in edges.items():
        yield from (f"  {ids[address]} --> {ids[need]}" for need in needs if need in ids)


def dot(edges: Edges, resources: Mapping[Address, Desired]) -> Iterator[str]:
    """A digraph for Graphviz."""
    yield "digraph stack {"
    yield "  rankdir=LR; node [shape=box];"
    for address in edges:
        label = json.dumps(f"{address}\n{resources[address].type}")
        yield f"  {json.dumps(address)} [label={label}];"
    for address, needs in edges.items():
        yield from (f"  {json.dumps(address)} -> {json.dumps(need)};" for need in needs)
    yield "}"
