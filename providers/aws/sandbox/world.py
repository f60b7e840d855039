"""What a sandbox knows beside moto: its account, what is under way, and which addresses are handed out.

Holds: moto's objects are changed only under ``World.lock``, and what is due is done before any call is answered.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from moto.backends import get_backend
from moto.ec2.models import ec2_backends
from moto.rds.models import rds_backends
from moto.s3.models import s3_backends

from orchestrator.kit.simulation.responders import Responders

_FIRST_ACCOUNT: Final = 123456789012
_KEEPERS: Final = ("secretsmanager", "ssm", "kms")
"""Services whose objects nothing here looks into, and which must be forgotten all the same."""
KEY_ALIAS: Final = "alias/opsctl"
_accounts: Final[set[str]] = set()
_accounts_lock: Final = threading.Lock()


def _take_account() -> str:
    with _accounts_lock:
        free = next(a for n in itertools.count(_FIRST_ACCOUNT) if (a := f"{n:012}") not in _accounts)
        _accounts.add(free)
        return free


def _forget(account: str) -> None:
    for name, (_, owner) in list(s3_backends.bucket_accounts.items()):
        if owner == account:
            del s3_backends.bucket_accounts[name]
    for service in (ec2_backends, rds_backends, s3_backends):
        service.pop(account, None)
    for name in _KEEPERS:
        get_backend(name).pop(account, None)
    with _accounts_lock:
        _accounts.discard(account)


@dataclass
class World:
    """One AWS account in memory."""

    responders: Responders
    transition_seconds: float
    now: Callable[[], float]
    account: str = field(default_factory=_take_account)
    lock: threading.RLock = field(default_factory=threading.RLock)
    created: dict[str, float] = field(default_factory=dict)
    """When an object was made, by id."""
    addresses: dict[str, str] = field(default_factory=dict)
    """The loopback address of an instance or database, by its id."""
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=itertools.count)

    def ec2(self, region: str) -> Any:
        """Moto's EC2 of a region."""
        return ec2_backends[self.account][region]

    def rds(self, region: str) -> Any:
        """Moto's RDS of a region."""
        return rds_backends[self.account][region]

    def s3(self) -> Any:
        """Moto's S3, which is one for all regions."""
        return s3_backends[self.account]["aws"]

    def lend_key(self, region: str) -> None:
        """The key ``alias/opsctl``, so that encryption can be tried without a client of KMS."""
        keys = get_backend("kms")[self.account][region]
        if not keys.alias_exists(KEY_ALIAS):
            made = keys.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "of the sandbox", None)
            keys.create_alias(made.id, KEY_ALIAS)

    def later(self, action: Callable[[], None]) -> None:
        """Do something when a transition has taken its time."""
        heapq.heappush(self._due, (self.now() + self.transition_seconds, next(self._count), action))

    def settle(self) -> None:
        """Do what is due."""
        while self._due and self._due[0][0] <= self.now():
            heapq.heappop(self._due)[2]()

    def give_address(self, owner: str, *, ports: tuple[int, ...], status: int = 200) -> str:
        """A loopback address for an object; something answers there until it is taken back."""
        self.take_address(owner)
        address = self.addresses[owner] = self.responders.open(owner, ports=ports, status=status)
        return address

    def take_address(self, owner: str) -> None:
        """Nothing answers there any more; an object without an address is fine."""
        address = self.addresses.pop(owner, None)
        if address is not None:
            self.responders.close(address)

    def live_instances(self, region: str) -> Iterator[Any]:
        """Every instance of a region that still holds its network interface."""
        for reservation in self.ec2(region).reservations.values():
            for instance in reservation.instances:
                if instance.state != "terminated":
                    yield instance

    def fresh(self) -> World:
        """Another account with the same responders and clock."""
        return World(self.responders, self.transition_seconds, self.now)

    def close(self) -> None:
        """Take every address back and forget the account."""
        for owner in list(self.addresses):
            self.take_address(owner)
        _forget(self.account)
