"""One command on one stack: its files read, its surroundings made, its outputs for others."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from orchestrator.adapters.secret_sources import SecretSources
from orchestrator.bootstrap.backends import backend_of, place_settings
from orchestrator.bootstrap.catalogue import (
    catalogue,
    opsctl_version,
    settings_schemas,
    source_schemas,
    type_folders,
)
from orchestrator.bootstrap.governance import saved_bundle, stack_bundle
from orchestrator.bootstrap.guards import OpenedPlan, stack_cipher
from orchestrator.bootstrap.workspaces import Running, make_workspace
from orchestrator.engine.planning import Blueprint
from orchestrator.engine.workspace import Workspace
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import InvalidSpecError, OpsctlError
from orchestrator.model.plan import Charter
from orchestrator.model.scope import Surroundings
from orchestrator.model.stack import Stack
from orchestrator.model.verdict import Bundle
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.progress import Progress
from orchestrator.seams.state import StateBackend
from orchestrator.stages.compose import compose
from orchestrator.stages.load import (
    ENVIRONMENTS,
    NO_VALUE,
    STACK_FILE,
    Loaded,
    check_providers,
    check_secrets,
    load,
)

Sealing = Callable[[Charter, Path, SecretSources], Cipher]


@dataclass(slots=True)
class Session:
    """One command on one stack: opened once, closed at the end."""

    charter: Charter
    blueprint: Blueprint
    workspace: Workspace
    folder: Path
    cipher: Cipher
    """What seals the state and the plans of the stack."""
    diagnostics: tuple[Diagnostic, ...] = ()
    loaded: Loaded | None = None
    running: Running = field(default_factory=Running)
    noticed: list[Diagnostic] = field(default_factory=list)
    """What is noticed while it is open, such as a secret that others can read."""
    plain: Callable[[], Sequence[str]] = tuple
    """The values of the secrets that are known by now, to be kept out of what is said."""
    reveal: Callable[[str], str] = str
    """The value of a secret's reference in the settings."""

    def aim(self, targets: Sequence[str]) -> None:
        """Plan only these resources, and what they need."""
        self.blueprint = replace(self.blueprint, targets=tuple(targets))

    def limit(self, parallelism: int | None) -> None:
        """Let so many calls to each provider be in flight at once, whatever its settings say."""
        self.running.parallelism = parallelism or 0

    def stop(self) -> None:
        """Start nothing more: for a signal handler."""
        self.running.stop()

    def abandon(self) -> None:
        """Wait for no call any more: for the end of the grace after a signal."""
        self.running.abandon()

    def close(self) -> None:
        """Let go of files, connections and the lease."""
        self.workspace.state.close()


@dataclass(frozen=True, slots=True)
class Written:
    """A stack as its files say it, composed: no cloud, store or state was asked."""

    blueprint: Blueprint
    """Without policies."""
    diagnostics: tuple[Diagnostic, ...]
    loaded: Loaded


def read_stack(
    folder: Path,
    *,
    environment: str | None = None,
    params: Mapping[str, str] | None = None,
    untrusted: bool = False,
    trusted: Path | None = None,
    progress: Progress,
) -> Written:
    """Load and compose a stack. Raises InvalidSpecError with everything that is wrong with its files."""
    progress.stage("load")
    loaded = load(
        folder,
        environment=environment,
        params=params or {},
        paths=type_folders(),
        untrusted=untrusted,
        trusted=trusted,
    )
    settings = [
        *check_providers(loaded.stack, settings_schemas()),
        *check_secrets(loaded.stack, source_schemas(loaded.stack)),
    ]
    _stop_at_errors([*loaded.diagnostics, *settings])
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
        resources=composed.resources,
        moves=composed.moves,
        removed=composed.removed,
        opsctl=opsctl_version(),
    )
    return Written(blueprint, found, loaded)


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
    written = read_stack(
        folder,
        environment=environment,
        params=params,
        untrusted=untrusted,
        trusted=trusted,
        progress=progress,
    )
    home, charter = trusted or folder, written.blueprint.charter
    blueprint = replace(
        written.blueprint,
        bundle=stack_bundle(charter, home, _revealing(charter, home)),
        resources=() if destroy else written.blueprint.resources,
        destroy=destroy,
    )
    session = _opened(
        blueprint,
        home,
        progress,
        diagnostics=written.diagnostics,
        loaded=written.loaded,
        untrusted=untrusted,
    )
    return replace(session, folder=folder)


