"""The connection of the PostgreSQL backend: made when it is needed, made again where it broke, errors in our words.

Every transaction is one round of work that may be run again: where the connection breaks, nobody knows whether
COMMIT arrived, and the work itself finds out. A client that is stopped in the middle of a transaction would hold
the stack's row: the server ends such a session after a few seconds. A server, or a network, that keeps a connection
open and says nothing on it is given up after a time too: no deadline of the server's own can be heard then.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from orchestrator.adapters.postgres_rows import STEPS
from orchestrator.model.errors import StateError

T = TypeVar("T")
_PAUSES: Final = (0.1, 0.4, 1.0, 2.0)
"""Seconds before each new try after a connection broke."""
_STUCK: Final = "5s"
_GRACE: Final = 1.25
"""So much longer than that we listen: the server's own word for a timeout says more than its silence."""
_ENOUGH: Final = 60.0
"""Seconds after which a connection that broke is not made again."""
_BEGIN: Final = (
    "BEGIN ISOLATION LEVEL {level}; SET LOCAL idle_in_transaction_session_timeout = '{stuck}'; "
    "SET LOCAL lock_timeout = '15s'; SET LOCAL statement_timeout = '{timeout}ms'; SET LOCAL search_path = {schema}"
)
_LOCK: Final = 0x6F707363
"""One number for all who make tables at the same time; shared with nobody else, we hope."""
_ALIVE: Final[Mapping[str, Any]] = {
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
    "application_name": "opsctl",
}


class _SilenceError(Exception):
    """Nothing was heard for too long."""


