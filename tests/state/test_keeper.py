"""The keeper of a lease, by a clock that stands still: when it renews, when it asks, and when it gives up."""

from __future__ import annotations

import threading
import time

import pytest

from orchestrator.kit.lease import Keeper, told
from orchestrator.model.errors import LeaseLostError, StateError
from orchestrator.seams.state import Holder


class Moment:
    """A clock that moves only when a test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Store:
    """Counts renewals; the next ones end as they were told."""

    def __init__(self, *ends):
        self.ends = list(ends)
        self.renewals = 0
        self.renewed = threading.Event()

    def __call__(self):
        self.renewals += 1
        self.renewed.set()
        end = self.ends.pop(0) if self.ends else None
        if end is not None:
            raise end


@pytest.fixture
def kept():
    """Keepers, stopped at the end; a lease of an hour, so that the thread never wakes by itself."""
    made = []

    def keep(store, ttl=3600.0):
        clock = Moment()
        made.append(Keeper(store, ttl=ttl, clock=clock))
        return made[-1], clock

    yield keep
    for keeper in made:
        keeper.stop()


def test_a_lease_that_is_fresh_costs_nothing_to_check(kept):
    store = Store()
    keeper, clock = kept(store)
    for _ in range(100):
        clock.now += 35.0
        keeper.check()
    assert store.renewals == 0


def test_after_a_sleep_past_the_lease_the_store_is_asked_before_anything_else(kept):
    """A laptop that was shut, a process that was stopped: then a check is a renewal."""
    store = Store()
    keeper, clock = kept(store)
    clock.now += 3600.0
    keeper.check()
    keeper.check()
    assert store.renewals == 1


def test_a_lease_that_was_lost_stays_lost(kept):
    """Whoever asks later hears the same, and the store is not asked again: it might say yes to a newer owner's lease."""
    store = Store(LeaseLostError("taken over by bob"))
    keeper, clock = kept(store)
    clock.now += 3600.0
    for _ in range(3):
        with pytest.raises(LeaseLostError, match="bob"):
            keeper.check()
    assert store.renewals == 1


def test_a_store_that_is_away_may_come_back(kept):
    """Nobody can tell whose the lease is meanwhile, so nothing starts; afterwards it is renewed and ours."""
    keeper, clock = kept(Store(StateError("away")))
    clock.now += 3600.0
    with pytest.raises(StateError, match="away"):
        keeper.check()
    keeper.check()
    clock.now += 3599.0
    keeper.check()


def test_what_an_append_found_out_counts_for_every_check(kept):
    keeper, _ = kept(Store())
    keeper.lose(LeaseLostError("taken over by carol"))
    keeper.lose(LeaseLostError("and again"))
    with pytest.raises(LeaseLostError, match="carol"):
        keeper.check()


def test_a_lease_counts_from_before_its_renewal_was_asked_for():
    """The store may have stamped it at once: the answer's way back is no part of the time that is ours."""
    clock = Moment()

    def slow():
        clock.now += 50.0

    keeper = Keeper(slow, ttl=3600.0, clock=clock)
    try:
        clock.now += 3600.0
        keeper.check()
        assert keeper._renewed == 3700.0
    finally:
        keeper.stop()


def test_it_renews_by_itself_until_it_is_stopped(kept):
    """At a third of the lease's time, whatever the clock of the checks says."""
    store = Store(StateError("away for a moment"))
    keeper, _ = kept(store, ttl=0.03)
    while store.renewals < 3:
        store.renewed.wait()
        store.renewed.clear()
    keeper.stop()
    after = store.renewals
    time.sleep(0.1)
    assert store.renewals == after


def test_it_ends_by_itself_when_the_lease_is_lost(kept):
    store = Store(LeaseLostError("lost"))
    keeper, _ = kept(store, ttl=0.03)
    keeper._thread.join(10)
    assert not keeper._thread.is_alive()
    assert store.renewals == 1


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        (Holder("ann"), "ann"),
        (Holder(""), "an unknown owner"),
        (Holder("ann", "opsctl apply", 1_000.0), "ann, running 'opsctl apply', since 1970-01-01 00:16:40 UTC (3 min ago)"),
        (Holder("ann", host="h1", pid=7), "ann (process 7 on h1)"),
        (Holder("ann", pid=7, job="GitLab CI x"), "ann (process 7, CI job GitLab CI x)"),
        (Holder("ann", since=2_000.0), "ann, since 1970-01-01 00:33:20 UTC (by a clock that is ahead of ours)"),
    ],
)  # fmt: skip
def test_a_holder_is_told_in_words(holder, words):
    assert told(holder, now=1_190.0) == words
