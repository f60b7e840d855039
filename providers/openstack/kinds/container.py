"""OS::Swift::Container: known by its name; everything about it stands in headers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from orchestrator.kit.shapes import flag, status, text
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.marker import marker_of
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from providers.openstack.errors import is_missing
from providers.openstack.kinds.effects import gone
from providers.openstack.kinds.kind import Cloud, Spec
from providers.openstack.kinds.listing import knows
from providers.openstack.kinds.properties import empty_is_none

SERVICE: Final = "object-store"
MARK: Final = "opsctl-"
_META: Final = "X-Container-Meta-"
_OR_NOTHING: Final = ("string", "null")
_POLICY: Final = "X-Storage-Policy"
_PLAIN: Final = ("X-Container-Read", "X-Container-Write", "X-Versions-Location")
_VERSIONS: Final = "X-Versions-Enabled"
_AT_ONCE: Final = 100
"""Objects that one step of a purge deletes."""


def quoted(name: str) -> str:
    """Write a name for a path."""
    return quote(name, safe="/")


def meta(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Give the metadata among headers, by names in small letters: Swift does not tell capitals apart."""
    return {
        k.lower().removeprefix(prefix.lower()): v
        for k, v in headers.items()
        if k.lower().startswith(prefix.lower())
    }


def marked(headers: Mapping[str, str]) -> dict[str, str]:
    """Write a marker's tags as names of metadata, which have no colon."""
    return {name.replace("opsctl:", MARK): value for name, value in headers.items()}


