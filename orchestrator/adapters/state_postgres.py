"""State in PostgreSQL: rows, many stacks in one database, a lease that expires by the server's clock.

Settings: ``url``, or ``host``, ``port``, ``database``, ``user``, ``password``; ``sslmode``, ``sslrootcert``,
``sslcert``, ``sslkey``; ``schema`` (default ``opsctl``); ``timeout`` (default 40s), how long the server may take for
one statement. What is not said comes from libpq's environment (PGHOST,
PGPASSWORD, PGSERVICE …) and ~/.pgpass. A password is written by reference: ``env:NAME`` or ``file:PATH``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from orchestrator.adapters.postgres_rows import PostgresRows
from orchestrator.adapters.stack_rows import Rows
from orchestrator.adapters.state_rows import RowsBackend
from orchestrator.kit.state_settings import refuse_unknown
from orchestrator.model.duration import seconds
from orchestrator.model.errors import StateError
from orchestrator.model.ids import StackId
from orchestrator.model.schema import Property
from orchestrator.model.values import reveal
from orchestrator.seams.cipher import Cipher
from orchestrator.seams.clock import Clock

if TYPE_CHECKING:
    from orchestrator.adapters.postgres_store import PostgresStore

T = TypeVar("T")
_FILES: Final = ("sslrootcert", "sslcert", "sslkey")
_LIBPQ: Final = {
    "database": "dbname",
    **{name: name for name in ("host", "port", "user", "password", "sslmode", *_FILES)},
}
SETTINGS: Final = Property(
    "object",
    "rows in a PostgreSQL database that many stacks share; what is not said comes from libpq's environment",
    properties={
        "url": Property(
            "string", "by reference where a password is in it; or the settings below", secret=True
        ),
        "host": Property("string", "else PGHOST"),
        "port": Property(("integer", "string"), "else PGPORT, or 5432"),
        "database": Property("string", "else PGDATABASE"),
        "user": Property("string", "else PGUSER"),
        "password": Property("string", "by reference; else PGPASSWORD or ~/.pgpass", secret=True),
        "sslmode": Property("string", "as libpq has it: require, verify-full, disable …"),
        "sslrootcert": Property("string", "a file: whom to trust"),
        "sslcert": Property("string", "a file: our own certificate"),
        "sslkey": Property("string", "a file: its key"),
        "schema": Property("string", "where our tables are; made where it is not there", default="opsctl"),
        "timeout": Property(
            ("string", "number"), "how long the server may take for one statement", default="40s"
        ),
    },
)
_PASSWORD: Final = re.compile(r"://[^/@:]*:[^@]*@|password\s*=")


def open_backend(
    settings: Mapping[str, Any], *, stack: StackId, folder: Path, clock: Clock, cipher: Cipher
) -> PostgresBackend:
    """The state of ``stack``. Raises StateError where the settings are wrong; no connection is made yet."""
    refuse_unknown("postgresql", settings, SETTINGS)
    _by_reference(settings)
    schema = str(settings.get("schema", "opsctl"))
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", schema):
        raise StateError(f"the postgresql backend's schema must be a plain name, not {schema!r}")
    timeout = _timeout(settings)
    try:
        import psycopg  # noqa: PLC0415 - only who keeps state here pays
        import psycopg.sql  # noqa: PLC0415

        from orchestrator.adapters.postgres_store import PostgresStore  # noqa: PLC0415
    except ImportError as error:
        raise StateError(
            f"state in PostgreSQL needs psycopg ({error}): install opsctl-orchestrator[postgres]"
        ) from error
    parameters = _parameters(reveal(settings), folder)
    store = PostgresStore(parameters, schema, driver=psycopg, timeout=timeout)
    return PostgresBackend(store, stack, clock, cipher)


def _timeout(settings: Mapping[str, Any]) -> float:
    given = settings.get("timeout", SETTINGS.properties["timeout"].default)
    try:
        timeout = seconds(given)
    except ValueError as error:
        raise StateError(f"state.timeout: {error}") from None
    if timeout <= 0:
        raise StateError(f"state.timeout is {given}: write a time such as 40s")
    return timeout


def _by_reference(settings: Mapping[str, Any]) -> None:
    """A password never stands in a file that is committed, nor in a plan."""
    if isinstance(settings.get("password"), str):
        raise StateError("state.password must be a reference, such as env:PGPASSWORD or file:/run/secrets/pg")
    if isinstance(settings.get("url"), str) and _PASSWORD.search(settings["url"]):
        raise StateError(
            "state.url has a password in it: write url: env:NAME, or password: env:NAME beside it"
        )


def _parameters(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for name, value in settings.items():
        if name in _FILES:
            parameters[name] = str(folder / str(value))
        elif name in _LIBPQ:
            parameters[_LIBPQ[name]] = value
    if settings.get("url"):
        parameters["conninfo"] = settings["url"]
    return parameters


class PostgresBackend(RowsBackend):
    """One stack's state; safe to use from several threads."""

    def __init__(self, store: PostgresStore, stack: StackId, clock: Clock, cipher: Cipher) -> None:
        super().__init__(stack, clock, cipher)
        self._store = store

    def close(self) -> None:
        """Stop renewing and let go of the connection."""
        super().close()
        self._store.close()

    def _exists(self) -> bool:
        return self._store.exists()

    def _ensure(self) -> None:
        self._store.ensure()

    def _do(self, work: Callable[[Rows], T], *, write: bool = False) -> T:
        return self._store.run(
            lambda connection: work(PostgresRows(connection, self._stack, self._cipher, write=write)),
            write=write,
        )
