"""OS::Swift::Object: a file or a text in a container; a large file goes in segments, one step each.

The ETag of every piece is held against the MD5 of what was sent. A large object is Swift's static one: segments in
`<container>_segments`, and a manifest that names them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.kit.shapes import number, spec, status, text
from orchestrator.model.change import Action
from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import Address, Token, TypeName
from orchestrator.model.kind import How, KindSchema, Marking, ReadWay
from orchestrator.model.marker import marker_of
from orchestrator.model.provision import Done, Intent, Observed, Pending, Ref, Request
from orchestrator.model.schema import Property
from orchestrator.model.values import Secret, reveal
from providers.openstack.kinds.container import SERVICE, entries, head, marked, meta, parted, quoted, small
from providers.openstack.kinds.effects import gone
from providers.openstack.kinds.kind import Cloud, Spec
from providers.openstack.kinds.listing import knows
from providers.openstack.uploads import Upload, etag_of, opened

_META: Final = "X-Object-Meta-"
SEGMENT: Final = 1 << 30
"""Bytes of a segment where the spec does not say; Swift takes at most 5 GiB in one piece."""


def _place(id: str) -> str:
    return f"/{quoted(id)}"


def _refine(wanted: Mapping[str, Any]) -> list[str]:
    return (
        [] if ("source" in wanted) != ("content" in wanted) else ["write either source (a file) or content"]
    )


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One object; its id is container and name."""

    schema: KindSchema

    def _observe(self, cloud: Cloud, id: str, headers: Mapping[str, str], wanted: Spec) -> Observed:
        known = {key.lower(): value for key, value in headers.items()}
        container, _, name = id.partition("/")
        own, ours = parted(meta(headers, _META))
        etag = known.get("etag", "").strip('"')
        seen = {
            "container": container,
            "name": name,
            "metadata": own,
            "content_type": known.get("content-type", ""),
        }
        seen |= self._content(cloud, wanted, etag)
        shown = {
            "etag": etag,
            "size": int(known.get("content-length", 0)),
            "last_modified": known.get("last-modified", ""),
        }
        return Observed(id, seen, {"id": id, "name": name, **shown}, marker_of(ours))

    @staticmethod
    def _content(cloud: Cloud, wanted: Spec, etag: str) -> dict[str, Any]:
        """Say that it holds what is wanted, if its ETag does; else that it holds something else."""
        other = f"something else (its ETag is {etag})"
        if isinstance(wanted.get("content"), str):
            digest = hashlib.md5(wanted["content"].encode(), usedforsecurity=False).hexdigest()
            return {"content": wanted["content"] if digest == etag else other}
        if isinstance(wanted.get("source"), str):
            path = cloud.folder / wanted["source"]
            same = not path.is_file() or etag_of(path, int(wanted.get("segment_size", SEGMENT))) == etag
            return {"source": wanted["source"] if same else other}
        return {}

    def read(self, cloud: Cloud, refs: Sequence[Ref], way: ReadWay) -> Mapping[Address, Observed]:
        """Ask for each one's headers."""
        del way
        found = {}
        for ref in refs:
            id = ref.id or (
                f"{ref.spec['container']}/{ref.spec['name']}" if knows(ref.spec, "container", "name") else ""
            )
            headers = head(cloud, _place(id)) if id else None
            if headers is not None:
                found[ref.address] = self._observe(cloud, id, headers, ref.spec)
        return found

    def discover(self, cloud: Cloud) -> Iterator[Observed]:
        """Read every object of every container."""
        for container in entries(cloud, ""):
            for entry in entries(cloud, f"/{quoted(container['name'])}"):
                id = f"{container['name']}/{entry['name']}"
                headers = head(cloud, _place(id))
                if headers is not None:
                    yield self._observe(cloud, id, headers, {})

    def begin(self, cloud: Cloud, request: Request, token: Token) -> Done | Pending:
        """Send, change the metadata of, or delete."""
        if request.action is Action.DELETE:
            return self._delete(cloud, request.prior.id if request.prior else "")
        wanted = reveal(request.want)
        id = request.prior.id if request.prior else f"{wanted['container']}/{wanted['name']}"
        retag = request.action is Action.RETAG
        headers = self._headers(request.prior.spec if retag and request.prior else wanted, request)
        changed = {str(change.path[0]) for change in request.changes}
        spelled = {key: value for key, value in request.want.items() if not isinstance(value, Secret)}
        if request.action is not Action.CREATE and not changed & {"source", "content", "segment_size"}:
            cloud.client.exchange(SERVICE, "POST", _place(id), headers=headers)
            return Done(self._observe(cloud, id, head(cloud, _place(id)) or headers, wanted))
        if "content" in wanted:
            self._put(cloud, _place(id), Upload(str(wanted["content"]).encode()), headers)
            return Done(self._observe(cloud, id, head(cloud, _place(id)) or headers, wanted))
        path = opened(cloud.folder, str(wanted["source"]), str(request.address))
        segment = int(wanted.get("segment_size", SEGMENT))
        if path.stat().st_size <= segment:
            old = self._segments(cloud, id)
            self._put(cloud, _place(id), Upload(path), headers)
            self._drop(cloud, old)
            return Done(self._observe(cloud, id, head(cloud, _place(id)) or headers, wanted))
        handle = {
            "id": id,
            "file": str(wanted["source"]),
            "segment": segment,
            "etags": [],
            "headers": headers,
        }
        handle |= {
            "prefix": f"{id.partition('/')[2]}/{token}",
            "old": self._segments(cloud, id),
            "spelled": spelled,
        }
        cloud.client.exchange(SERVICE, "PUT", f"/{quoted(_segments_of(id))}")
        return Pending(handle, 0.0, "the first segment", id)

    @staticmethod
    def _headers(wanted: Spec, request: Request) -> dict[str, str]:
        every = {**small(wanted.get("metadata") or {}), **marked(request.marker.tags())}
        headers = {f"{_META}{key}": str(value) for key, value in every.items()}
        return headers | ({"Content-Type": str(wanted["content_type"])} if wanted.get("content_type") else {})

    @staticmethod
    def _put(cloud: Cloud, place: str, upload: Upload, headers: Mapping[str, str]) -> str:
        answer = cloud.client.exchange(SERVICE, "PUT", place, headers=headers, data=upload)
        told = {key.lower(): value for key, value in answer.items()}.get("etag", "").strip('"')
        if told != upload.md5:
            gone(cloud, SERVICE, place)
            what = f"what arrived at {place} is not what was sent (ETag {told}, MD5 {upload.md5}); it was removed"
            raise PermanentError(what, f"PUT {place}", "Damaged")
        return told

    def poll(self, cloud: Cloud, handle: Mapping[str, Any]) -> Done | Pending:
        """Send the next segment, or at last the manifest."""
        id, etags, segment = str(handle["id"]), list(handle["etags"]), int(handle["segment"])
        path = opened(cloud.folder, str(handle["file"]), id)
        count = -(-path.stat().st_size // segment)
        below = f"{_segments_of(id)}/{handle['prefix']}"
        if len(etags) < count:
            part = Upload(path, len(etags) * segment, segment)
            etags.append(self._put(cloud, f"/{quoted(below)}/{len(etags):08d}", part, {}))
            return Pending({**handle, "etags": etags}, 0.0, f"segment {len(etags)} of {count}", id)
        manifest = [{"path": f"/{below}/{i:08d}", "etag": etag} for i, etag in enumerate(etags)]
        query = {"multipart-manifest": "put"}
        cloud.client.send(
            SERVICE, "PUT", _place(id), manifest, query=query, headers=dict(handle["headers"]), accept="*/*"
        )
        self._drop(cloud, handle["old"])
        return Done(self._observe(cloud, id, head(cloud, _place(id)) or {}, handle["spelled"]))

    @staticmethod
    def _segments(cloud: Cloud, id: str) -> list[str]:
        """Give the paths of the segments that are there now, of which nothing is left to refer to afterwards."""
        headers = head(cloud, _place(id)) or {}
        if {k.lower(): v for k, v in headers.items()}.get("x-static-large-object", "").lower() != "true":
            return []
        parts = cloud.client.get(SERVICE, _place(id), **{"multipart-manifest": "get", "format": "json"})
        return [str(part["name"]) for part in parts]

    @staticmethod
    def _drop(cloud: Cloud, places: Sequence[str]) -> None:
        for place in places:
            gone(cloud, SERVICE, quoted(place))

    def _delete(self, cloud: Cloud, id: str) -> Done:
        old = self._segments(cloud, id)
        gone(cloud, SERVICE, _place(id))
        self._drop(cloud, old)
        return Done(None)

    def find(self, cloud: Cloud, intent: Intent) -> Observed | None:
        """Find by container and name."""
        wanted = reveal(intent.spec)
        id = intent.id or (
            f"{wanted['container']}/{wanted['name']}" if knows(wanted, "container", "name") else ""
        )
        headers = head(cloud, _place(id)) if id else None
        return None if headers is None else self._observe(cloud, id, headers, intent.spec)


def _segments_of(id: str) -> str:
    return f"{id.partition('/')[0]}_segments"


KIND: Final = ObjectKind(
    KindSchema(
        TypeName("OS::Swift::Object"),
        spec(
            container=text("the container's name", required=True, create_only=True, pattern=r"^[^/]{1,256}$"),
            name=text("the object's name in it", required=True, create_only=True),
            source=text("the file that it is made from, counted from the stack's folder"),
            content=text("what it holds, in place of a file"),
            content_type=text("its media type; guessed from the name where it is left out"),
            metadata=Property(
                "object",
                "names and values; capitals do not count",
                additional=text("a value"),
                default={},
                normalize=small,
            ),
            segment_size=number(
                "bytes of a piece of a large file", minimum=1, default=SEGMENT, write_only=True
            ),
        ),
        status(
            name=text("its name", stable=True),
            etag=text("the MD5 of what it holds; of a large one, that of its pieces' MD5s"),
            size=number("bytes"),
            last_modified=text("when it was last written"),
        ),
        "A file or a text in a container",
        reads=(ReadWay(How.GET),),
        marking=Marking.DETERMINISTIC,
        natural_key=("container", "name"),
        consistency=2.0,
        stateful=True,
        permissions=("swift:read", "swift:write"),
        refine=_refine,
    )
)
