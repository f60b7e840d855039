"""The one place that picks adapters and providers."""

from __future__ import annotations

import logging
import os
import re
import stat
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.adapters import plugins, sandbox_host
from orchestrator.adapters.guarded import Guarded, fault_of
from orchestrator.adapters.package_data import folder as packaged
from orchestrator.adapters.plugin_catalogue import PluginCatalogue
from orchestrator.adapters.secret_sources import SecretSources
from orchestrator.adapters.system_clock import SystemClock
from orchestrator.engine.planning import Blueprint, sealed
from orchestrator.engine.workspace import Append, Workspace
from orchestrator.model.codec import decode, encode
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.document import Document
from orchestrator.model.duration import seconds
from orchestrator.model.errors import InvalidSpecError, OpsctlError, StateError
from orchestrator.model.expression import templated
from orchestrator.model.ids import ProviderName, Token, TypeName, Uid, family
from orchestrator.model.kind import KindSchema
from orchestrator.model.plan import FORMAT, Charter, Plan
from orchestrator.model.schema import Property
from orchestrator.model.scope import Surroundings
from orchestrator.model.stack import Stack
from orchestrator.model.verdict import Bundle
from orchestrator.seams.executor import Executor
from orchestrator.seams.gate import GateProbe
from orchestrator.seams.manifest import Context, Manifest
from orchestrator.seams.policy import PolicyEngine
from orchestrator.seams.progress import Progress
from orchestrator.seams.provider import Provider
from orchestrator.seams.state import StateBackend
from orchestrator.stages.compose import compose
from orchestrator.stages.compose.composites import gather
from orchestrator.stages.compose.findings import Findings
from orchestrator.stages.load import COMMON, Loaded, check_providers, load

if TYPE_CHECKING:
    from orchestrator.adapters.policy_tests import TestResult

    PolicyTest = TestResult
SandboxStatus = sandbox_host.Status
_REFERENCE: Final = re.compile(r"[a-z][a-z-]*:.")


@cache
def opsctl_version() -> str:
    """The installed version."""
    try:
        return version("opsctl-orchestrator")
    except PackageNotFoundError:
        return "0+unknown"


@cache
def catalogue() -> PluginCatalogue:
    """The kinds of every installed provider."""
    return PluginCatalogue(plugins.manifests)


@cache
def abstract_types() -> Mapping[TypeName, KindSchema]:
    """The abstract types that ship, with the clouds that they can be placed on in their summary."""
    from orchestrator.kit.yaml_positions import read  # noqa: PLC0415 - only where somebody asks for them

    files = [file for place in _types() for file in sorted(place.glob("*.yaml"))]
    parsed = [found for file in files for found in read(file.read_text("utf-8"), str(file)).documents]
    types = gather([Document(p.body, p.source) for p in parsed], Findings())
    return {
        TypeName(name): KindSchema(
            TypeName(name),
            type.schema,
            type.status,
            summary=f"{type.schema.description} Placed on: {', '.join(sorted(type.clouds)) or 'nothing yet'}.",
            abstract=True,
        )
        for name, type in types.items()
    }


@dataclass(slots=True)
class Running:
    """What a signal stops: the executor that walks now, and every one that is made afterwards."""

    executor: Executor | None = None
    stopped: bool = False

    def add(self, executor: Executor) -> None:
        """This one walks from now on. A signal may come between any two lines, so the flag is read last."""
        self.executor = executor
        if self.stopped:
            executor.stop()

    def stop(self) -> None:
        """Start nothing more."""
        self.stopped = True
        if self.executor is not None:
            self.executor.stop()


@dataclass(slots=True)
class Session:
    """One command on one stack: opened once, closed at the end."""

    charter: Charter
    blueprint: Blueprint
    workspace: Workspace
    folder: Path
    diagnostics: tuple[Diagnostic, ...] = ()
    loaded: Loaded | None = None
    running: Running = field(default_factory=Running)
    noticed: list[Diagnostic] = field(default_factory=list)
    """What is noticed while it is open, such as a secret that others can read."""

    def stop(self) -> None:
        """Start nothing more: for a signal handler."""
        self.running.stop()

    def close(self) -> None:
        """Let go of files, connections and the lease."""
        self.workspace.state.close()


