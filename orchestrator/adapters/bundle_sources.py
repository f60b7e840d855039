"""Where a stack's policies come from: profiles that ship, folders, tarballs, Git repositories, bundle servers.

Enters: sources as ``opsctl.yaml`` writes them, and the pins of the lock file. Leaves: one Bundle with its sources.
Holds: what comes from elsewhere counts only with the digest that is pinned; what was fetched is kept by digest in the
user's cache and is looked through again each time, so that a pinned source needs no network.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from orchestrator.adapters import bundle_git, bundle_http
from orchestrator.adapters.bundle_content import MANIFEST, Content, content_of, digest_of, unpacked
from orchestrator.adapters.bundle_lock import Pin
from orchestrator.adapters.policy_files import files_of, load_bundle, merge_data
from orchestrator.model.diagnostic import Diagnostic, Position
from orchestrator.model.errors import InvalidSpecError
from orchestrator.model.verdict import Bundle, Source

_PROFILE: Final = re.compile(r"[a-z][a-z0-9-]*")
_UPDATE: Final = "opsctl policy update looks at it and pins it"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One source as it is written."""

    address: str
    token: str = ""
    """A reference to the token of a bundle server."""
    ca: str = ""
    """The path of a PEM file that its certificate is signed by."""
    pin: bool = True
    """Without a pin, what the server has today counts: its owner decides."""

    @property
    def remote(self) -> bool:
        """Whether it comes over a network."""
        return self.address.startswith(("git+", "http://", "https://"))

    @property
    def packed(self) -> bool:
        """Whether it is a tarball in the stack's folder."""
        return not self.remote and self.address.endswith((".tar.gz", ".tgz", ".tar"))


@dataclass(frozen=True, slots=True)
class Shelf:
    """What sources are looked up in."""

    folder: Path
    """Paths of folders and tarballs count from here."""
    shipped: Path
    """The folder of the profiles that ship."""
    pins: Mapping[str, Pin] = field(default_factory=dict)
    secret: Callable[[str], str] = field(default=lambda reference: reference)
    """The value of a reference to a token."""


def wanted(written: Sequence[Any]) -> list[Wanted]:
    """Sources as ``policy.bundles`` lists them: texts, or maps with ``source`` and how to get in."""
    return [
        Wanted(
            str(item["source"]),
            str(item.get("token", "")),
            str(item.get("ca", "")),
            pin=item.get("pin", True) is not False,
        )
        if isinstance(item, Mapping)
        else Wanted(str(item))
        for item in written
    ]


def bundle_from(sources: Sequence[Wanted], shelf: Shelf, params: Mapping[str, Any]) -> Bundle:
    """Everything that the sources hold. Raises InvalidSpecError or OpsctlError with what is wrong."""
    modules: dict[str, str] = {}
    data: dict[str, Any] = {}
    described: list[Source] = []
    for source in sources:
        content, about = _content(source, shelf)
        clash = next(
            (m for m in content.modules if modules.get(m, content.modules[m]) != content.modules[m]), ""
        )
        if clash:
            raise _refused(
                source.address, f"another policy is called {clash} too", "rename one of the folders"
            )
        modules.update(content.modules)
        described.append(about)
        try:
            merge_data(data, content.data)
        except ValueError as error:
            raise _refused(source.address, str(error), "data of two sources may not overlap") from error
    if params:
        merge_data(data, {"opsctl": {"params": dict(params)}}, overwrite=True)
    return Bundle(modules, data, sources=tuple(described))


def path_of(source: Wanted, shelf: Shelf) -> tuple[Path, bool]:
    """The folder or file of a local source, and whether it ships."""
    profile = shelf.shipped / source.address
    if (
        _PROFILE.fullmatch(source.address)
        and profile.is_dir()
        and not (shelf.folder / source.address).is_dir()
    ):
        return profile, True
    return shelf.folder / source.address, False


def _content(source: Wanted, shelf: Shelf) -> tuple[Content, Source]:
    if source.remote or source.packed:
        files, pin = _pinned(source, shelf)
        content = content_of(files, _name(source))
        revision = pin.revision or content.revision
        return content, Source(source.address, pin.digest, revision, modules=tuple(content.modules))
    path, ships = path_of(source, shelf)
    found = load_bundle([path])
    digest = digest_of(_raw(path))
    _check_folder(source, digest, shelf)
    content = Content(found.modules, found.data)
    return content, Source(source.address, digest, ships=ships, modules=tuple(found.modules))


def _check_folder(source: Wanted, digest: str, shelf: Shelf) -> None:
    """A folder is reviewed with the stack; where it is pinned all the same, the pin holds."""
    pin = shelf.pins.get(source.address)
    if pin is not None and pin.digest != digest:
        raise _changed(source, pin.digest, digest)


