"""The surroundings of a run: providers, state, policy engine, executor, all as the stack says."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.adapters import plugins
from orchestrator.adapters.guarded import Guarded, fault_of
from orchestrator.adapters.sandbox_host import reachable
from orchestrator.adapters.secret_sources import REFERENCE, SecretSources
from orchestrator.adapters.system_clock import SystemClock
from orchestrator.bootstrap.backends import lease_time, open_state_backend
from orchestrator.bootstrap.catalogue import catalogue, unknown_type
from orchestrator.engine.workspace import Append, Workspace
from orchestrator.model.duration import seconds
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import ProviderName, Token, Uid, family
from orchestrator.model.plan import Charter
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.executor import Executor
from orchestrator.seams.gate import GateProbe
from orchestrator.seams.manifest import Context, Manifest
from orchestrator.seams.policy import PolicyEngine
from orchestrator.seams.progress import Progress
from orchestrator.seams.provider import Provider
from orchestrator.stages.load import COMMON


@dataclass(slots=True)
class Running:
    """What a signal stops: the executor that walks now, and every one that is made afterwards."""

    executor: Executor | None = None
    stopped: bool = False
    parallelism: int = 0
    """Calls that may be in flight at once to each provider; 0: as many as its settings say."""

    def add(self, executor: Executor) -> None:
        """This one walks from now on. A signal may come between any two lines, so the flag is read last."""
        self.executor = executor
        if self.stopped:
            executor.stop()

    def limit(self, provider: Provider) -> int:
        """How many calls to a provider may be in flight; one whose calls are inline stays so."""
        own = provider.concurrency
        return self.parallelism if self.parallelism and own else own

    def stop(self) -> None:
        """Start nothing more."""
        self.stopped = True
        if self.executor is not None:
            self.executor.stop()

    def abandon(self) -> None:
        """Wait for no call any more. What is made afterwards starts none, so that there is none to wait for."""
        if self.executor is not None:
            self.executor.abandon()


def make_workspace(
    charter: Charter,
    folder: Path,
    progress: Progress,
    running: Running,
    *,
    secrets: SecretSources,
    cipher: Cipher,
    outputs: Callable[[str], Mapping[str, object]],
) -> Workspace:
    """What a run works with; ``outputs`` finds the outputs of another stack by its name."""
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

        limits = {name: running.limit(provider) for name, provider in providers.items()}
        made = ThreadsExecutor(
            clock, append, limits=limits, progress=progress, retry=RetryPolicy(budgets=budgets)
        )
        running.add(made)
        return made

    return Workspace(
        providers=providers,
        kind=catalogue().kind,
        state=open_state_backend(charter, folder, clock, secrets, cipher),
        lease=lease_time(charter.state),
        policy=_engine(charter, folder, secrets),
        decided=_decisions(charter, folder),
        probes=_probes(),
        clock=clock,
        executor=executor,
        progress=progress,
        secrets=secrets,
        outputs=outputs,
        new_uid=lambda: Uid(uuid.uuid4().hex),
        new_token=lambda: Token(uuid.uuid4().hex),
        nearest_type=catalogue().nearest_type,
        unknown_type=unknown_type,
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
        whole = revealed(reachable(family(name), given), manifest, secrets)
        try:
            made[name] = Guarded(
                name, manifest.configure(whole, Context(name, charter.id, folder)), known=secrets.plain
            )
        except ValueError as error:
            raise OpsctlError(f"the provider {name} cannot be configured: {error}") from error
        except Exception as error:
            raise OpsctlError(f"{fault_of(name, error)}, when it was configured") from error
    return made


def revealed(settings: Mapping[str, Any], manifest: Manifest, secrets: SecretSources) -> Mapping[str, Any]:
    """Credentials are written by reference (``env:NAME``): resolved here, kept in memory only."""
    schema = manifest.settings.properties
    references = {
        name: value
        for name, value in settings.items()
        if name in schema and schema[name].secret and isinstance(value, str) and REFERENCE.match(value)
    }
    found = secrets.resolve(references.values(), trusted=True)
    return {**settings, **{name: found[reference].value for name, reference in references.items()}}


def _engine(charter: Charter, folder: Path, secrets: SecretSources) -> PolicyEngine:
    server = charter.policy.get("server")
    if server:
        timeout = charter.policy.get("timeout", 30)
        settings = server if isinstance(server, Mapping) else {"url": server}
        return _server({"timeout": timeout, **settings}, folder, secrets)
    from orchestrator.adapters.policy_embedded import EmbeddedEngine, Limits  # noqa: PLC0415

    return EmbeddedEngine(Limits(seconds=seconds(charter.policy.get("timeout", 60))))


def _decisions(charter: Charter, folder: Path) -> Callable[[Mapping[str, Any]], None] | None:
    """Where decisions are kept, if anywhere."""
    path = charter.policy.get("decisionLog")
    if not path:
        return None
    from orchestrator.adapters.decision_log import DecisionLog  # noqa: PLC0415 - only where one is kept

    return DecisionLog(folder / path).add


def _server(settings: Mapping[str, Any], folder: Path, secrets: SecretSources) -> PolicyEngine:
    """An OPA server: its token is a reference, resolved when it is asked; its PEM files are named from the stack's folder."""
    from orchestrator.adapters.policy_opa import OpaEngine  # noqa: PLC0415 - only where a server is used
    from orchestrator.adapters.policy_server import Access  # noqa: PLC0415

    reference = settings.get("token")
    if reference and not REFERENCE.match(str(reference)):
        hint = "hint: write token: env:NAME"
        raise OpsctlError(f"policy.server.token: a reference was expected, and no token itself\n{hint}")
    files = {
        name: str(folder / settings[name]) for name in ("ca", "certificate", "key") if settings.get(name)
    }
    missing = next((path for path in files.values() if not Path(path).is_file()), None)
    if missing is not None:
        raise OpsctlError(f"policy.server: there is no file {missing}")

    def access() -> Access:
        token = str(secrets.resolve([reference], trusted=True)[reference].value) if reference else ""
        return Access(token, **files)

    return OpaEngine(settings["url"], seconds(settings["timeout"]), access)


def _probes() -> Mapping[str, GateProbe]:
    from orchestrator.adapters.gates_http import HttpProbe  # noqa: PLC0415
    from orchestrator.adapters.gates_tcp import TcpProbe  # noqa: PLC0415

    return {"http": HttpProbe(), "tcp": TcpProbe()}