def open_stack(
    folder: Path,
    *,
    environment: str | None = None,
    params: Mapping[str, str] | None = None,
    untrusted: bool = False,
    trusted: Path | None = None,
    progress: Progress,
    destroy: bool = False,
) -> Session:
    """Load and compose a stack. Raises InvalidSpecError with everything that is wrong with its files.

    Configuration, environments, policies and state are those of ``trusted`` where it is given.
    """
    progress.stage("load")
    loaded = load(
        folder,
        environment=environment,
        params=params or {},
        paths=_types(),
        untrusted=untrusted,
        trusted=trusted,
    )
    _stop_at_errors([*loaded.diagnostics, *check_providers(loaded.stack, _settings_schemas())])
    charter = charter_of(loaded.stack)
    env = {} if untrusted else {n: os.environ[n] for n in loaded.stack.env if n in os.environ}
    charter = replace(charter, env=env)
    progress.stage("compose", len(loaded.documents))
    about = {"name": charter.name, "id": str(charter.id), "environment": charter.environment}
    composed = compose(
        loaded.documents,
        catalogue=catalogue(),
        providers=charter.providers,
        around=Surroundings(charter.params, about, env, outputs=None),
    )
    found = (*loaded.diagnostics, *composed.diagnostics)
    _stop_at_errors(found)
    blueprint = Blueprint(
        charter=charter,
        resources=() if destroy else composed.resources,
        bundle=_bundle(charter, trusted or folder),
        moves=composed.moves,
        removed=composed.removed,
        destroy=destroy,
        opsctl=opsctl_version(),
    )
    session = _opened(
        blueprint, trusted or folder, progress, diagnostics=found, loaded=loaded, untrusted=untrusted
    )
    return replace(session, folder=folder)


def open_state(folder: Path, *, environment: str | None = None, progress: Progress) -> Session:
    """A stack for commands that only look at its state: resources are not composed."""
    loaded = load(folder, environment=environment, params={}, paths=_types(), untrusted=False)
    blueprint = Blueprint(charter_of(loaded.stack), ())
    return _opened(blueprint, folder, progress, diagnostics=loaded.diagnostics, loaded=loaded)


def open_saved(path: Path, *, folder: Path, progress: Progress) -> tuple[Plan, Session]:
    """A saved plan with all that it needs; the files of the stack are not read."""
    plan = read_plan(path)
    blueprint = Blueprint(
        plan.charter,
        plan.resources,
        plan.bundle,
        plan.moves,
        plan.removed,
        destroy=plan.destroy,
        opsctl=opsctl_version(),
    )
    return plan, _opened(blueprint, folder, progress)


def _opened(
    blueprint: Blueprint,
    folder: Path,
    progress: Progress,
    *,
    diagnostics: tuple[Diagnostic, ...] = (),
    loaded: Loaded | None = None,
    untrusted: bool = False,
) -> Session:
    running, secrets = Running(), SecretSources(blueprint.charter, folder, untrusted=untrusted)
    workspace = _workspace(blueprint.charter, folder, progress, running, secrets)
    return Session(
        blueprint.charter, blueprint, workspace, folder, diagnostics, loaded, running, secrets.noticed
    )


def _settings_schemas() -> dict[str, Property]:
    """What each family says of its settings; of a plugin that cannot be loaded nothing is known here."""
    unknown = dict.fromkeys(plugins.installed(plugins.PROVIDERS), Property("object", additional=Property()))
    return {**unknown, **{name: m.settings for name, m in catalogue().manifests.items()}}


def _types() -> list[Path]:
    """The abstract types that ship: their schemas, and every installed provider's side of them."""
    sides = [m.composites for m in catalogue().providers() if m.composites is not None]
    return [packaged("types"), *sides]


def charter_of(stack: Stack) -> Charter:
    """What a plan keeps of a stack."""
    return Charter(
        name=stack.name,
        id=stack.id,
        environment=stack.environment,
        providers={name: settings or {} for name, settings in stack.providers.items()},
        state=stack.state,
        policy=stack.policy,
        secrets=stack.secrets,
        params=stack.values,
        outputs={name: output.value for name, output in stack.outputs.items()},
    )


def _stop_at_errors(found: Sequence[Diagnostic]) -> None:
    if any(d.severity is Severity.ERROR for d in found):
        raise InvalidSpecError(tuple(found))


