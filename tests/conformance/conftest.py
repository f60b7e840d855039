"""The fake cloud as a subject of the suite: a provider of every marking class, with samples and a hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from orchestrator.kit.sample import Conformance, Hand, Sample, Unique
from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.values import Secret
from orchestrator.testing.clock import FakeClock
from orchestrator.testing.cloud import FakeCloud, Fault
from orchestrator.testing.kinds import KINDS, PAGE
from orchestrator.testing.provider import FakeProvider
from orchestrator.testing.provider_conformance import Subject


class Time(FakeClock):
    """Passes when somebody waits."""

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)


class FakeFaults:
    """The suite's rules, as the fake cloud takes faults."""

    def __init__(self, cloud: FakeCloud) -> None:
        self.cloud = cloud
        self.rules: list[Rule] = []

    def replace(self, rules: Iterable[Rule]) -> None:
        self.rules = list(rules)
        self.cloud.mend()
        for rule in self.rules:
            self.cloud.fail(_fault(rule), times=rule.times or 1, after=rule.after, retry_after=1.0)

    def hit(self) -> list[int]:
        return [1 - self.cloud.to_come() for _ in self.rules]


def _fault(rule: Rule) -> Fault:
    if rule.kind == "error":
        return Fault.REFUSED if rule.status == 403 else Fault.BUSY
    return {
        "throttle": Fault.THROTTLED,
        "lost-answer": Fault.LOST_ANSWER,
        "lost-request": Fault.LOST_REQUEST,
    }[rule.kind]


def by_hand(hand: Hand) -> None:
    hand.raw.alter(hand.id, **{hand.path: hand.value})


def sample(type: str, **more) -> Sample:
    return Sample(
        type=type,
        minimal={"name": Unique()},
        more={
            "size": 2,
            "zone": "a",
            "parent": "somebody",
            "tags": {"a": "b"},
            "password": Secret("plain-password", "env:P", "v1"),
        },
        updates={
            "name": Unique("{}-other"),
            "size": 3,
            "tags": {"c": "d"},
            "password": Secret("plain-other", "env:P", "v2"),
        },
        replaces={"zone": "b", "parent": "another"},
        write=by_hand,
        **more,
    )


FIXED = {"untried": {"name": "it says which object is meant"}}
SAMPLES = tuple(
    sample(str(name), **(FIXED if name in ("Fake::Put", "Fake::Natural") else {}))
    for name, kind in KINDS.items()
    if not kind.data_only
)
Mutant = Callable[[FakeCloud], FakeProvider]


@pytest.fixture
def subject() -> Callable[..., Subject]:
    """A subject over a fake cloud of its own."""

    def make(provider: Mutant = FakeProvider, samples: tuple[Sample, ...] = SAMPLES) -> Subject:
        clock = Time()
        cloud = FakeCloud(clock)
        made = provider(cloud)
        conformance = Conformance(samples=samples, page=PAGE, paged={"page": PAGE})
        return Subject(
            "fake", made, conformance, cloud, clock, "memory", "cf-1", FakeFaults(cloud), paged=made, given={}
        )

    return make
