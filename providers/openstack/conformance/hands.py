"""How somebody changes an object by hand: openstacksdk, connected as the provider is, with bodies as the API has them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.kit.sample import Behind, Hand
from orchestrator.model.marker import is_marker

NOWHERE: Final = "00000000-0000-4000-8000-000000000000"
"""The id of nothing."""
_ABOUT_AUTH: Final = (
    "cloud",
    "region_name",
    "region",
    "interface",
    "concurrency",
    "timeout",
    "page",
    "endpoint",
)


FILES: Final = {"sample.bin": 3000, "other.bin": 5000}
"""Files in the stack's folder that samples send, and their bytes."""


def connect(settings: Mapping[str, Any], folder: Path) -> Any:
    """The vendor's own connection; the files that samples name are put into the folder."""
    import openstack  # noqa: PLC0415 - lazy: the SDK costs 0.3 s

    for name, size in FILES.items():
        (folder / name).write_bytes(bytes(i % 251 for i in range(size)))
    with warnings.catch_warnings():  # of its own optional parts
        warnings.simplefilter("ignore")
        if settings.get("cloud"):
            return openstack.connect(cloud=settings["cloud"])
        auth = {k: v for k, v in settings.items() if k not in _ABOUT_AUTH}
        region = settings.get("region_name") or settings.get("region")
        return openstack.connect(auth=auth, region_name=region, load_yaml_config=False, load_envvars=False)


def call(service: str, method: str, path: str, body: Any, *, version: str | None = None) -> Behind:
    """One call; ``{id}`` in the path is the object's, and a body that is a function is given the hand."""

    def change(hand: Hand) -> None:
        sent = body(hand) if callable(body) else body
        client = getattr(hand.raw, service)
        asked = client.request(path.format(id=hand.id), method, json=sent, microversion=version)
        asked.raise_for_status()

    return change


def write(service: str, path: str, label: str, method: str = "PUT", **attributes: str) -> Behind:
    """Set the attribute of the property's name, or the one named here for it, to the sample's other value."""

    def body(hand: Hand) -> Mapping[str, Any]:
        return {label: {attributes.get(hand.path, hand.path): hand.value}}

    return call(service, method, f"{path}/{{id}}", body)


def neutron(path: str, label: str, **attributes: str) -> Behind:
    """Set an attribute of one of Neutron's objects."""
    return write("network", path, label, **attributes)


def setting(service: str, method: str, path: str, label: str, **values: Any) -> Behind:
    """Set attributes to these very values."""
    return call(service, method, f"{path}/{{id}}", {label: values})


def tagged(path: str) -> Behind:
    """Put a tag of somebody else's beside ours, and take the others away."""

    def change(hand: Hand) -> None:
        at = f"{path}/{hand.id}/tags"
        ours = [tag for tag in hand.raw.network.get(at).json()["tags"] if is_marker(tag)]
        hand.raw.network.put(at, json={"tags": [*ours, "foreign"]}).raise_for_status()

    return change


Made = Callable[[Hand], Any]