class PostgresStore:
    """One database, used by one thread at a time. ``parameters`` are libpq's; ``place`` names it without secrets.

    ``timeout`` is how many seconds the server may take for one statement.
    """

    def __init__(self, parameters: Mapping[str, Any], schema: str, *, driver: Any, timeout: float) -> None:
        self._driver = driver
        self._timeout = timeout
        self._parameters = self._with_defaults(parameters)
        self._schema = schema
        self._guard = threading.RLock()
        self._connection: Any = None
        self._ready = False
        self.place = self._told()

    def _with_defaults(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Ours count where the stack's url says nothing."""
        try:
            given = self._driver.conninfo.conninfo_to_dict(str(parameters.get("conninfo", "")))
        except self._driver.Error as error:
            raise StateError(f"the postgresql backend's url cannot be read: {error}") from None
        connecting = max(1, round(min(_ALIVE["connect_timeout"], self._timeout)))
        ours = {**_ALIVE, "connect_timeout": connecting}
        return {**{name: value for name, value in ours.items() if name not in given}, **parameters}

    def exists(self) -> bool:
        """Whether our tables are there. Raises StateError where they are of a newer format."""
        if not self._ready:
            self._ready = self.run(self._version) > 0
        return self._ready

    def ensure(self) -> None:
        """Make our tables, or bring them to this version; who comes at the same time waits."""
        if not self._ready or self.run(self._version) < len(STEPS):
            self.run(self._make, write=True)
            self._ready = True

    def run(self, work: Callable[[Any], T], *, write: bool = False) -> T:
        """``work`` in one transaction, durable when this returns. Raises StateError with the place and the cause."""
        with self._guard:
            begun = time.monotonic()
            for pause in (*_PAUSES, None):
                fresh = self._connection is None
                try:
                    return self._once(work, write=write)
                except self._driver.Error as error:
                    lost = self._lost(error)
                    refused = fresh and self._connection is None and pause == _PAUSES[0]
                    late = time.monotonic() - begun > _ENOUGH
                    if refused or not lost or late or pause is None:
                        raise StateError(self._explain(error)) from error
                    time.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def close(self) -> None:
        """Let go of the connection."""
        with self._guard:
            self._drop()

    def _once(self, work: Callable[[Any], T], *, write: bool) -> T:
        connection = self._open()
        level = "READ COMMITTED" if write else "REPEATABLE READ READ ONLY"
        quoted = self._driver.sql.Identifier(self._schema).as_string(connection)
        try:
            timeout = round(self._timeout * 1000)
            connection.execute(_BEGIN.format(level=level, stuck=_STUCK, timeout=timeout, schema=quoted))
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            with suppress(self._driver.Error):
                if not connection.closed:
                    connection.execute("ROLLBACK")
            raise
        return result

    def _open(self) -> Any:
        if self._connection is None:
            made = self._driver.connect(**self._parameters, autocommit=True, prepare_threshold=None)
            made.wait = self._listening(made)
            made.execute("SET client_min_messages = error")
            self._connection = made
        return self._connection

    def _listening(self, connection: Any) -> Callable[..., Any]:
        """Psycopg's own wait, which has no end, with one: a connection on which nothing is said any more is closed."""
        wait, longest = connection.wait, self._timeout * _GRACE

        def bounded(steps: Generator[Any, int, Any], *rest: Any, **named: Any) -> Any:
            try:
                return wait(_heard(steps, longest), *rest, **named)
            except _SilenceError:
                connection.close()
                said = f"it said nothing for {longest:.3g} s"
                raise self._driver.OperationalError(said) from None

        return bounded

    def _lost(self, error: Exception) -> bool:
        """Whether the connection is gone, or was refused; a new one is made next time."""
        if self._connection is None:
            return isinstance(error, self._driver.OperationalError)
        if self._connection.closed:
            self._drop()
            return True
        return getattr(error, "sqlstate", "") in ("40001", "40P01")

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(self._driver.Error):
                self._connection.close()
            self._connection = None

    def _version(self, connection: Any) -> int:
        if connection.execute("SELECT to_regclass('format')").fetchone()[0] is None:
            return 0
        row = connection.execute("SELECT version FROM format").fetchone()
        version = row[0] if row else 0
        if version > len(STEPS):
            raise StateError(
                f"{self.place} was written by a newer opsctl (state format {version}; this one knows {len(STEPS)}): "
                "use that version; the state is left untouched"
            )
        return int(version)

    def _make(self, connection: Any) -> None:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        name = self._driver.sql.Identifier(self._schema)
        there = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (self._schema,))
        if there.fetchone() is None:
            connection.execute(self._driver.sql.SQL("CREATE SCHEMA {}").format(name))
        version = self._version(connection)
        if version == 0:
            connection.execute("CREATE TABLE format (version integer NOT NULL)")
            connection.execute("INSERT INTO format VALUES (0)")
        for step in STEPS[version:]:
            connection.execute(step)
        connection.execute("UPDATE format SET version = %s", (len(STEPS),))

    def _told(self) -> str:
        """As a person writes it: ``postgresql://host:port/database``, never with a password."""
        given = self._driver.conninfo.conninfo_to_dict(
            str(self._parameters.get("conninfo", "")),
            **{k: v for k, v in self._parameters.items() if k != "conninfo"},
        )
        host = given.get("host") or given.get("hostaddr") or "localhost"
        port = f":{given['port']}" if given.get("port") else ""
        return f"postgresql://{host}{port}/{given.get('dbname') or given.get('user') or ''}"

    def _explain(self, error: Exception) -> str:
        said = " ".join(str(error).split())
        state = getattr(error, "sqlstate", None) or ""
        for marks, advice in _ADVICE:
            if any(mark in state or (len(mark) > 5 and mark in said) for mark in marks):
                return f"{self.place}: {said}; {advice}"
        return f"{self.place}: {said}; check the server, the network and state's settings in opsctl.yaml"


def _heard(steps: Generator[Any, int, T], longest: float) -> Generator[Any, int, T]:
    """The same steps; they are told now and then that nothing has come (0), and that may not go on for ever."""
    last = time.monotonic()
    try:
        wanted = next(steps)
        while True:
            ready = yield wanted
            if ready:
                last = time.monotonic()
            elif time.monotonic() - last > longest:
                raise _SilenceError
            wanted = steps.send(ready)
    except StopIteration as ended:
        return ended.value  # type: ignore[no-any-return]


_ADVICE: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (
        ("28P01", "password authentication failed", "no password supplied"),
        "check state.user and state.password",
    ),
    (("3D000", "does not exist"), "create it, or correct state.database"),
    (
        ("25006", "read-only transaction"),
        "it is read-only (a standby?): set state.host to the primary; nothing was written",
    ),
    (("42501",), "the user may not do that: grant it CREATE on the database, or make the schema for it"),
    (("53100", "53200"), "the server's disk or memory is full: nothing was written"),
    (
        ("55P03", "57014"),
        "the server did not get to it in time: somebody holds the stack's row, or it is slow (state.timeout)",
    ),
    (
        ("said nothing", "timeout expired"),
        "it, or something on the way to it, takes connections and does not answer: check both, then run this again",
    ),
    (("SSL", "certificate"), "check state.sslmode and state.sslrootcert"),
    (("server closed the connection", "terminating connection", "57P01", "57P03"), "it went away, try again"),
)
