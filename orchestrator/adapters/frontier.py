"""Which nodes of a graph may start now: a ready-set without barriers.

Enters: a graph, and nodes as they open or fail. Leaves: the next node to start, in the graph's order, and the
nodes that a failure closes. Holds: a node is given out once, after all that it depends on has opened.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence

from orchestrator.model.ids import Address


class Frontier:
    """The nodes that are not started yet. ``lane`` sorts nodes into queues of their own."""

    def __init__(
        self, graph: Mapping[Address, Sequence[Address]], lane: Callable[[Address], str] = lambda _: ""
    ) -> None:
        self._nodes = list(graph)
        self._place = {node: place for place, node in enumerate(self._nodes)}
        self._lane = lane
        self._left = {node: len(set(needs)) for node, needs in graph.items()}
        self._dependents: dict[Address, list[Address]] = {node: [] for node in graph}
        self.ready: dict[str, list[int]] = {}
        for node, needs in graph.items():
            for need in set(needs):
                if need not in self._place:
                    raise ValueError(f"{node} depends on {need}, which is not in the graph")
                self._dependents[need].append(node)
        self._refuse_cycle(graph)
        for node, left in self._left.items():
            if left == 0:
                self._queue(node)

    def next(self, lane: str) -> Address:
        """Take the first ready node of a lane, in the graph's order."""
        node = self._nodes[heapq.heappop(self.ready[lane])]
        del self._left[node]
        return node

    def opened(self, node: Address) -> None:
        """Its dependents have one thing less to wait for."""
        for dependent in self._dependents[node]:
            left = self._left.get(dependent)
            if left is not None:
                self._left[dependent] = left - 1
                if left == 1:
                    self._queue(dependent)

    def closed(self, node: Address) -> list[Address]:
        """Take out everything behind a failed node, in the graph's order; each node is given out once."""
        behind: list[Address] = []
        stack = [node]
        while stack:
            for dependent in self._dependents[stack.pop()]:
                if self._left.pop(dependent, None) is not None:
                    behind.append(dependent)
                    stack.append(dependent)
        return sorted(behind, key=self._place.__getitem__)

    def rest(self) -> list[Address]:
        """Take out everything that has not started."""
        rest = list(self._left)
        self._left.clear()
        self.ready.clear()
        return rest

    def _queue(self, node: Address) -> None:
        heapq.heappush(self.ready.setdefault(self._lane(node), []), self._place[node])

    def _refuse_cycle(self, graph: Mapping[Address, Sequence[Address]]) -> None:
        left = dict(self._left)
        open_ = [node for node, count in left.items() if count == 0]
        while open_:
            node = open_.pop()
            del left[node]
            for dependent in self._dependents[node]:
                left[dependent] -= 1
                if left[dependent] == 0:
                    open_.append(dependent)
        if left:
            raise ValueError(f"the graph has a cycle: {' -> '.join(_cycle(graph, left))}")


def _cycle(graph: Mapping[Address, Sequence[Address]], among: Mapping[Address, int]) -> list[Address]:
    """One cycle among nodes that all have a dependency among themselves."""
    node = next(iter(among))
    seen: dict[Address, int] = {}
    path: list[Address] = []
    while node not in seen:
        seen[node] = len(path)
        path.append(node)
        node = next(need for need in graph[node] if need in among)
    return [*path[seen[node] :], node]
