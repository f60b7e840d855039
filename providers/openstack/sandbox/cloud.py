"""The simulated cloud: everything that the five services share, in memory.

Objects are the services' own JSON bodies. A key that starts with an underscore is ours and never leaves. What
changes by itself (a server that builds, a volume that is made) is scheduled with `later` and happens at the first
request after its time, so that tests move a clock instead of sleeping.
"""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from providers.openstack.sandbox.problems import Problem

Body = dict[str, Any]
REGION = "RegionOne"
DOMAIN = {"id": "default", "name": "Default"}


class Answering(Protocol):
    """What makes floating addresses answer; `orchestrator.kit.simulation.responders` has the real one."""

    def reserve(self, name: str) -> str:
        """Hand out a fresh address on which nothing answers yet."""

    def answer(self, address: str, ports: Iterable[int], status: int) -> None:
        """Let exactly these ports answer there; none closes them."""

    def release(self, address: str) -> None:
        """Give the address back."""


@dataclass(slots=True)
class Quotas:
    """Limits per project, with the real services' defaults."""

    network: int = 100
    subnet: int = 100
    port: int = 500
    router: int = 10
    floatingip: int = 50
    security_group: int = 10
    security_group_rule: int = 100
    subnetpool: int = -1
    rbac_policy: int = 10
    trunk: int = -1
    instances: int = 10
    cores: int = 20
    ram: int = 51200
    key_pairs: int = 100
    volumes: int = 10
    snapshots: int = 10
    gigabytes: int = 1000
    per_volume_gigabytes: int = -1
    groups: int = 10
    backups: int = 10
    backup_gigabytes: int = 1000
    metadata_items: int = 128
    server_groups: int = 10
    server_group_members: int = 10
    load_balancer: int = -1
    listener: int = -1
    pool: int = -1
    member: int = -1
    health_monitor: int = -1
    l7policy: int = -1
    l7rule: int = -1


@dataclass(slots=True)
class Project:
    """A project with its one user; the password is the sandbox's own and no secret."""

    name: str
    user: str
    password: str
    roles: tuple[str, ...]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    user_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def is_admin(self) -> bool:
        """Whether policies that ask for the admin role let this project pass."""
        return "admin" in self.roles


class Cloud:
    """The tables, the clock and the schedule. Hold `lock` while reading or changing anything."""

    def __init__(self, *, now: Callable[[], float], transition_seconds: float, answering: Answering) -> None:
        """Start empty; `seed.plant` puts in what a fresh cloud has."""
        self.lock = threading.RLock()
        self.now = now
        self.transition = transition_seconds
        self.answering = answering
        self.quotas = Quotas()
        self.projects: list[Project] = []
        self.tokens: dict[str, Project] = {}
        self.tables: dict[str, dict[str, Body]] = {}
        self.on_change: Callable[[Cloud], None] = lambda _cloud: None
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._random = random.Random(20260101)  # noqa: S311 - addresses, not secrets

    def table(self, name: str) -> dict[str, Body]:
        """All objects of one collection, by id."""
        return self.tables.setdefault(name, {})

    def add(self, table: str, body: Body) -> Body:
        """Keep a new object; its creation is what stale reads hide for a while."""
        body["_born"] = self.now()
        body["_order"] = next(self._order)
        self.table(table)[body["id"]] = body
        return body

    def new_id(self) -> str:
        """Give a fresh UUID with dashes."""
        return str(uuid.uuid4())

    def token(self) -> str:
        """Give a fresh opaque token."""
        return "sandbox-" + uuid.uuid4().hex

    def pick(self, choices: list[str]) -> str:
        """Choose an address as a real cloud does: not the lowest free one."""
        return self._random.choice(choices)

    def mac(self) -> str:
        """Give a hardware address in the range that Neutron uses."""
        return "fa:16:3e:" + ":".join(f"{self._random.randrange(256):02x}" for _ in range(3))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Let something happen by itself after a while."""
        heapq.heappush(self._due, (self.now() + seconds, next(self._order), action))

    def settle(self) -> bool:
        """Let everything happen whose time has come; says whether anything did."""
        moved = False
        while self._due and self._due[0][0] <= self.now():
            heapq.heappop(self._due)[2]()
            moved = True
        return moved

    def refresh_answering(self) -> None:
        """Tell the addresses that what they lead to has changed."""
        self.on_change(self)

    def owned(self, table: str, project: Project) -> list[Body]:
        """Objects of one project, for quotas."""
        return [body for body in self.table(table).values() if body.get("_project") == project.id]


def stamp(*, micro: bool = False) -> str:
    """Wall-clock time, in the services' notation."""
    moment = dt.datetime.fromtimestamp(time.time(), tz=dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f" if micro else "%Y-%m-%dT%H:%M:%SZ")


def shown(body: Body) -> Body:
    """Leave out what is ours."""
    return {key: value for key, value in body.items() if not key.startswith("_")}


def get(table: dict[str, Body], key: str, problem: Problem) -> Body:
    """Find by id or refuse."""
    found = table.get(key)
    if found is None:
        raise problem
    return found
