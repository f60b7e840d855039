"""State in S3 when S3 cannot be used: one clear message, with what to do."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from orchestrator.kit.sealed import PLAIN
from orchestrator.kit.simulation.faults import Rule
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.testing.state_conformance import ALICE, STACK, kept
from providers.aws import backend as s3

HERE = Path()


@pytest.fixture
def opened(real_clock):
    backends = []

    def open_(settings, stack: StackId = STACK):
        backends.append(s3.open_backend(settings, stack=stack, folder=HERE, clock=real_clock, cipher=PLAIN))
        return backends[-1]

    yield open_
    for backend in backends:
        backend.close()


def test_a_bucket_that_is_not_there_is_named(opened, s3_settings):
    backend = opened(s3_settings | {"bucket": "no-such-bucket"})
    for attempt in (backend.latest, lambda: backend.lease(ALICE)):
        with pytest.raises(StateError, match=r"s3://no-such-bucket/.*NoSuchBucket.*create the bucket"):
            attempt()


def test_missing_credentials_are_said(opened, s3_settings, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    settings = {k: v for k, v in s3_settings.items() if k not in ("accessKeyId", "secretAccessKey")}
    with pytest.raises(StateError, match=r"Unable to locate credentials; check the credentials"):
        opened(settings).latest()


def test_an_endpoint_that_does_not_answer_is_named(opened, s3_settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(StateError, match=rf"ListObjectsV2: .*127\.0\.0\.1:{port}.*network"):
        opened(s3_settings | {"endpoint": f"http://127.0.0.1:{port}"}).latest()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs a bucket"),
        ({"bucket": ""}, "needs a bucket"),
        ({"bucket": "b", "buket": "c"}, "no setting buket"),
        ({"bucket": "b", "profile": "nobody-has-this"}, "nobody-has-this"),
        ({"bucket": "b", "region": "r", "endpoint": "not a url"}, "not a url"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_asked(opened, settings, message):
    with pytest.raises(StateError, match=message):
        opened(settings)


def test_stacks_of_one_bucket_do_not_meet(opened, s3_settings):
    """Not even where one's name begins like the other's."""
    first, second = opened(s3_settings, StackId("shop")), opened(s3_settings, StackId("shop/log"))
    first.append(first.lease(ALICE), [kept("a")])
    second.append(second.lease(ALICE), [kept("b")])
    assert sorted(first.latest().resources) == ["a"]
    assert sorted(second.latest().resources) == ["b"]


def test_lost_answers_neither_lose_nor_repeat_an_entry(opened, s3_settings, s3_faults):
    """The SDK repeats what it got no answer to; the log knows its own writes again."""
    backend = opened(s3_settings)
    lease = backend.lease(ALICE)
    s3_faults.replace([Rule("lost-answer", "PutObject", probability=0.3)])
    for number in range(1, 16):
        assert backend.append(lease, [kept(f"r{number}")]) == number
    assert s3_faults.hit()[0] > 2
    s3_faults.replace([])
    assert sorted(opened(s3_settings).latest().resources) == sorted(f"r{number}" for number in range(1, 16))


@pytest.mark.parametrize("operation", ["GetObject", "ListObjectsV2", "PutObject"])
def test_an_answer_that_is_cut_in_its_head_is_not_taken_for_an_empty_one(
    opened, s3_settings, s3_faults, operation
):
    """No list is short, no object empty, and no entry is written twice: the call is made again."""
    backend = opened(s3_settings)
    lease = backend.lease(ALICE)
    s3_faults.replace([Rule("severed-answer", operation, times=1)])
    assert [backend.append(lease, [kept(f"r{n}")]) for n in (1, 2)] == [1, 2]
    assert sorted(opened(s3_settings).latest().resources) == ["r1", "r2"]
    assert s3_faults.hit() == [1]


@pytest.mark.parametrize("kind", ["lost-request", "lost-answer"])
def test_a_store_that_stays_away_is_said_and_the_next_run_goes_on(opened, s3_settings, s3_faults, kind):
    """Whether the batch arrived is not known then; what is read is all of it or nothing."""
    backend = opened(s3_settings)
    lease = backend.lease(ALICE)
    s3_faults.replace([Rule(kind, "PutObject")])
    with pytest.raises(StateError, match=r"PutObject: .*network"):
        backend.append(lease, [kept("a"), kept("b")])
    s3_faults.replace([])
    assert sorted(opened(s3_settings).latest().resources) in ([], ["a", "b"])
    backend.append(lease, [kept("c")])
    assert "c" in opened(s3_settings).latest().resources