def open_state(
    folder: Path,
    *,
    environment: str | None = None,
    progress: Progress,
    rewriting: bool = False,
    policies: bool = False,
) -> Session:
    """A stack for commands that work on its state: resources are not composed, policies are there where asked for.

    ``rewriting``: what is stored plain is read even where it must be encrypted, and a fresh key seals.
    """
    loaded = load(folder, environment=environment, params={}, paths=type_folders(), untrusted=False)
    diagnostics = _about_state(loaded)
    charter = charter_of(loaded.stack)
    bundle = stack_bundle(charter, folder, _revealing(charter, folder)) if policies else Bundle()
    blueprint = Blueprint(charter, (), bundle, opsctl=opsctl_version())
    sealing = partial(stack_cipher, rewriting=rewriting)
    return _opened(blueprint, folder, progress, diagnostics=diagnostics, loaded=loaded, sealing=sealing)


def _about_state(loaded: Loaded) -> tuple[Diagnostic, ...]:
    """What is said of a stack of which only the state is wanted.

    Where its own file is wrong, nobody knows which state is meant: raises InvalidSpecError. Parameters without a value
    are not asked for: where the state's place needs one, that is an error of its own.
    """
    there = [d for d in loaded.diagnostics if not d.message.endswith(NO_VALUE)]
    wrong = [d for d in there if d.severity is Severity.ERROR and _is_of_stack(d, loaded.stack)]
    if wrong:
        raise InvalidSpecError(tuple(wrong))
    return tuple(there)


def _is_of_stack(diagnostic: Diagnostic, stack: Stack) -> bool:
    place = diagnostic.position
    if place is None:
        return stack.document is None
    return Path(place.file).parts[:1] in ((STACK_FILE,), (ENVIRONMENTS,))


def open_saved(opened: OpenedPlan, *, folder: Path, progress: Progress) -> Session:
    """A saved plan with all that it needs; the files of the stack are not read."""
    plan = opened.plan
    blueprint = Blueprint(
        opened.charter,
        plan.resources,
        saved_bundle(plan.bundle, folder, _revealing(plan.charter, folder)),
        plan.moves,
        plan.removed,
        destroy=plan.destroy,
        targets=plan.targets,
        opsctl=opsctl_version(),
    )
    return _opened(blueprint, folder, progress, sealing=lambda *_: opened.cipher)


def _opened(
    blueprint: Blueprint,
    folder: Path,
    progress: Progress,
    *,
    diagnostics: tuple[Diagnostic, ...] = (),
    loaded: Loaded | None = None,
    untrusted: bool = False,
    sealing: Sealing = stack_cipher,
) -> Session:
    running, secrets = Running(), SecretSources(blueprint.charter, folder, untrusted=untrusted)
    cipher = sealing(blueprint.charter, folder, secrets)
    workspace = make_workspace(
        blueprint.charter,
        folder,
        progress,
        running,
        secrets=secrets,
        cipher=cipher,
        outputs=lambda name: _outputs_of(name, blueprint.charter, folder),
    )
    return Session(
        blueprint.charter,
        blueprint,
        workspace,
        folder,
        cipher,
        diagnostics,
        loaded,
        running,
        secrets.noticed,
        secrets.plain,
        _revealing(blueprint.charter, folder),
    )


def other_state(session: Session, place: str, folder: Path) -> StateBackend:
    """The state of the same stack at another place, as a person writes it; see ``place_settings``."""
    secrets = SecretSources(session.charter, folder, untrusted=False)
    return backend_of(
        place_settings(place, folder),
        session.charter,
        folder,
        session.workspace.clock,
        secrets,
        cipher=session.cipher,
    )


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
        encryption=stack.encryption,
        signatures=stack.signatures,
        params=stack.values,
        outputs={name: output.value for name, output in stack.outputs.items()},
    )


def _stop_at_errors(found: Sequence[Diagnostic]) -> None:
    if any(d.severity is Severity.ERROR for d in found):
        raise InvalidSpecError(tuple(found))


def _revealing(charter: Charter, folder: Path) -> Callable[[str], str]:
    """How a token of the settings is resolved: those do not come from a stranger."""

    def reveal(reference: str) -> str:
        return str(
            SecretSources(charter, folder, untrusted=False)
            .resolve([reference], trusted=True)[reference]
            .value
        )

    return reveal


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