def _bundle(charter: Charter, folder: Path) -> Bundle:
    """The policies of a stack: paths in its folder, or the name of a profile that ships."""
    from orchestrator.adapters.policy_files import load_bundle  # noqa: PLC0415 - only where there are policies

    paths = policy_paths(charter, folder)
    return load_bundle(paths, charter.policy.get("data") or {}) if paths else Bundle()


def _workspace(
    charter: Charter, folder: Path, progress: Progress, running: Running, secrets: SecretSources
) -> Workspace:
    clock = SystemClock()
    providers = _providers(charter, folder, secrets)
    budgets = {
        str(name): seconds(given["giveUpAfter"])
        for name, given in charter.providers.items()
        if "giveUpAfter" in given
    }

    def executor(append: Append) -> Executor:
        from orchestrator.adapters.executor_threads import ThreadsExecutor  # noqa: PLC0415
        from orchestrator.adapters.retry import RetryPolicy  # noqa: PLC0415

        limits = {name: provider.concurrency for name, provider in providers.items()}
        made = ThreadsExecutor(
            clock, append, limits=limits, progress=progress, retry=RetryPolicy(budgets=budgets)
        )
        running.add(made)
        return made

    backend = str(charter.state.get("backend", "sqlite"))
    settings = {k: v for k, v in charter.state.items() if k != "backend"}
    open_backend = plugins.load(plugins.BACKENDS, backend)
    state: StateBackend = open_backend(
        _reachable(backend, settings), stack=charter.id, folder=folder, clock=clock
    )
    return Workspace(
        providers=providers,
        kind=catalogue().kind,
        state=state,
        policy=_engine(charter),
        probes=_probes(),
        clock=clock,
        executor=executor,
        progress=progress,
        secrets=secrets.resolve,
        outputs=lambda name: _outputs_of(name, charter, folder),
        new_uid=lambda: Uid(uuid.uuid4().hex),
        new_token=lambda: Token(uuid.uuid4().hex),
    )


def _providers(charter: Charter, folder: Path, secrets: SecretSources) -> dict[ProviderName, Provider]:
    """Every configured provider instance; none of them has made a connection yet."""
    logging.getLogger().addHandler(logging.NullHandler())  # what SDKs log is no part of our words
    names = {ProviderName("local"): {}, **charter.providers}
    made: dict[ProviderName, Provider] = {}
    for name, settings in names.items():
        manifest = catalogue().manifests.get(family(name)) or plugins.load(plugins.PROVIDERS, family(name))
        own = set(manifest.settings.properties) - {"expectAccount"}
        given = {k: v for k, v in settings.items() if k in own or k not in COMMON}
        whole = _revealed(_reachable(family(name), given), manifest, secrets)
        try:
            made[name] = Guarded(name, manifest.configure(whole, Context(name, charter.id, folder)))
        except ValueError as error:
            raise OpsctlError(f"the provider {name} cannot be configured: {error}") from error
        except Exception as error:
            raise OpsctlError(f"{fault_of(name, error)}, when it was configured") from error
    return made


def _revealed(settings: Mapping[str, Any], manifest: Manifest, secrets: SecretSources) -> Mapping[str, Any]:
    """Credentials are written by reference (``env:NAME``): resolved here, kept in memory only."""
    schema = manifest.settings.properties
    references = {
        name: value
        for name, value in settings.items()
        if name in schema and schema[name].secret and isinstance(value, str) and _REFERENCE.match(value)
    }
    found = secrets.resolve(references.values(), trusted=True)
    return {**settings, **{name: found[reference].value for name, reference in references.items()}}


