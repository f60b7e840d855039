"""All sources of a run together: each reference once, at the same time, with the settings that are meant."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from orchestrator.adapters import plugins, secret_sources
from orchestrator.adapters.secret_sources import SecretSources
from orchestrator.model.errors import PermanentError, SecretsError, TransientError
from orchestrator.model.ids import ProviderName, StackId
from orchestrator.model.plan import Charter
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret
from orchestrator.seams.secrets import SecretPlugin

FIELDS = {"region": Property("string"), "token": Property("string", secret=True)}


class Store:
    """A source whose every call is noted; ``moods`` are raised first."""

    warnings = ()

    def __init__(self, log: list, settings: Mapping, moods: list, meet: threading.Barrier | None) -> None:
        self.log, self.settings, self.moods, self.meet = log, settings, moods, meet
        self.calls: Mapping[str, int] = MappingProxyType({})

    def resolve(self, references):
        self.log.append((dict(self.settings), tuple(references)))
        self.calls = {"read": self.calls.get("read", 0) + 1}
        if self.meet is not None:
            self.meet.wait(timeout=10)
        if self.moods:
            raise self.moods.pop(0)
        return {r: _missing(r) if "gone" in r else Secret(f"value of {r}", r, "v1") for r in references}

    def store(self, reference, value):
        self.log.append((reference, value))
        return "v2"


def _missing(reference):
    return PermanentError(f"{reference}: there is no such secret", "resolve secrets", "NotFound")


class World:
    """Two schemes, ``one`` of the family ``cloud``, and ``two`` that nothing can be stored in."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log, self.moods, self.slept = folder, [], [], []
        self.meet: threading.Barrier | None = None

    def open(self, settings, folder):
        del folder
        return Store(self.log, settings, self.moods, self.meet)

    def plugin(self, name):
        known = {
            "one": SecretPlugin(
                "one", "one:x", "", self.open, self.open, Property("object", properties=FIELDS), "cloud"
            ),
            "two": SecretPlugin("two", "two:x", "", self.open),
            "here": SecretPlugin("here", "here:x", "", self.open, local=True),
        }
        return known[name]

    def sources(self, *, untrusted=False, providers=None, **secrets):
        named = {name.replace("_", "."): settings for name, settings in secrets.items()}
        charter = Charter("s", StackId("s"), providers=providers or {}, secrets=named)
        return SecretSources(charter, self.folder, untrusted=untrusted, sleep=self.slept.append)


@pytest.fixture
def world(tmp_path, monkeypatch):
    made = World(tmp_path)
    real = plugins.load

    def load(group, name):
        return made.plugin(name) if name in ("one", "two", "here") else real(group, name)

    monkeypatch.setattr(secret_sources.plugins, "load", load)
    return made


def test_a_reference_is_resolved_once_a_run(world):
    sources = world.sources()
    for _ in range(3):
        assert sources.resolve(["one:a"])["one:a"].value == "value of one:a"
    sources.resolve(["one:a", "one:b"])
    assert [asked for _, asked in world.log] == [("one:a",), ("one:b",)]
    assert sources.calls == {"one": 2}


def test_stores_are_asked_at_the_same_time(world):
    """Each waits for the other: one after the other would never end."""
    world.meet = threading.Barrier(2)
    assert len(world.sources().resolve(["one:a", "two:b"])) == 2


def test_all_that_are_missing_are_told_and_one_cause_once(world):
    world.moods = [PermanentError("the store is closed", "read", "Closed")]
    with pytest.raises(SecretsError) as caught:
        world.sources().resolve(["two:a", "two:b"])
    assert str(caught.value) == "two:a, two:b: read: Closed: the store is closed"
    with pytest.raises(SecretsError) as caught:
        world.sources().resolve(["one:gone", "two:gone", "one:there"])
    assert sorted(caught.value.causes) == ["one:gone", "two:gone"]