def parted(known: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Take the marker's tags out of metadata."""
    ours = {f"opsctl:{k.removeprefix(MARK)}": v for k, v in known.items() if k.startswith(MARK)}
    return {k: v for k, v in known.items() if not k.startswith(MARK)}, ours


def small(value: Any) -> Any:
    """Compare names of metadata in small letters."""
    return {str(k).lower(): v for k, v in value.items()} if isinstance(value, Mapping) else value


def head(cloud: Cloud, path: str) -> Mapping[str, str] | None:
    """Ask for the headers of what is at a path; None where there is nothing."""
    try:
        return cloud.client.exchange(SERVICE, "HEAD", path)
    except PermanentError as error:
        if is_missing(error):
            return None
        raise


def _observe(cloud: Cloud, name: str, headers: Mapping[str, str]) -> Observed:
    known = {key.lower(): value for key, value in headers.items()}
    own, ours = parted(meta(headers, _META))
    seen: dict[str, Any] = {"name": name, "X-Container-Meta": own}
    seen |= {key: known.get(key.lower()) for key in (*_PLAIN, _POLICY)}
    seen[_VERSIONS] = known.get(_VERSIONS.lower(), "").lower() == "true"
    shown = {
        "name": name,
        "objects": int(known.get("x-container-object-count", 0)),
        "bytes": int(known.get("x-container-bytes-used", 0)),
        "storage_policy": known.get("x-storage-policy", ""),
        "url": f"{cloud.client.endpoint(SERVICE)}/{quoted(name)}",
    }
    return Observed(name, seen, {"id": name, **shown}, marker_of(ours))


@dataclass(frozen=True, slots=True)
class ContainerKind:
    """One container of the project's account."""

    schema: KindSchema

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Ask for each one's headers: a list does not show them."""
        del way
        found = {}
        for ref in refs:
            name = ref.id or (str(ref.spec["name"]) if knows(ref.spec, "name") else "")
            headers = head(cloud, f"/{quoted(name)}") if name else None
            if headers is not None:
                found[ref.address] = _observe(cloud, name, headers)
        return found

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read every container of the account."""
        for entry in entries(cloud, ""):
            headers = head(cloud, f"/{quoted(entry['name'])}")
            if headers is not None:
                yield _observe(cloud, entry["name"], headers)

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Make, change or delete."""
        del token
        if request.action is Action.DELETE:
            return self._delete(cloud, request)
        wanted = reveal(request.want)
        name = request.prior.id if request.prior else str(wanted["name"])
        seen = request.prior.spec if request.prior else {}
        retag = request.action is Action.RETAG
        headers = self._headers(seen if retag else wanted, seen, request)
        verb = "PUT" if request.action is Action.CREATE else "POST"
        cloud.client.exchange(SERVICE, verb, f"/{quoted(name)}", headers=headers)
        made = _observe(cloud, name, head(cloud, f"/{quoted(name)}") or headers)
        if wanted.get(_VERSIONS) and not made.spec[_VERSIONS]:
            what = f"{_VERSIONS} has no effect: this Swift has no object versioning"
            raise PermanentError(
                f"{what}; name a container in X-Versions-Location in its place", "create", "NoVersions"
            )
        return Done(made)

    @staticmethod
    def _headers(wanted: Spec, seen: Spec, request: Request) -> dict[str, str]:
        headers = {key: str(wanted.get(key) or "") for key in _PLAIN if wanted.get(key) or seen.get(key)}
        if request.action is Action.CREATE and wanted.get(_POLICY):
            headers[_POLICY] = str(wanted[_POLICY])
        if wanted.get(_VERSIONS) or seen.get(_VERSIONS):
            headers[_VERSIONS] = str(bool(wanted.get(_VERSIONS))).lower()
        own = small(wanted.get("X-Container-Meta") or {})
        headers |= {
            f"X-Remove-Container-Meta-{k}": "x"
            for k in set(small(seen.get("X-Container-Meta") or {})) - set(own)
        }
        every = {**own, **marked(request.marker.tags())}
        return headers | {f"{_META}{key}": str(value) for key, value in every.items()}

    def _delete(self, cloud: Cloud, request: Request) -> Done | Pending:
        name = request.prior.id if request.prior else ""
        if request.last.get("PurgeOnDelete"):
            return Pending({"purge": name}, 0.0, "its objects to go", name)
        return self._remove(cloud, name)

    @staticmethod
    def _remove(cloud: Cloud, name: str) -> Done:
        try:
            gone(cloud, SERVICE, f"/{quoted(name)}")
        except PermanentError as error:
            if error.code != "Conflict":
                raise
            what = f"the container {name} still holds objects: delete them, or write PurgeOnDelete: true and apply"
            raise PermanentError(what, error.operation, "NotEmpty", error.request_id) from error
        return Done(None)

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Delete some more of the objects, and then the container."""
        name = str(handle["purge"])
        held = list(_some(cloud, name))
        for entry in held:
            gone(cloud, SERVICE, f"/{quoted(name)}/{quoted(entry['name'])}")
        return Pending(handle, 0.0, "its objects to go", name) if held else self._remove(cloud, name)

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by the name."""
        name = intent.id or str(reveal(intent.spec.get("name", "")))
        headers = head(cloud, f"/{quoted(name)}") if name else None
        return None if headers is None else _observe(cloud, name, headers)


def _some(cloud: Cloud, name: str) -> Sequence[Mapping[str, Any]]:
    found = cloud.client.peek(SERVICE, f"/{quoted(name)}", format="json", limit=_AT_ONCE)
    return found or ()


def entries(cloud: Cloud, path: str, **query: Any) -> Iterator[Mapping[str, Any]]:
    """List an account's containers or a container's objects, page by page: the marker is the last name."""
    marker = ""
    while True:
        found = (
            cloud.client.get(SERVICE, path or "/", format="json", limit=10000, marker=marker, **query) or []
        )
        yield from found
        if len(found) < 10000:
            return
        marker = found[-1]["name"]


_META_PROPERTY: Final = Property(
    "object",
    "names and values; capitals do not count",
    additional=text("a value"),
    default={},
    normalize=small,
)
KIND: Final = ContainerKind(
    KindSchema(
        TypeName("OS::Swift::Container"),
        Property(
            "object",
            properties={
                "name": text(
                    "its name, of which the account has one",
                    required=True,
                    create_only=True,
                    pattern=r"^[^/]{1,256}$",
                ),
                "X-Container-Read": Property(
                    _OR_NOTHING,
                    "who may read, as .r:* or project:user",
                    default=None,
                    normalize=empty_is_none,
                ),
                "X-Container-Write": Property(
                    _OR_NOTHING, "who may write, as project:user", default=None, normalize=empty_is_none
                ),
                "X-Container-Meta": _META_PROPERTY,
                "X-Versions-Location": Property(
                    _OR_NOTHING,
                    "the container that keeps old versions",
                    default=None,
                    normalize=empty_is_none,
                ),
                "X-Versions-Enabled": flag(
                    "whether old versions are kept, where Swift can do so", default=False
                ),
                "X-Storage-Policy": text("how its objects are kept", create_only=True),
                "PurgeOnDelete": flag("whether its objects go with it", default=False, write_only=True),
            },
        ),
        status(
            name=text("its name", stable=True),
            objects=Property("integer", "how many objects it holds"),
            bytes=Property("integer", "how much they are"),
            url=text("where it is", stable=True),
            storage_policy=text("how its objects are kept", stable=True),
        ),
        "A container of objects",
        reads=(ReadWay(How.GET),),
        marking=Marking.DETERMINISTIC,
        natural_key=("name",),
        unique_name="name",
        consistency=2.0,
        stateful=True,
        permissions=("swift:read", "swift:operator"),
    )
)
