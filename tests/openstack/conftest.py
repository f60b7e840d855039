"""A simulated cloud per test, and openstacksdk connected to it, unmodified."""

from __future__ import annotations

import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import openstack
import pytest

from orchestrator.kit.simulation.faults import Faults
from orchestrator.kit.simulation.responders import Responders
from orchestrator.model.change import Action
from orchestrator.model.ids import Address, ProviderName, StackId, Token, TypeName, Uid
from orchestrator.model.kind import ReadWay
from orchestrator.model.marker import Marker
from orchestrator.model.provision import Intent, Observed, Pending, Ref, Request
from orchestrator.seams.manifest import Context
from providers.openstack import sandbox
from providers.openstack.provider import OpenStackProvider


class Simulated:
    """A running simulator with a clock that tests move by hand."""

    def __init__(self, folder) -> None:
        self.time = 0.0
        self.faults = Faults()
        self.responders = Responders()
        self.running = sandbox.start(
            folder=folder,
            faults=self.faults,
            responders=self.responders,
            transition_seconds=1.0,
            now=lambda: self.time,
        )
        self.cloud = self.running.cloud
        self.settings = self.running.settings

    def wait(self, seconds: float = 5.0) -> None:
        """Let time pass."""
        self.time += seconds

    def connect(self, **more: object) -> openstack.connection.Connection:
        return connected({**self.settings, **more})

    def close(self) -> None:
        self.running.close()
        self.responders.close_all()