def _raw(path: Path) -> dict[str, bytes]:
    wrong: list[Diagnostic] = []
    found = {str(file.relative_to(root)): file.read_bytes() for file, root in files_of(path, wrong)}
    manifest = path / MANIFEST
    return {**found, MANIFEST: manifest.read_bytes()} if manifest.is_file() else found


def _pinned(source: Wanted, shelf: Shelf) -> tuple[Mapping[str, bytes], Pin]:
    """The files that the lock file names, from the cache where they are there."""
    pin = shelf.pins.get(source.address)
    if not source.pin:
        return fetched(source, shelf, pin)
    if pin is None:
        raise _refused(source.address, "these policies come from elsewhere and are not pinned", _UPDATE)
    kept = None if source.packed else _kept(pin.digest)
    if kept is not None:
        return kept, pin
    files, now = fetched(source, shelf, None)
    if now.digest != pin.digest:
        raise _changed(source, pin.digest, now.digest)
    return files, pin


def materialised(source: Wanted, shelf: Shelf) -> Path:
    """The folder of the cache that holds a source from elsewhere, as it is pinned."""
    files, pin = _pinned(source, shelf)
    place = _place(pin.digest)
    if _kept(pin.digest) is None:
        _keep(files, pin.digest)
    return place


def fetched(source: Wanted, shelf: Shelf, known: Pin | None) -> tuple[Mapping[str, bytes], Pin]:
    """What the source has now, and how it would be pinned. Raises OpsctlError where it cannot be had."""
    if source.address.startswith("git+"):
        files, commit = bundle_git.fetch(_absolute(source.address, shelf.folder))
        pin = Pin(digest_of(files), commit)
    elif source.remote:
        kept = _kept(known.digest) if known is not None and known.etag else None
        token = shelf.secret(source.token) if source.token else ""
        ca = str(shelf.folder / source.ca) if source.ca else ""
        etag = known.etag if known is not None and kept is not None else ""
        answer = bundle_http.fetch(source.address, etag=etag, token=token, ca=ca)
        if answer is None and kept is not None and known is not None:
            return kept, known
        archive, etag = answer or (b"", "")
        files = unpacked(archive, source.address)
        pin = Pin(digest_of(files), content_of(files, _name(source)).revision, etag)
    else:
        path = shelf.folder / source.address
        try:
            files = unpacked(path.read_bytes(), str(path))
        except OSError as error:
            raise _refused(str(path), f"cannot be read: {error.strerror or error}", "") from error
        return files, Pin(digest_of(files), content_of(files, _name(source)).revision)
    _keep(files, pin.digest)
    return files, pin


def _absolute(address: str, folder: Path) -> str:
    """``git+file:`` may name a repository relative to the stack: ``git+file:../policies.git``."""
    rest = address.removeprefix("git+file:")
    if rest == address or rest.startswith("/"):
        return address
    return f"git+file://{folder.resolve()}/{rest}"


def _name(source: Wanted) -> str:
    """What module names of a fetched bundle begin with: a word that a person recognises."""
    path = urlsplit(source.address.removeprefix("git+")).path.rstrip("/")
    return Path(path).name.removesuffix(".git") or "bundle"


def cache_folder() -> Path:
    """Where fetched bundles are kept by digest."""
    own = os.environ.get("OPSCTL_CACHE")
    if own:
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return Path(home) / "opsctl" / "policies"


def _place(digest: str) -> Path:
    return cache_folder() / digest.replace(":", "-")


def _kept(digest: str) -> dict[str, bytes] | None:
    """A bundle from the cache, if it is whole: whoever changed a file there is not believed."""
    place = _place(digest)
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest) or not place.is_dir():
        return None
    try:
        files = {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}
    except OSError:
        return None
    return files if digest_of(files) == digest else None


def _keep(files: Mapping[str, bytes], digest: str) -> None:
    """Put a bundle into the cache; without one, it is fetched again the next time."""
    place = _place(digest)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=place.parent) as temporary:
            whole = Path(temporary, "files")
            for name, raw in files.items():
                file = whole / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(raw)
            if place.exists():
                shutil.rmtree(place)
            whole.rename(place)
    except OSError:
        return


def _changed(source: Wanted, pinned: str, now: str) -> InvalidSpecError:
    message = f"these policies have changed: pinned is {pinned[:19]}…, and this is {now[:19]}…"
    return _refused(source.address, message, f"if the change is meant, {_UPDATE}")


def _refused(place: str, message: str, hint: str) -> InvalidSpecError:
    return InvalidSpecError((Diagnostic(message, Position(place), hint),))
