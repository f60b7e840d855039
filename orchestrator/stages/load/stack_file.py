"""``opsctl.yaml`` and an environment's overlay become a Stack."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path as FilePath
from typing import Any, Final

from orchestrator.kit.findings import Findings
from orchestrator.model.document import Document
from orchestrator.model.expression import ExpressionError, Template, evaluate, parse, templated
from orchestrator.model.ids import Path, ProviderName, StackId
from orchestrator.model.stack import Output, Stack
from orchestrator.model.values import Secret, contains
from orchestrator.stages.load.overlay import PatchedSource, merged
from orchestrator.stages.load.params import declared, values
from orchestrator.stages.load.places import Place

_PROVIDER: Final = re.compile(r"[a-z][a-z0-9_]*(\.[A-Za-z0-9_-]+)?")
_BOUND: Final = re.compile(r"\s*(>=|<=|==|!=|>|<|~>)?\s*v?(\d+(?:\.\d+){0,3})\s*")


def stack_of(
    document: Document,
    overlay: Document | None,
    given: Mapping[str, str],
    *,
    folder: FilePath,
    found: Findings,
    untrusted: bool,
) -> Stack:
    """The stack that a well-formed stack file and overlay describe."""
    place: Any = document.source
    body = _with_overlay(document, overlay)
    environment = overlay.name if overlay is not None else ""
    names = _env_names(body, place, found)
    params = declared(body, place, found)
    chosen = values(
        params,
        overlay.body.get("params") or {} if overlay is not None else {},
        given,
        place=_place(overlay),
        stack=place,
        found=found,
    )
    _required_version(body, place, found)
    stack = Stack(
        name=body["metadata"]["name"],
        id=_identity(body["metadata"], environment),
        folder=str(folder),
        environment=environment,
        required_version=body.get("requiredVersion", ""),
        params=params,
        values=chosen,
        env=() if untrusted else names,
        outputs=_outputs(body),
        document=document,
    )
    settings = _Settings(stack, PatchedSource(place, _parts(overlay)), found)
    return _with_settings(_guarded(stack, document, found), body, settings)


def _place(document: Document | None) -> Any:
    return None if document is None else document.source


def _with_overlay(document: Document, overlay: Document | None) -> dict[str, Any]:
    body = dict(document.body)
    if overlay is not None:
        body["providers"] = merged(body.get("providers") or {}, overlay.body.get("providers") or {})
        if overlay.body.get("policy"):
            body["policy"] = merged(body.get("policy") or {}, overlay.body["policy"])
    return body


def _parts(overlay: Document | None) -> tuple[tuple[Path, Place, Path], ...]:
    """Which provider settings stand in the overlay."""
    if overlay is None:
        return ()
    source: Any = overlay.source
    written = overlay.body.get("providers") or {}
    paths = [("providers", p, key) for p in written for key in written[p] or ()]
    return tuple((path, source, path) for path in paths)


def _env_names(body: Mapping[str, Any], place: Place, found: Findings) -> tuple[str, ...]:
    names = tuple(body.get("env") or ())
    for index, name in enumerate(names):
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            found.error(f"{name!r} is no name of an environment variable", place.position(("env", index)))
    return names


def _outputs(body: Mapping[str, Any]) -> dict[str, Output]:
    """A value, or a map with ``value`` and what is said about it. Faulty expressions were told before."""
    outputs: dict[str, Output] = {}
    for name, written in (body.get("outputs") or {}).items():
        about = written if isinstance(written, dict) and "value" in written else {"value": written}
        outputs[name] = Output(
            name,
            templated(about["value"], []),
            str(about.get("description", "")),
            sensitive=about.get("sensitive") is True,
        )
    return outputs


class _Settings:
    """Evaluates what stands in settings: parameters, environment and the stack's own names are known by now."""

    def __init__(self, stack: Stack, place: Place, found: Findings, *, params: bool = True) -> None:
        env = {name: os.environ[name] for name in stack.env if name in os.environ}
        about = {"name": stack.name, "id": str(stack.id), "environment": stack.environment}
        self.names: dict[str, Any] = {"env": env, "stack": about}
        if params:
            self.names["params"] = stack.values
        self.known = "params, env and stack" if params else "env and stack, not params,"
        self.place = place
        self.found = found

    def resolved(self, value: Any, at: Path) -> Any:
        """``value`` with its expressions replaced by what they give."""
        if isinstance(value, str) and "${" in value:
            return self._text(value, at)
        if isinstance(value, Mapping):
            return {key: self.resolved(item, (*at, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item, (*at, index)) for index, item in enumerate(value)]
        return value

    def _text(self, text: str, at: Path) -> Any:
        try:
            template = parse(text)
            value = evaluate(template, self.names) if isinstance(template, Template) else template
        except ExpressionError as error:
            hint = error.hint or f"{self.known} are known here"
            self.found.error(error.message, self.place.within(at, error.offset), hint)
            return text
        if contains(value, Secret):
            message = "a sensitive parameter cannot stand in settings: they are written into the plan"
            self.found.error(message, self.place.position(at), "write a reference, such as env:NAME")
            return text
        return value


def _with_settings(stack: Stack, body: Mapping[str, Any], settings: _Settings) -> Stack:
    providers: dict[ProviderName, Any] = {}
    for name, written in (body.get("providers") or {}).items():
        at: Path = ("providers", name)
        if not _PROVIDER.fullmatch(name):
            hint = "write a family such as aws, or a second instance such as aws.eu"
            settings.found.error(f"{name!r} is no name for a provider", settings.place.key_position(at), hint)
        providers[ProviderName(name)] = settings.resolved(written or {}, at)
    return Stack(
        stack.name,
        stack.id,
        stack.folder,
        stack.environment,
        stack.required_version,
        providers=dict(sorted(providers.items())),
        state={"backend": "sqlite", **settings.resolved(body.get("state") or {}, ("state",))},
        policy=settings.resolved(body.get("policy") or {}, ("policy",)),
        secrets=settings.resolved(body.get("secrets") or {}, ("secrets",)),
        encryption=stack.encryption,
        signatures=stack.signatures,
        params=stack.params,
        values=stack.values,
        env=stack.env,
        outputs=stack.outputs,
        document=stack.document,
        source=settings.place,
    )


def guard_of(document: Document, environment: str, *, folder: FilePath, found: Findings) -> Stack:
    """What a saved plan is opened by: the stack's identity, where its keys are, and whose signatures count.

    Parameters are not known here: what was given with -p is inside of the plan.
    """
    place: Any = document.source
    metadata, names = document.body["metadata"], _env_names(document.body, place, found)
    identity = _identity(metadata, environment)
    stack = Stack(metadata["name"], identity, str(folder), environment, env=names, document=document)
    return _guarded(stack, document, found)


def _identity(metadata: Mapping[str, Any], environment: str) -> StackId:
    identity = metadata.get("id", metadata["name"])
    return StackId(f"{identity}-{environment}" if environment else identity)


def _guarded(stack: Stack, document: Document, found: Findings) -> Stack:
    place: Any = document.source
    settings = _Settings(stack, place, found, params=False)
    written = {name: document.body.get(name) or {} for name in ("encryption", "signatures")}
    return replace(stack, **{name: settings.resolved(value, (name,)) for name, value in written.items()})


def _required_version(body: Mapping[str, Any], place: Place, found: Findings) -> None:
    wanted = body.get("requiredVersion")
    if not wanted:
        return
    position = place.position(("requiredVersion",))
    bounds = [_BOUND.fullmatch(part) for part in wanted.split(",")]
    if not all(bounds):
        found.error(f"requiredVersion {wanted!r} cannot be read", position, 'write ">=0.1" or ">=0.1, <1.0"')
        return
    try:
        running = version("opsctl-orchestrator")
    except PackageNotFoundError:
        return
    if not all(_holds(running, b[1] or "==", b[2]) for b in bounds if b is not None):
        found.error(
            f"this stack requires opsctl {wanted}, and this is {running}", position, "install that version"
        )


def _holds(running: str, operator: str, bound: str) -> bool:
    here, there = (tuple(int(n) for n in re.findall(r"\d+", v)[:4]) for v in (running, bound))
    size = max(len(here), len(there))
    padded, limit = here + (0,) * (size - len(here)), there + (0,) * (size - len(there))
    match operator:
        case ">=":
            return padded >= limit
        case "<=":
            return padded <= limit
        case ">":
            return padded > limit
        case "<":
            return padded < limit
        case "!=":
            return padded != limit
        case "~>":
            return padded >= limit and here[: max(len(there) - 1, 1)] == there[: max(len(there) - 1, 1)]
        case _:
            return here[: len(there)] == there
