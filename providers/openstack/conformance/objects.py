"""Samples of Swift's kinds."""

from __future__ import annotations

from typing import Final

from orchestrator.kit.sample import Hand, Of, Parent, Sample, Unique


def _post(hand: Hand, **headers: str) -> None:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    hand.raw.object_store.post(f"/{hand.id}", headers=sent).raise_for_status()


def _header(hand: Hand) -> None:
    _post(hand, **{hand.path.replace("-", "_"): hand.value})


_CONTAINER = Sample(
    type="OS::Swift::Container",
    minimal={"name": Unique()},
    more={
        "X-Container-Read": ".r:*",
        "X-Container-Meta": {"Color": "blue", "gone": "1"},
        "X-Versions-Location": Of("old"),
        "PurgeOnDelete": True,
    },
    parents={
        "old": Parent("OS::Swift::Container", {"name": Unique("{}-old")}),
        "older": Parent("OS::Swift::Container", {"name": Unique("{}-older")}),
    },
    updates={
        "X-Container-Read": ".r:*,.rlistings",
        "X-Container-Write": "demo:demo",
        "X-Container-Meta": {"color": "red"},
        "X-Versions-Location": Of("older"),
        "PurgeOnDelete": False,
    },
    replaces={"name": Unique("{}-other")},
    write=_header,
    behind={"X-Container-Meta": lambda hand: _post(hand, X_Container_Meta_Foreign="1")},
    untried={
        "X-Versions-Enabled": "not every Swift can do so",
        "X-Storage-Policy": "a cloud has its own",
    },
)


def _kept(hand: Hand) -> dict[str, str]:
    """What a POST is to send again, since it replaces all metadata."""
    told = hand.raw.object_store.head(f"/{hand.id}").headers
    return {name: value for name, value in told.items() if name.lower().startswith("x-object-meta-")}


def _overwritten(hand: Hand) -> None:
    told = hand.raw.object_store.head(f"/{hand.id}").headers["Content-Type"]
    headers = {**_kept(hand), "Content-Type": told}
    hand.raw.object_store.put(f"/{hand.id}", data=b"by hand", headers=headers).raise_for_status()


_OBJECT = Sample(
    type="OS::Swift::Object",
    minimal={"container": Of("container"), "name": "reports/one.txt", "content": "hello\n"},
    more={"content_type": "text/plain", "metadata": {"Color": "blue", "gone": "1"}},
    parents={
        "container": Parent("OS::Swift::Container", {"name": Unique(), "PurgeOnDelete": True}),
        "other": Parent("OS::Swift::Container", {"name": Unique("{}-other"), "PurgeOnDelete": True}),
    },
    updates={"content": "other\n", "content_type": "text/html", "metadata": {"color": "red"}},
    replaces={"container": Of("other"), "name": "other.txt"},
    behind={
        "metadata": lambda hand: _post(hand, **_kept(hand), X_Object_Meta_Foreign="1"),
        "content": _overwritten,
        "content_type": lambda hand: _post(hand, **_kept(hand), Content_Type="text/html"),
    },
    untried={"source": "in place of content", "segment_size": "of large files"},
    kept={"content_type": "it stays as it was written"},
)
SAMPLES: Final = (_CONTAINER, _OBJECT)