def test_what_passes_is_tried_again_as_the_store_says(world):
    world.moods = [TransientError("slower", retry_after=3.0), TransientError("slower")]
    assert world.sources().resolve(["one:a"])["one:a"].version == "v1"
    assert world.slept == [3.0, 1.0]


def test_what_does_not_pass_is_given_up(world):
    world.moods = [TransientError("slower", "read") for _ in range(9)]
    with pytest.raises(SecretsError, match="slower"):
        world.sources().resolve(["one:a"])
    assert len(world.log) == 4


def test_a_source_takes_the_settings_of_its_clouds_provider(world, monkeypatch):
    """Region and credentials of the provider, credentials resolved; its own settings win; another one may lend."""
    monkeypatch.setenv("OPSCTL_TEST_TOKEN", "t0ken")
    lent = {"region": "eu", "token": "env:OPSCTL_TEST_TOKEN", "other": 1}
    providers = {ProviderName("cloud"): lent, ProviderName("cloud.us"): {"region": "us"}}
    world.sources(providers=providers).resolve(["one:a"])
    world.sources(providers=providers, one={"region": "own"}).resolve(["one:a"])
    world.sources(providers=providers, one={"provider": "cloud.us"}).resolve(["one:a"])
    assert [settings for settings, _ in world.log] == [
        {"region": "eu", "token": "t0ken"},
        {"region": "own", "token": "t0ken"},
        {"region": "us"},
    ]
    with pytest.raises(SecretsError, match=r"cloud\.us is no configured provider of the family cloud"):
        world.sources(one={"provider": "cloud.us"}).resolve(["one:a"])


def test_a_second_instance_of_a_scheme_has_settings_of_its_own(world):
    sources = world.sources(one={"region": "eu"}, one_us={"region": "us"})
    sources.resolve(["one:a", "one.us:a"])
    assert sorted(world.log, key=str) == [({"region": "eu"}, ("one:a",)), ({"region": "us"}, ("one.us:a",))]


def test_settings_that_need_themselves_are_refused(world):
    with pytest.raises(SecretsError, match=r"need a secret of its own \(one -> one\)"):
        world.sources(one={"token": "one:token"}).resolve(["one:a"])


def test_an_untrusted_plan_reads_only_what_is_opened_to_it(world):
    """And never this machine. Settings are the configuration's own, and are resolved."""
    opened = {"untrusted": True}
    sources = world.sources(untrusted=True, two=opened, here=opened)
    assert sources.resolve(["two:a"])["two:a"].value == "value of two:a"
    for reference in ("one:a", "here:a"):
        with pytest.raises(SecretsError, match="an untrusted plan resolves no secrets of this source"):
            sources.resolve([reference])
    assert sources.resolve(["one:a"], trusted=True)["one:a"].value == "value of one:a"


def test_a_secret_without_a_version_is_said_to_be_untracked(tmp_path, monkeypatch):
    monkeypatch.setenv("OPSCTL_TEST_A", "hunter2")
    monkeypatch.setenv("OPSCTL_TEST_KEY", "k" * 32)

    def noticed(**secrets):
        sources = SecretSources(Charter("s", StackId("s"), secrets=secrets), tmp_path, untrusted=False)
        sources.resolve(["env:OPSCTL_TEST_A"])
        return [d.message for d in sources.noticed]

    assert noticed() == [
        "changes of env:OPSCTL_TEST_A are not tracked: there is no version, and no key to make one"
    ]
    assert noticed(env={"key": "env:OPSCTL_TEST_KEY"}) == []


def test_what_is_stored_is_not_asked_for_again(world):
    sources = world.sources()
    assert sources.store("one:a", "new").version == "v2"
    assert sources.resolve(["one:a"])["one:a"].value == "new"
    assert world.log == [("one:a", "new")]
    with pytest.raises(PermanentError, match="nothing can be stored in two:"):
        sources.store("two:a", "new")


def test_values_that_are_known_can_be_kept_out_of_what_is_said(world):
    sources = world.sources()
    sources.resolve(["one:a", "two:b"])
    assert sorted(sources.plain()) == ["value of one:a", "value of two:b"]
