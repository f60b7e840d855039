"""Drafts: names, references, what is left out, and what stands in a parent's list."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.engine.importing import Drafting, drafts, related
from orchestrator.kit.compare import propose
from orchestrator.model.ids import Address, ProviderName, TypeName
from orchestrator.model.inventory import Thing
from orchestrator.model.kind import KindSchema, Marking
from orchestrator.model.provision import Observed
from orchestrator.model.schema import Property

TEXT = Property("string")
KINDS = {
    TypeName(name): KindSchema(TypeName(name), Property("object", properties=properties), **more)
    for name, properties, more in [
        (
            "T::Net",
            {"name": TEXT, "note": TEXT, "size": Property("integer", default=1)},
            {"marking": Marking.TAG},
        ),
        (
            "T::Group",
            {"name": TEXT, "peer": TEXT, "rules": Property("array", items=TEXT)},
            {"absorbs": {"rules": TypeName("T::Rule")}},
        ),
        ("T::Rule", {"group": TEXT, "text": TEXT}, {}),
        ("T::KeyPair", {"name": TEXT}, {"marking": Marking.TAG}),
        (
            "T::Server",
            {
                "name": TEXT,
                "net": Property("string", required=True),
                "key_name": TEXT,
                "data": TEXT,
                "state": Property("string", read_only=True),
                "password": Property("string", secret=True, write_only=True),
                "options": Property("object", properties={"on": Property("boolean", default=True)}),
            },
            {"marking": Marking.TAG},
        ),
    ]
}


def thing(type: str, id: str, address: str | None = None, **spec: Any) -> Thing:
    return Thing(
        ProviderName("t"),
        TypeName(f"T::{type}"),
        Observed(id, spec),
        address=Address(address) if address else None,
    )


def made(*things: Thing, **more: Any):
    """Drafts of these, by name."""

    def plan(of: Thing, spec):
        return propose(KINDS[of.type], of.observed, spec, {})

    return {d.name: d for d in drafts(list(things), Drafting(KINDS, plan, **more))}


NET = thing("Net", "net-0123abcd", name="main")


def test_an_id_of_something_imported_becomes_an_expression():
    """And what is needed comes first."""
    found = made(thing("Server", "srv-0123abcd", name="web", net="net-0123abcd"), NET)
    assert list(found) == ["main", "web"]
    assert found["web"].spec["net"] == "${main.status.id}"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("base", "${base.status.id}"),
        ("base-1", '${resources["base-1"].status.id}'),
        ('nets["a"]', '${nets["a"].status.id}'),
    ],
)
def test_an_id_of_what_the_stack_has_becomes_an_expression(address, written):
    """Whatever its address looks like."""
    server = thing("Server", "srv-0123abcd", name="web", net="net-0123abcd")
    assert made(server, managed={"net-0123abcd": Address(address)})["web"].spec["net"] == written


def test_parts_of_a_composite_are_private():
    """Their id stays as it is."""
    server = thing("Server", "srv-0123abcd", name="web", net="net-0123abcd")
    assert made(server, managed={"net-0123abcd": Address("db/net")})["web"].spec["net"] == "net-0123abcd"


def test_a_name_is_a_reference_only_where_the_property_says_so():
    """``deploy`` is a key where a key's name is asked for, and a word elsewhere."""
    key = thing("KeyPair", "deploy", name="deploy")
    found = made(key, thing("Server", "srv-0123abcd", name="web", net="x", key_name="deploy", data="deploy"))
    assert found["web"].spec["key_name"] == "${deploy.status.id}"
    assert found["web"].spec["data"] == "deploy"


def test_things_that_name_each_other_make_no_circle():
    """One of the two references stays an id."""
    one = thing("Group", "grp-0000000a", name="one", peer="grp-0000000b")
    other = thing("Group", "grp-0000000b", name="other", peer="grp-0000000a")
    found = made(one, other)
    assert sorted(d.spec["peer"] for d in found.values()) == ["${other.status.id}", "grp-0000000a"]


def test_defaults_secrets_and_what_is_read_only_are_left_out():
    """A draft has what a person would have written."""
    net = thing("Net", "net-0123abcd", name="main", size=1)
    server = thing(
        "Server", "srv-0123abcd", name="web", net="n", state="up", password="hunter2", options={"on": True}
    )
    found = made(net, server)
    assert found["main"].spec == {"name": "main"}
    assert found["web"].spec == {"name": "web", "net": "n"}


def test_text_that_looks_like_an_expression_stays_text():
    """The next plan reads what the cloud said."""
    assert made(thing("Net", "net-1", name="a", note="echo ${HOME}"))["a"].spec["note"] == "echo $${HOME}"


def test_names_are_plain_and_unique():
    """Not a reserved word, not one of the stack's, no hyphen; two of a name are told apart by their type."""
    found = made(
        thing("Net", "n1", name="web-1"),
        thing("Net", "n2", name="params"),
        thing("Net", "n3", name="taken"),
        thing("Net", "n4"),
        thing("Net", "n5"),
        thing("Net", "n6", name="9lives"),
        thing("Server", "s1", name="web-1", net="x"),
        taken=frozenset({"taken"}),
    )
    assert list(found) == ["web_1", "params_net", "taken_net", "net", "net_2", "net_9lives", "web_1_server"]


def test_plain_objects_stay_in_the_list_of_their_parent():
    """Where nobody else names them; a chosen child whose parent is not chosen is a document."""
    group = thing("Group", "grp-0000000a", name="web", rules=["80"])
    rule = thing("Rule", "rul-0000000a", group="grp-0000000a", text="80")
    assert list(made(group, rule)) == ["web"]
    assert made(group, rule)["web"].spec["rules"] == ["80"]
    assert list(made(rule)) == ["rule"]


def test_children_that_others_name_are_documents_and_the_list_is_left_out():
    """One or the other, never both."""
    group = thing("Group", "grp-0000000a", name="web", rules=["80"])
    rule = thing("Rule", "rul-0000000a", group="grp-0000000a", text="80")
    server = thing("Server", "srv-0123abcd", name="s", net="rul-0000000a")
    found = made(group, rule, server)
    assert found["web"].spec == {"name": "web"}
    assert found["rule"].spec["group"] == "${web.status.id}"
    assert found["s"].spec["net"] == "${rule.status.id}"


def test_what_stays_foreign_is_told():
    """An id of something that is there, and that comes in with nothing."""
    server = thing("Server", "srv-0123abcd", name="web", net="net-0123abcd")
    assert made(server, others=frozenset({"net-0123abcd"}))["web"].foreign == ("net-0123abcd",)


def test_related_takes_what_is_needed_and_what_ties_it_together():
    """Not what is managed already, and not what merely stands beside."""
    server = thing("Server", "srv-0123abcd", name="web", net="net-0123abcd")
    tie = thing("Rule", "rul-0000000a", group="srv-0123abcd", text="net-0123abcd")
    beside = thing("Net", "net-99999999", name="beside")
    managed = thing("Net", "net-88888888", address="m", name="m")
    kept = related([server], [server, NET, tie, beside, managed], KINDS)
    assert [t.id for t in kept] == ["srv-0123abcd", "net-0123abcd", "rul-0000000a"]


def test_a_required_property_that_no_cloud_tells_is_told_to_the_author():
    """The note names it."""
    (draft,) = made(thing("Server", "srv-0123abcd", name="web")).values()
    assert any("net" in note for note in draft.notes)
