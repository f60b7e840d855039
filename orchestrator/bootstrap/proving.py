"""The provider that is put to the test, and the settings of the cloud that it is tested on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.adapters import plugins
from orchestrator.adapters.package_data import folder as packaged
from orchestrator.adapters.sandbox_host import reachable
from orchestrator.adapters.secret_sources import SecretSources
from orchestrator.bootstrap.catalogue import catalogue
from orchestrator.bootstrap.workspaces import revealed
from orchestrator.model.errors import InvalidSpecError, OpsctlError
from orchestrator.model.ids import StackId
from orchestrator.model.plan import Charter
from orchestrator.model.schema import check
from orchestrator.seams.manifest import Manifest


def provider_manifest(family: str) -> Manifest:
    """An installed family. Raises OpsctlError, with the nearest name, where it is not installed."""
    found: Manifest = catalogue().manifests.get(family) or plugins.load(plugins.PROVIDERS, family)
    return found


def provider_settings(manifest: Manifest, file: Path | None, endpoint: str) -> Mapping[str, Any] | None:
    """What the cloud is reached with, or None where neither a file nor an endpoint says that.

    The file is YAML, as it would stand under the provider's name in opsctl.yaml; credentials are references.
    Raises OpsctlError for what does not fit the provider's settings.
    """
    if file is None and not endpoint:
        return None
    given = dict(_read(file)) if file is not None else {}
    if endpoint:
        given["endpoint"] = endpoint
    whole = reachable(manifest.family, given)
    wrong = [v.message + (f" ({v.hint})" if v.hint else "") for v in check(whole, manifest.settings)]
    if wrong:
        raise OpsctlError(f"{file or '--endpoint'}: {'; '.join(wrong)}")
    folder = file.parent if file is not None else Path()
    return revealed(whole, manifest, SecretSources(Charter("", StackId("")), folder, untrusted=False))


def provider_skeleton() -> Path:
    """The folder of the provider that `provider new` copies: one kind over a small service."""
    return packaged("examples") / "provider"


def _read(file: Path) -> Mapping[str, Any]:
    from orchestrator.kit.yaml_positions import read  # noqa: PLC0415 - only where there is a file

    try:
        found = read(file.read_text("utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise OpsctlError(f"{file} cannot be read: {error}") from error
    if found.diagnostics:
        raise InvalidSpecError(tuple(found.diagnostics))
    if len(found.documents) != 1 or not isinstance(found.documents[0].body, Mapping):
        raise OpsctlError(f"{file}: one mapping of settings was expected, such as `region: eu-central-1`")
    body: Mapping[str, Any] = found.documents[0].body
    return body
