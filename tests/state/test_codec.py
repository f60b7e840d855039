"""Values of the model survive the journal and a saved plan; secrets' values never get there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.change import Action, Cause, Change, Gate, PropertyChange
from orchestrator.model.codec import decode, digest, encode
from orchestrator.model.ids import Address, ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.marker import Marker
from orchestrator.model.plan import Charter, Plan
from orchestrator.model.provision import Intent
from orchestrator.model.resource import Desired
from orchestrator.model.snapshot import Began, Entry, Finished, Gone, Kept, Record, Snapshot, Waiting
from orchestrator.model.values import UNKNOWN, Secret

KEYS = st.one_of(
    st.sampled_from(["$unknown", "$secret", "$$secret", "$$$unknown", "$", "$other", "entry", "reference"]),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.just(UNKNOWN),
    st.builds(Secret, st.none(), st.text("abc:", max_size=4), st.sampled_from(["", "1"])),
)
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
SPECS = st.dictionaries(KEYS, VALUES, max_size=3)


def a_record(spec: Mapping[str, Any], *, name: str = "web") -> Record:
    return Record(
        Address(name), TypeName("Local::Value"), ProviderName("local"), "i-1", Uid("u1"), spec=spec,
        dependencies=(Address("net"), Address('db["a"]')),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """As the spec language's own: what the user wrote."""

    text: str
    is_template: bool = True


@given(VALUES)
def test_any_value_of_a_spec_comes_back_as_it_was(value):
    """Users' keys that look like our own forms included."""
    assert decode(encode(value), Any) == value


@given(SPECS, SPECS)
def test_a_snapshot_comes_back_as_it_was(spec, outputs):
    marker = Marker(StackId("s"), Address("web"), Uid("u1"))
    intent = Intent(Token("t"), Action.CREATE, TypeName("T"), Address("web"), "local", marker, spec)
    record = a_record(spec)
    snapshot = Snapshot(
        StackId("s"), 7, {record.address: record}, {record.uid: record}, {intent.token: intent}, outputs, 2
    )
    assert decode(encode(snapshot), Snapshot) == snapshot


@given(SPECS)
def test_every_kind_of_entry_comes_back_by_its_tag(spec):
    entries: list[Entry] = [
        Kept(a_record(spec), Token("t")),
        Waiting(Token("t"), spec, "i-1"),
        Gone(Address("web"), Uid("u1")),
        Finished("run", 1.5, "done", {"create": 2}),
    ]
    assert [decode(encode(entry), Entry) for entry in entries] == entries


def test_a_secrets_value_is_nowhere_in_the_bytes():
    """Only its reference and version are; what is decoded knows no value."""
    data = encode(a_record({"Password": Secret("hunter2", "env:PW", "v1")}))
    assert b"hunter2" not in data
    secret = decode(data, Record).spec["Password"]
    assert (secret.value, secret.reference, secret.version) == (None, "env:PW", "v1")


def test_equal_values_have_equal_bytes():
    """The order in which a mapping was made does not show, nor its class."""
    there, back = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": MappingProxyType({"d": 3, "c": 2}), "a": 1}
    assert encode(a_record(there)) == encode(a_record(back))
    assert digest(there) == digest(back) != digest({"a": 1})


def test_a_template_is_its_text():
    """Even where the template is a dataclass."""
    gate = Gate("http", {"url": Template("http://${self.ip}/")})
    assert decode(encode(gate), Gate).settings == {"url": "http://${self.ip}/"}


def test_paths_and_enumerations_keep_their_types():
    change = PropertyChange(("Tags", 0, "Value"), 1, UNKNOWN, Cause.DRIFT)
    back = decode(encode(change), PropertyChange)
    assert back == change
    assert isinstance(back.cause, Cause)
    assert isinstance(back.path, tuple)


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), {1: "a"}, b"bytes"])
def test_what_json_cannot_hold_is_refused_and_never_coerced(value):
    with pytest.raises(TypeError, match=r"cannot be written|not a string"):
        encode({"deep": [value]})


@pytest.mark.parametrize(
    "data", [b"", b"{", b"{}", b'{"entry":"began"}', b'{"entry":"tomorrow"}', b'{"entry":"kept","record":1}']
)
def test_data_that_is_no_entry_is_refused(data):
    with pytest.raises(ValueError, match=r"."):
        decode(data, Entry)


def test_an_entry_of_an_intent_names_its_tag():
    marker = Marker(StackId("s"), Address("web"), Uid("u1"))
    entry = Began(Intent(Token("t"), Action.CREATE, TypeName("T"), Address("web"), "local", marker))
    assert b'"entry":"began"' in encode(entry)


def test_a_plan_comes_back_as_it_was():
    """With what is not known yet, secrets by reference, and gates."""
    change = Change(
        Address("web"), TypeName("T"), ProviderName("aws"), Action.CREATE,
        after={"id": UNKNOWN, "password": Secret(None, "env:P", "1")},
        properties=(PropertyChange(("id",), None, UNKNOWN),), gates=(Gate("tcp", {"port": 22}),),
    )  # fmt: skip
    desired = Desired(
        change.address, change.type, change.provider, {"a": ["b"]}, depends_on=(Address("net"),)
    )
    plan = Plan(Charter("shop", StackId("shop/dev")), (desired,), (change,), removed={Address("old"): True})
    assert decode(encode(plan), Plan) == plan
    assert digest(plan) == digest(decode(encode(plan), Plan))
