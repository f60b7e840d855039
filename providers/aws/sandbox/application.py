"""The wrapper around moto: tokens, rules, transitions, addresses and stale reads, in one place and order.

In: a WSGI request. Out: moto's answer, or the refusal that the real AWS would give. Holds: one call at a time
touches moto, so that its plain dictionaries are safe; waiting (latency) happens outside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from orchestrator.kit.simulation.faults import STALE
from providers.aws.sandbox import monitoring, staleness, transitions
from providers.aws.sandbox.rules import refusal
from providers.aws.sandbox.tokens import Tokens
from providers.aws.sandbox.wire import Call, failed, read_call

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from providers.aws.sandbox.world import World


@dataclass(slots=True)
class Answer:
    """One answer of moto, held back."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def succeeded(self) -> bool:
        """Whether the call did what it was asked."""
        return self.status.startswith("2")


@dataclass(slots=True)
class Application:
    """A WSGI callable that is one AWS account."""

    world: World
    moto: WSGIApplication = field(default_factory=lambda: DomainDispatcherApplication(create_backend_app))
    tokens: Tokens = field(default_factory=Tokens)

    def reset(self) -> None:
        """An empty account."""
        with self.world.lock:
            self.world.close()
            self.world, self.tokens = self.world.fresh(), Tokens()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call."""
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.world.account
        call = read_call(environ)
        with self.world.lock:
            self.world.settle()
            answer = self._answer(environ, call)
        start_response(answer.status, answer.headers)
        return [answer.body]

    def _answer(self, environ: WSGIEnvironment, call: Call) -> Answer:
        stale = float(environ.get(STALE, 0))
        wrong = (
            self.tokens.mismatch(call)
            or refusal(call, self.world)
            or staleness.refusal(call, self.world, stale)
        )
        if wrong is not None:
            return _run(failed(environ, wrong.status, wrong.code, wrong.message), environ)
        known = self.tokens.answer(call) or monitoring.answer(call, self.world)
        if known is not None:
            return Answer("200 OK", [("Content-Type", "text/xml")], known)
        if call.service == "kms":
            self.world.lend_key(call.region)
        before = transitions.before(call, self.world)
        answer = _run(self.moto, environ)
        if answer.succeeded:
            answer.body = transitions.after(call, self.world, answer.body, before)
            staleness.remember(call, self.world, answer.body)
            self.tokens.keep(call, answer.body)
            answer.body = staleness.strip(call, self.world, answer.body, stale)
        return answer


def _run(application: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    answer = Answer("", [], b"")

    def start(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
        answer.status, answer.headers = status, list(headers)
        return None

    parts = application(environ, start)
    try:
        answer.body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    answer.headers = [(k, v) for k, v in answer.headers if k.lower() != "content-length" or not answer.body]
    return answer
