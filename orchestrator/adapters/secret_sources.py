"""Secrets by reference, from and to whichever installed plugin serves their scheme.

Enters: references such as ``env:NAME`` or ``vault.eu:kv/app#key`` (a second instance of a scheme, with settings of its
own). Leaves: secrets by reference, and what the sources noticed on the way. Holds: each reference is resolved once a
run and kept in memory only; stores are asked at the same time; an untrusted plan resolves none but those of sources
that the trusted configuration opens for it, and of no source that reads this machine.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

from orchestrator.adapters import plugins
from orchestrator.adapters.sandbox_host import reachable
from orchestrator.kit.secret_references import FORBIDDEN, STORING, refusal
from orchestrator.model.diagnostic import Diagnostic, Severity
from orchestrator.model.errors import OutcomeUnknownError, ProviderError, SecretsError, TransientError
from orchestrator.model.ids import ProviderName, family
from orchestrator.model.plan import Charter
from orchestrator.model.values import Secret, texts_in
from orchestrator.seams.secrets import Answers, SecretPlugin, SecretSource

REFERENCE: Final = re.compile(r"[a-z][a-z-]*(\.[\w-]+)?:.")
_TRIES: Final = 4
_CORE: Final = frozenset({"provider", "untrusted"})
"""Settings that are read here, and are no plugin's."""
T = TypeVar("T")


def scheme_of(reference: str) -> str:
    """``vault.eu`` of ``vault.eu:kv/app#key``."""
    return reference.partition(":")[0]


def plugin_of(scheme: str) -> SecretPlugin:
    """What serves a scheme. Raises PluginError."""
    found: SecretPlugin = plugins.load(plugins.SECRETS, scheme.partition(".")[0])
    return found