def _reachable(family: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings with the local stand-in's address where they say ``endpoint: sandbox``."""
    if settings.get("endpoint") != "sandbox":
        return settings
    from orchestrator.adapters.sandbox_host import sandbox_settings  # noqa: PLC0415 - only for the sandbox

    rest = {k: v for k, v in settings.items() if k != "endpoint"}
    return {**sandbox_settings({"s3": "aws"}.get(family, family)), **rest}


def _engine(charter: Charter) -> PolicyEngine:
    server = charter.policy.get("server")
    if server:
        from orchestrator.adapters.policy_opa import OpaEngine  # noqa: PLC0415 - only where a server is used

        return OpaEngine(str(server))
    from orchestrator.adapters.policy_embedded import EmbeddedEngine  # noqa: PLC0415

    return EmbeddedEngine()


def _probes() -> Mapping[str, GateProbe]:
    from orchestrator.adapters.gates_http import HttpProbe  # noqa: PLC0415
    from orchestrator.adapters.gates_tcp import TcpProbe  # noqa: PLC0415

    return {"http": HttpProbe(), "tcp": TcpProbe()}


def _outputs_of(name: str, charter: Charter, folder: Path) -> Mapping[str, object]:
    """The outputs of another stack: a folder beside this one, by its path or name."""
    from orchestrator.adapters.silent import Silent  # noqa: PLC0415

    for candidate in (folder / name, folder.parent / name):
        if (candidate / "opsctl.yaml").is_file():
            other = open_state(candidate, environment=charter.environment or None, progress=Silent())
            try:
                return other.workspace.state.latest().outputs
            finally:
                other.close()
    raise OpsctlError(
        f'stack.outputs("{name}"): there is no stack at {folder / name} or {folder.parent / name}'
    )


def write_plan(plan: Plan, path: Path) -> Plan:
    """Save a plan, readable for its owner only; returns it with its digest."""
    whole = sealed(plan)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "wb") as file:
            file.write(encode(whole))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StateError(f"cannot write the plan to {path}: {error.strerror or error}") from error
    return whole


def read_plan(path: Path) -> Plan:
    """A saved plan. Raises StateError where it is damaged, newer than this program, or no plan at all."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StateError(f"cannot read the plan {path}: {error.strerror or error}") from error
    try:
        form = decode(data, dict[str, Any]).get("format")
    except ValueError as error:
        raise StateError(f"{path} is not a plan of opsctl, or it is damaged: {error}") from error
    if form != FORMAT:
        raise StateError(f"{path} has the plan format {form}, and this opsctl reads {FORMAT}: plan again")
    try:
        plan = decode(data, Plan)
    except ValueError as error:
        raise StateError(f"the plan {path} is damaged: {error}") from error
    if sealed(plan).digest != plan.digest:
        raise StateError(f"the plan {path} is damaged or was changed: its digest does not fit")
    return _with_templates(plan)


def _with_templates(plan: Plan) -> Plan:
    """Specs are saved as their text: the expressions in it are parsed again."""
    resources = tuple(
        replace(
            r,
            spec=templated(r.spec),
            status=templated(r.status),
            gates=tuple(replace(g, settings=templated(g.settings)) for g in r.gates),
        )
        for r in plan.resources
    )
    return replace(
        plan, resources=resources, charter=replace(plan.charter, outputs=templated(plan.charter.outputs))
    )


def policy_paths(charter: Charter, folder: Path) -> list[Path]:
    """Where the policies of a stack are: paths in its folder, or a profile that ships."""
    shipped = packaged("policies")
    names = [str(name) for name in charter.policy.get("bundles") or ()]
    return [
        shipped / name if re.fullmatch(r"[a-z-]+", name) and (shipped / name).is_dir() else folder / name
        for name in names
    ]


def policy_check(paths: Sequence[Path]) -> list[Diagnostic]:
    """Everything that is wrong with the policies below these paths."""
    from orchestrator.adapters.policy_tests import check  # noqa: PLC0415 - only for policies

    return check(paths)


def policy_tests(paths: Sequence[Path]) -> list[PolicyTest]:
    """Run the tests of the policies below these paths."""
    from orchestrator.adapters.policy_tests import run_tests  # noqa: PLC0415 - only for policies

    return run_tests(paths)


def sandbox_up(folder: Path | None = None, faults: Path | None = None) -> SandboxStatus:
    """Start the local stand-ins of the clouds where they do not run, and wait until they answer."""
    return sandbox_host.up(folder, faults)


def sandbox_status(folder: Path | None = None) -> SandboxStatus:
    """Whether the stand-ins run, and where."""
    return sandbox_host.status(folder)


def sandbox_down(folder: Path | None = None) -> bool:
    """Stop the stand-ins; returns whether they ran."""
    return sandbox_host.down(folder)


def sandbox_serve(folder: Path | None = None, faults: Path | None = None) -> int:
    """Run the stand-ins in this process until it is told to end."""
    return sandbox_host.serve(catalogue().providers(), folder, faults)
