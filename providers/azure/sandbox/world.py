"""The simulated subscription: resources, operations in flight, addresses, time.

Enters: resources and operations from the writes. Leaves: the same, found by id, type, parent or reference.
Holds everything in memory, under the lock of the application.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from . import documents
from .rules import Operation, Resource, Rules, Style


class Addresses(Protocol):
    """Where addresses that are handed out come from; they answer while open."""

    def open(self, name: str, *, ports: Sequence[int], status: int = 200) -> str:
        """A fresh loopback address on which the ports answer."""

    def set_status(self, address: str, code: int) -> None:
        """The status that the address's HTTP ports answer from now on."""

    def close(self, address: str) -> None:
        """Nothing answers on the address any more."""


def timestamp() -> str:
    """Now, as ARM writes it."""
    return dt.datetime.now(tz=dt.UTC).isoformat()


class World:
    """All of one subscription."""

    def __init__(
        self, *, subscription: str, addresses: Addresses, now: Callable[[], float], transition: float
    ) -> None:
        self.subscription = subscription
        self.addresses = addresses
        self.now = now
        self.transition = transition
        self.table: dict[str, Rules] = {}
        self.resources: dict[str, Resource] = {}
        self.operations: dict[str, Operation] = {}
        self.failures: dict[str, tuple[str, str]] = {}

    def settle(self) -> None:
        """Ends the operations whose time has come, oldest first."""
        moment = self.now()
        for operation in sorted(self.operations.values(), key=lambda each: each.due):
            if operation.status == "InProgress" and operation.due <= moment:
                self._end(operation)

    def _end(self, operation: Operation) -> None:
        operation.status = "Succeeded" if operation.error is None else "Failed"
        resource = operation.resource
        if resource.operation is operation:
            resource.operation = None
        if self.resources.get(resource.key) is resource:
            operation.finish(operation.error is None)

    def begin(
        self, method: str, resource: Resource, style: Style, finish: Callable[[bool], None]
    ) -> Operation:
        """Starts an operation on a resource; a failure planted for its type becomes its end."""
        operation = Operation(
            str(uuid.uuid4()), method, resource, self.now() + self.transition, finish, style, timestamp()
        )
        planted = self.failures.pop(f"{method} {resource.rules.type}".lower(), None)
        if planted is not None:
            operation.error = {"code": planted[0], "message": planted[1]}
        self.operations[operation.id] = operation
        resource.operation = operation
        return operation

    def fail_next(self, operation: str, code: str, message: str) -> None:
        """Makes the next long-running `operation` ("PUT Microsoft.Compute/virtualMachines") end as Failed."""
        self.failures[operation.lower()] = (code, message)

    def get(self, resource_id: str) -> Resource | None:
        """The resource of an id in any spelling."""
        return self.resources.get(resource_id.lower())

    def children(self, resource_id: str, type: str = "") -> list[Resource]:
        """The resources directly or further below an id, of one type where given, in order of making."""
        prefix, wanted = resource_id.lower() + "/", type.lower()
        return [
            each
            for key, each in self.resources.items()
            if key.startswith(prefix) and (not wanted or each.rules.type.lower() == wanted)
        ]

    def of_type(self, type: str) -> list[Resource]:
        """All resources of one type."""
        return [each for each in self.resources.values() if each.rules.type.lower() == type.lower()]

    def users(self, resource_id: str) -> Iterator[tuple[Resource, str]]:
        """Who refers to the id, with the path of the reference."""
        key = resource_id.lower()
        for each in self.resources.values():
            for reference in each.rules.references:
                held = documents.values(each.body, reference.path)
                if reference.holds and any(str(value).lower() == key for value in held):
                    yield each, reference.path

    def remove(self, resource: Resource) -> None:
        """Takes a resource and everything below it out of the world."""
        for each in [*reversed(self.children(resource.id)), resource]:
            if self.resources.pop(each.key, None) is not None:
                each.rules.hooks.removed(self, each)