class SecretSources:
    """Every reference resolved by the source of its scheme; what a source noticed on the way is kept."""

    def __init__(
        self,
        charter: Charter,
        folder: Path,
        *,
        untrusted: bool,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.charter = charter
        self.folder = folder
        self.untrusted = untrusted
        self.noticed: list[Diagnostic] = []
        self._sleep = sleep
        self._lock = threading.RLock()
        self._open: dict[str, SecretSource] = {}
        self._known: dict[str, Secret | ProviderError] = {}
        self._opening: list[str] = []
        self._params = [value for value in charter.params.values() if isinstance(value, Secret)]

    @property
    def calls(self) -> Mapping[str, int]:
        """How many calls each store was asked."""
        return {s: n for s, source in self._open.items() if (n := sum(source.calls.values()))}

    def plain(self) -> Sequence[str]:
        """Every value that is known in this run, so that it can be kept out of what is said."""
        known = [*self._known.values(), *self._params]
        return [v for s in known if isinstance(s, Secret) for v in texts_in(s.value)]

    def resolve(self, references: Iterable[str], *, trusted: bool = False) -> Mapping[str, Secret]:
        """The secrets by reference. Raises SecretsError with every one that is not to be had."""
        answers = self.ask(references, trusted=trusted)
        wrong = {r: a for r, a in answers.items() if isinstance(a, ProviderError)}
        if wrong:
            raise SecretsError(wrong)
        return {r: a for r, a in answers.items() if isinstance(a, Secret)}

    def ask(self, references: Iterable[str], *, trusted: bool = False) -> Answers:
        """An answer for every reference; ``trusted``: of settings, which do not come from a stranger."""
        wanted = sorted(set(references))
        with self._lock:
            allowed = [r for r in wanted if trusted or not self.untrusted or self._opened_to_all(r)]
            fresh = [r for r in allowed if r not in self._known]
            self._ask(fresh)
            if not trusted:  # credentials of settings are no part of a spec, whose changes would be told
                self._say_what_is_not_tracked(fresh)
            refused = {r: _untrusted(r) for r in wanted if r not in allowed}
            return {**{r: self._known[r] for r in allowed}, **refused}

    def unwritable(self, reference: str) -> str:
        """Why nothing can be stored there: no such scheme, or one that is only read."""
        if not REFERENCE.match(reference):
            return f"{reference!r} is no reference: write a store and a name, such as vault:kv/app#key"
        try:
            plugin = plugin_of(scheme_of(reference))
        except plugins.PluginError as error:
            return f"{reference}: {error}"
        return "" if plugin.sink is not None else f"{reference}: nothing can be stored in {plugin.scheme}:"

    def store(self, reference: str, value: str) -> Secret:
        """Put a value into its sink; a later question for it is answered without asking the store again."""
        problem = self.unwritable(reference)
        plugin = plugin_of(scheme_of(reference))
        if problem or plugin.sink is None:
            raise refusal(reference, problem.removeprefix(f"{reference}: "), doing=STORING)
        sink = plugin.sink(self._settings(scheme_of(reference), plugin), self.folder)
        version = self._patiently(lambda: sink.store(reference, value))
        made = Secret(value, reference, version)
        with self._lock:
            self._known[reference] = made
        return made

    def _ask(self, references: Sequence[str]) -> None:
        by_scheme: dict[str, list[str]] = {}
        for reference in references:
            by_scheme.setdefault(scheme_of(reference), []).append(reference)
        if not by_scheme:
            return
        sources = {
            scheme: self._source(scheme) for scheme in by_scheme
        }  # one after the other: they may need another
        with ThreadPoolExecutor(max_workers=len(by_scheme)) as pool:
            asked = {s: pool.submit(self._answers, sources[s], group) for s, group in by_scheme.items()}
        for future in asked.values():
            self._known.update(future.result())
        for source in self._open.values():
            told = [Diagnostic(text, severity=Severity.WARNING) for text in source.warnings]
            self.noticed += [d for d in told if d not in self.noticed]

    def _answers(self, source: SecretSource | ProviderError, group: Sequence[str]) -> Answers:
        """A store that is down is one cause for all that was asked of it."""
        try:
            if isinstance(source, ProviderError):
                raise source
            return self._patiently(lambda: source.resolve(group))
        except ProviderError as error:
            return dict.fromkeys(group, error)

    def _patiently(self, call: Callable[[], T]) -> T:
        for attempt in range(1, _TRIES + 1):
            try:
                return call()
            except (TransientError, OutcomeUnknownError) as error:
                if attempt == _TRIES:
                    raise
                wait = error.retry_after if isinstance(error, TransientError) else None
                self._sleep(0.25 * 2**attempt if wait is None else wait)
        raise AssertionError("unreachable")

    def _source(self, scheme: str) -> SecretSource | ProviderError:
        """The source of a scheme, opened once; or why its settings cannot be used."""
        if scheme not in self._open:
            plugin = plugin_of(scheme)
            try:
                self._open[scheme] = plugin.source(self._settings(scheme, plugin), self.folder)
            except ProviderError as error:
                return error
            except SecretsError as error:
                return refusal(f"secrets.{scheme}", "; ".join(error.told()))
        return self._open[scheme]

    def _settings(self, scheme: str, plugin: SecretPlugin) -> Mapping[str, Any]:
        """Its own settings over those of the provider whose cloud it is part of; credentials resolved."""
        given = {k: v for k, v in self.charter.secrets.get(scheme, {}).items() if k not in _CORE}
        reached = (
            reachable(plugin.family, {**self._lent(scheme, plugin), **given}) if plugin.family else given
        )
        known = plugin.settings.properties
        whole = {k: v for k, v in reached.items() if k in known or k == "key"}
        return self._revealed(scheme, plugin, whole)

    def _lent(self, scheme: str, plugin: SecretPlugin) -> Mapping[str, Any]:
        own = self.charter.secrets.get(scheme, {})
        name = ProviderName(str(own.get("provider") or plugin.family))
        lender = self.charter.providers.get(name, {})
        if own.get("provider") and (name not in self.charter.providers or family(name) != plugin.family):
            raise refusal(
                f"secrets.{scheme}", f"{name} is no configured provider of the family {plugin.family}"
            )
        known = {*plugin.settings.properties, "endpoint"}
        return {k: v for k, v in lender.items() if k in known}

    def _revealed(self, scheme: str, plugin: SecretPlugin, settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Credentials are written by reference, which may lead to another source, and never back to this one."""
        known = plugin.settings.properties
        references = {
            name: value
            for name, value in settings.items()
            if name in known and known[name].secret and isinstance(value, str) and REFERENCE.match(value)
        }
        if not references:
            return settings
        if scheme in self._opening:
            circle = " -> ".join([*self._opening, scheme])
            raise refusal(f"secrets.{scheme}", f"its settings need a secret of its own ({circle})")
        self._opening.append(scheme)
        try:
            found = self.resolve(references.values(), trusted=True)
        finally:
            self._opening.remove(scheme)
        return {**settings, **{name: found[reference].value for name, reference in references.items()}}

    def _opened_to_all(self, reference: str) -> bool:
        """Whether the trusted configuration lets a stranger's files read from this source."""
        scheme = scheme_of(reference)
        opened = self.charter.secrets.get(scheme, {}).get("untrusted") is True
        return opened and not plugin_of(scheme).local

    def _say_what_is_not_tracked(self, references: Sequence[str]) -> None:
        """Product: where there is neither a version nor a key, it is said."""
        untracked = [r for r in references if isinstance(s := self._known.get(r), Secret) and not s.version]
        if untracked:
            hint = (
                f"set secrets.{scheme_of(untracked[0])}.key in opsctl.yaml to a reference, such as env:NAME"
            )
            text = f"changes of {', '.join(untracked)} are not tracked: there is no version, and no key to make one"
            told = Diagnostic(text, hint=hint, severity=Severity.NOTE)
            self.noticed += [told] if told not in self.noticed else []


def _untrusted(reference: str) -> ProviderError:
    reason = "an untrusted plan resolves no secrets of this source"
    return refusal(reference, reason, FORBIDDEN)