@pytest.fixture
def simulated(tmp_path) -> Iterator[Simulated]:
    made = Simulated(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sdk(simulated) -> Iterator[openstack.connection.Connection]:
    connection = simulated.connect()
    yield connection
    connection.close()


@pytest.fixture
def settled(simulated) -> Callable[[], None]:
    """Let everything that changes by itself happen."""
    return simulated.wait


STACK = StackId("conformance-stack")


class Bench:
    """Drives the provider as the core does: begin, then poll until it is done; clears up what it made."""

    def __init__(self, settings, raw, *, pause, name: str) -> None:
        self.settings = settings
        self.provider = OpenStackProvider(settings, Context(ProviderName("openstack"), STACK, None))
        self.raw = raw
        self.pause = pause
        self.name = name
        self._made: list[tuple[TypeName, Observed]] = []

    def marker(self, address: str) -> Marker:
        return Marker(STACK, Address(address), Uid(uuid.uuid4().hex))

    def token(self) -> Token:
        return Token(uuid.uuid4().hex)

    def until(self, done: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        for _ in range(600):
            self.pause()
            if done():
                return
        raise AssertionError("it never came to be so")

    def drive(self, request: Request, token: Token | None = None) -> Observed | None:
        answer = self.provider.begin(request, token or self.token())
        for _ in range(900):
            if not isinstance(answer, Pending):
                return answer.observed
            if answer.retry_after:
                self.pause()
            answer = self.provider.poll(request.type, answer.handle)
        raise AssertionError(f"{request.type} is pending for ever: {answer}")

    def make(self, type: str, spec, *, address: str = "thing") -> Observed:
        request = Request(Action.CREATE, TypeName(type), Address(address), self.marker(address), spec)
        made = self.drive(request)
        assert made is not None
        self.keep(type, made)
        return made

    def made(self, id: str) -> Observed:
        """Give what was made under an id."""
        return next(seen for _, seen in self._made if seen.id == id)

    def keep(self, type: str, made: Observed) -> None:
        """Clear it up at the end."""
        self._made.append((TypeName(type), made))

    def change(self, type: str, seen: Observed, want, last=None, action: Action = Action.UPDATE) -> Observed:
        proposal = self.provider.propose(TypeName(type), seen, want, last if last is not None else want)
        marker = seen.marker or self.marker("thing")
        request = Request(
            action, TypeName(type), Address("thing"), marker, want, seen, proposal.changes, last or {}
        )
        return self.drive(request)

    def delete(self, type: str, seen: Observed) -> None:
        marker = seen.marker or self.marker("thing")
        assert (
            self.drive(Request(Action.DELETE, TypeName(type), Address("thing"), marker, prior=seen)) is None
        )

    def read(self, type: str, seen: Observed, spec, way: ReadWay | None = None) -> Observed | None:
        way = way or self.provider.kinds[TypeName(type)].reads[-1]
        ref = Ref(Address("thing"), seen.id, spec)
        return self.provider.read_many(TypeName(type), [ref], way).found.get(ref.address)

    def look_for(self, type: str, spec) -> Observed | None:
        """Without an id, as for a resource that state does not know."""
        ref = Ref(Address("thing"), None, spec)
        return self.provider.read_many(TypeName(type), [ref], ReadWay("list")).found.get(ref.address)

    def propose(self, type: str, seen: Observed, want, last=None):
        return self.provider.propose(TypeName(type), seen, want, want if last is None else last)

    def intent(self, request: Request, token: Token) -> Intent:
        prior = request.prior.id if request.prior else None
        return Intent(
            token,
            request.action,
            request.type,
            request.address,
            "openstack",
            request.marker,
            request.want,
            prior,
        )

    def newcomer(self) -> Bench:
        """Another run on the same cloud, which has looked nothing up yet."""
        return Bench(self.settings, self.raw, pause=self.pause, name=self.name)

    def clear(self) -> None:
        for type, made in reversed(self._made):
            self.delete(type, made)


class Project:
    """A project of our own on the real cloud, with a member and an administrator; it goes with what is in it."""

    _ROLES: ClassVar = {"member": ("member", "load-balancer_member"), "admin": ("admin",)}

    def __init__(self) -> None:
        self.name = f"opsctl-tests-{uuid.uuid4().hex[:8]}"
        with quiet():
            self._cloud = openstack.connect(cloud="ostest")
        self._made = self._cloud.identity.create_project(name=self.name, domain_id="default")
        self._users: dict[str, Any] = {}

    def settings(self, role: str) -> dict[str, Any]:
        """Give what a client needs to connect in that role."""
        name = f"{self.name}-{role}"
        if role not in self._users:
            user = self._cloud.identity.create_user(name=name, password=self.name, domain_id="default")
            self._users[role] = user
            for wanted in self._ROLES[role]:
                known = self._cloud.identity.find_role(wanted) or self._cloud.identity.create_role(
                    name=wanted
                )
                self._cloud.identity.assign_project_role_to_user(self._made, user, known)
        domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
        address = self._cloud.config.auth["auth_url"]
        login = {"auth_url": address, "username": name, "password": self.name, "project_name": self.name}
        return {**login, **domains, "region_name": "RegionOne"}

    def close(self) -> None:
        """Take the project away, with the group that Neutron makes in each."""
        for group in list(self._cloud.network.security_groups(project_id=self._made.id)):
            self._cloud.network.delete_security_group(group)
        for user in self._users.values():
            self._cloud.identity.delete_user(user)
        self._cloud.identity.delete_project(self._made)
        self._cloud.close()


def quiet() -> warnings.catch_warnings[None]:
    """Hide what the SDK warns of: its own optional parts."""
    return warnings.catch_warnings(action="ignore")


def connected(settings: Mapping[str, Any]) -> openstack.connection.Connection:
    """Connect the SDK with written-out settings."""
    auth = {key: value for key, value in settings.items() if key != "region_name"}
    with quiet():
        return openstack.connect(
            auth=auth, region_name=settings["region_name"], load_yaml_config=False, load_envvars=False
        )


@pytest.fixture(scope="session")
def real_project() -> Iterator[Project]:
    """A project on the real cloud for this run of the tests."""
    made = Project()
    yield made
    made.close()


@pytest.fixture
def role(request) -> str:
    """Who does the case: a member of the project, or its administrator."""
    callspec = getattr(request.node, "callspec", None)
    case = callspec.params.get("case") if callspec else None
    return "admin" if getattr(case, "admin", False) else "member"


@pytest.fixture
def on_real_cloud(real_project, role) -> Iterator[Bench]:
    """The provider on the real cloud, in a project of our own."""
    settings = real_project.settings(role)
    raw = connected(settings)
    made = Bench(settings, raw, pause=lambda: time.sleep(0.3), name=f"cf-{uuid.uuid4().hex[:8]}")
    yield made
    made.clear()
    raw.close()


@pytest.fixture(params=["simulated", pytest.param("real", marks=pytest.mark.server)])
def bench(request) -> Bench:
    """The provider on the simulator, and (with the server tests) on the real cloud."""
    return request.getfixturevalue("on_simulator" if request.param == "simulated" else "on_real_cloud")


@pytest.fixture
def on_simulator(simulated, role) -> Iterator[Bench]:
    """The provider on the simulator alone."""
    settings = dict(simulated.settings)
    if role == "admin":
        settings |= {"username": "admin", "project_name": "admin"}
    raw = connected(settings)
    made = Bench(settings, raw, pause=lambda: simulated.wait(0.6), name=f"cf-{uuid.uuid4().hex[:8]}")
    yield made
    made.clear()
    raw.close()
