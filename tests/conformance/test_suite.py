"""The suite passes a right provider, and each of its checks turns red for the provider that it is there to find."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.kit.sample import Sample, Unique
from orchestrator.model.change import Action, Cause
from orchestrator.model.errors import OpsctlError, PermanentError, TransientError
from orchestrator.model.ids import Token
from orchestrator.model.kind import How
from orchestrator.model.provision import Done, Pending, Proposal, ReadResult
from orchestrator.testing.kinds import PAGE
from orchestrator.testing.provider import FakeProvider
from orchestrator.testing.provider_conformance import CHECKS, Ending, run

TAG = "Fake::Tag"


def test_a_right_provider_passes_with_every_marking_class(subject):
    report = run(subject())
    assert [(r.type, r.check, r.messages) for r in report.failures] == []
    assert report.passed
    assert report.undetected[TAG] == {"password": "the cloud never tells it"}


class IgnoresToken(FakeProvider):
    """Makes another object when it is asked twice under one token."""

    def begin(self, request, token):
        return super().begin(request, Token(f"{token}-{len(self.cloud.log)}"))


class FindsNothing(FakeProvider):
    """Does not find what an interrupted create made."""

    def find(self, intent):
        super().find(intent)


class ForgetsOnRead(FakeProvider):
    """Does not read one property back."""

    def _observed(self, there):
        seen = super()._observed(there)
        return replace(seen, spec={k: v for k, v in seen.spec.items() if k != "zone"})


class MiscountsReads(FakeProvider):
    def read_many(self, type, refs, way):
        return replace(super().read_many(type, refs, way), calls=0)


class AddsItsOwn(FakeProvider):
    """Shows a tag of the cloud's own as if it were the user's."""

    def _observed(self, there):
        seen = super()._observed(there)
        return replace(seen, spec={**seen.spec, "tags": {**seen.spec.get("tags", {}), "made-by": "cloud"}})


class UpdatesNothing(FakeProvider):
    """Says that an update is done, and does nothing."""

    def begin(self, request, token):
        if request.action is Action.UPDATE:
            return Done(replace(request.prior, spec=dict(request.want)))
        return super().begin(request, token)


class ReplacesForAnUpdate(FakeProvider):
    def propose(self, type, prior, want, last):
        found = super().propose(type, prior, want, last)
        return Proposal(Action.REPLACE, found.changes) if found.changes else found


class BlindToSize(FakeProvider):
    """Compares what it sent, and not what is there."""

    def propose(self, type, prior, want, last):
        found = super().propose(type, prior, want, last)
        kept = tuple(c for c in found.changes if c.path != ("size",) or c.cause is not Cause.DRIFT)
        return Proposal(found.action if kept else Action.NOOP, kept)


class UpdatesZone(FakeProvider):
    """Would change in place what cannot be changed."""

    def propose(self, type, prior, want, last):
        found = super().propose(type, prior, want, last)
        return Proposal(Action.UPDATE if found.changes else Action.NOOP, found.changes)


class FailsSecondDelete(FakeProvider):
    def begin(self, request, token):
        if request.action is Action.DELETE and self.cloud.get(request.prior.id) is None:
            raise PermanentError("no such object", "Delete", "NotFound")
        return super().begin(request, token)


class ReadsTheDead(FakeProvider):
    """Shows an object that was deleted."""

    def __init__(self, cloud):
        super().__init__(cloud)
        self._ever = {}

    def read_many(self, type, refs, way):
        result = super().read_many(type, refs, way)
        self._ever.update({seen.id: seen for seen in result.found.values()})
        dead = {
            r.address: self._ever[r.id] for r in refs if r.id in self._ever and r.address not in result.found
        }
        return ReadResult({**result.found, **dead}, result.calls)


class DiscoversTwice(FakeProvider):
    def discover(self, type):
        for seen in super().discover(type):
            yield seen
            yield seen


class DiscoversInOtherWords(FakeProvider):
    def discover(self, type):
        return (replace(seen, spec={**seen.spec, "size": 99}) for seen in super().discover(type))


class CannotAdopt(FakeProvider):
    """Replaces what it did not make itself."""

    def propose(self, type, prior, want, last):
        found = super().propose(type, prior, want, last)
        return found if last or not found.changes else Proposal(Action.REPLACE, found.changes)


class LosesMarker(FakeProvider):
    """Writes tags anew with every update, without ours."""

    def begin(self, request, token):
        answer = super().begin(request, token)
        if request.action is Action.UPDATE:
            there = self.cloud.put(replace(self.cloud.get(request.prior.id), marker=None))
            return self._answer(there)
        return answer


class CannotMark(FakeProvider):
    def begin(self, request, token):
        if request.action is Action.RETAG:
            return Done(request.prior)
        return super().begin(request, token)


class RaisesItsOwn(FakeProvider):
    """Lets an error of its SDK through."""

    def begin(self, request, token):
        if request.action is Action.UPDATE and self.cloud.get(request.prior.id) is None:
            raise KeyError(request.prior.id)
        return super().begin(request, token)


class SwallowsRefusals(FakeProvider):
    """Takes a read that was refused for an absence."""

    def read_many(self, type, refs, way):
        try:
            return super().read_many(type, refs, way)
        except PermanentError:
            return ReadResult({}, 1)


class GivesUpWhenThrottled(FakeProvider):
    def begin(self, request, token):
        try:
            return super().begin(request, token)
        except TransientError as error:
            raise PermanentError(error.message, error.operation, error.code) from error


class MakesTwoWhenThrottled(FakeProvider):
    """Says that nothing happened when its second call is throttled, though the first made an object."""

    def begin(self, request, token):
        answer = super().begin(request, token)
        if request.action is Action.CREATE:
            self.cloud.call("Describe", lambda: None)
        return answer


class ReadsOnePage(FakeProvider):
    def discover(self, type):
        return iter(list(super().discover(type))[:PAGE])

    def read_many(self, type, refs, way):
        result = super().read_many(type, refs, way)
        if way.how is How.GET:
            return result
        return replace(result, found=dict(list(result.found.items())[:PAGE]))


class JournalsSecrets(FakeProvider):
    """Puts what it was given into its handle."""

    def begin(self, request, token):
        answer = super().begin(request, token)
        if request.action is Action.CREATE and isinstance(answer, Done) and "password" in request.want:
            handle = {"id": answer.observed.id, "spec": request.want["password"].value}
            return Pending(handle, 0.0, "nothing", answer.observed.id)
        return answer


MUTANTS = {
    IgnoresToken: ("once", "Fake::Token"),
    FindsNothing: ("once", TAG),
    JournalsSecrets: ("once", TAG),
    ForgetsOnRead: ("read", TAG),
    MiscountsReads: ("read", TAG),
    AddsItsOwn: ("plan", TAG),
    UpdatesNothing: ("update", TAG),
    ReplacesForAnUpdate: ("update", TAG),
    BlindToSize: ("drift", TAG),
    UpdatesZone: ("replace", TAG),
    FailsSecondDelete: ("delete", TAG),
    ReadsTheDead: ("delete", TAG),
    DiscoversTwice: ("discover", TAG),
    DiscoversInOtherWords: ("discover", TAG),
    CannotAdopt: ("adopt", TAG),
    LosesMarker: ("marker", TAG),
    CannotMark: ("marker", TAG),
    RaisesItsOwn: ("errors", TAG),
    SwallowsRefusals: ("errors", TAG),
    GivesUpWhenThrottled: ("throttle", TAG),
    MakesTwoWhenThrottled: ("throttle", TAG),
    ReadsOnePage: ("pages", TAG),
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_each_wrong_provider_turns_its_check_red(subject, mutant):
    check, type = MUTANTS[mutant]
    report = run(subject(mutant), kinds=[type], checks=[check])
    assert [(r.check, r.ending) for r in report.results] == [(check, Ending.FAILED)]
    assert all(message.strip() for r in report.results for message in r.messages)


def test_every_check_has_a_provider_that_turns_it_red():
    assert {check for check, _ in MUTANTS.values()} == {check.name for check in CHECKS}


def test_a_kind_without_a_sample_is_a_failure(subject):
    made = subject()
    thin = replace(made, conformance=replace(made.conformance, samples=made.conformance.samples[:-1]))
    report = run(thin, checks=["delete"])
    assert report.unsampled == (made.conformance.samples[-1].type,)
    assert not report.passed


@pytest.mark.parametrize(
    ("leave_out", "check", "said"),
    [
        ("updates", "update", "size can be updated, and the sample has no other value for it"),
        ("replaces", "replace", "zone is create-only, and the sample has no other value for it"),
        ("write", "drift", "size can be updated, and nothing says how to change it by hand"),
    ],
)
def test_a_property_that_the_sample_leaves_out_is_a_failure(subject, leave_out, check, said):
    made = subject()
    full = next(s for s in made.conformance.samples if s.type == TAG)
    thin = replace(full, **{leave_out: None if leave_out == "write" else {}})
    report = run(
        replace(made, conformance=replace(made.conformance, samples=(thin,))), kinds=[TAG], checks=[check]
    )
    assert any(said in message for r in report.failures for message in r.messages)


def test_nothing_is_left_behind(subject):
    made = subject()
    run(made)
    assert made.raw.objects() == []


def test_an_unknown_kind_and_an_unknown_check_are_told(subject):
    with pytest.raises(OpsctlError, match="fake serves no kind 'Fake::Nothing'"):
        run(subject(), kinds=["Fake::Nothing"])
    with pytest.raises(OpsctlError, match="no check 'speed': there are once, read"):
        run(subject(), checks=["speed"])


def test_a_parent_is_made_by_the_sample_of_its_own(subject):
    """A parent that is named by its type alone comes from that type's sample, and is gone at the end."""
    child = Sample(
        type="Fake::Put",
        minimal={"name": Unique("child-{}")},
        parents={"above": TAG},
    )
    made = subject()
    samples = (next(s for s in made.conformance.samples if s.type == TAG), child)
    report = run(
        replace(made, conformance=replace(made.conformance, samples=samples)),
        kinds=["Fake::Put"],
        checks=["delete"],
    )
    assert report.failures == []
    assert {called.operation for called in made.raw.log} >= {f"Create{TAG}", f"Delete{TAG}"}
