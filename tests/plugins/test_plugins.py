"""Plugins are loaded by name, and what is wrong with one is said in one line that names it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters import plugins
from orchestrator.adapters.plugins import BACKENDS, PROVIDERS, SECRETS, PluginError

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution with one module and its entry points, for one test."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(module: str, text: str, entry_points: str) -> None:
        (tmp_path / f"{module}.py").write_text(text)
        folder = tmp_path / f"{module}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}-dist\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(entry_points)
        _forget()

    yield install
    _forget()


def _forget() -> None:
    plugins.installed.cache_clear()
    plugins.load.cache_clear()


def test_what_ships_is_installed_by_name() -> None:
    assert set(plugins.installed(PROVIDERS)) >= {"local", "aws", "azure", "openstack"}
    assert set(plugins.installed(BACKENDS)) >= {"sqlite", "s3"}
    assert set(plugins.installed(SECRETS)) >= {"env", "file"}
    assert plugins.load(PROVIDERS, "local").family == "local"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PluginError, match="no provider 'lokal' is installed: did you mean 'local'"):
        plugins.load(PROVIDERS, "lokal")


def test_a_name_that_is_like_none_is_answered_with_all() -> None:
    with pytest.raises(PluginError, match=r"no secret source 'xyzzy' is installed: installed: .*env, file"):
        plugins.load(SECRETS, "xyzzy")


def test_a_plugin_of_another_distribution_is_found_and_not_imported_before_it_is_asked_for(
    install: Install,
) -> None:
    install("moonshine", "manifest = 'the moon'\n", "[opsctl.providers]\nmoon = moonshine:manifest\n")
    assert "moon" in plugins.installed(PROVIDERS)
    assert "moonshine" not in sys.modules
    assert plugins.load(PROVIDERS, "moon") == "the moon"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_sdk\n", "ModuleNotFoundError: No module named 'no_such_sdk'"),
        ("raise RuntimeError('two\\nlines')\n", "RuntimeError: two lines"),
        ("", "AttributeError: module 'broken"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_with_its_distribution(
    install: Install, request: pytest.FixtureRequest, text: str, said: str
) -> None:
    module = f"broken{abs(hash(request.node.name))}"
    install(module, text, f"[opsctl.backends]\nbad = {module}:open_backend\n")
    with pytest.raises(PluginError) as caught:
        plugins.load(BACKENDS, "bad")
    message = str(caught.value)
    assert message.startswith(f"the state backend 'bad' of {module}-dist cannot be loaded: ")
    assert said in message
    assert "\n" not in message


def test_of_two_plugins_with_one_name_the_first_installed_is_kept(install: Install) -> None:
    """A second distribution cannot take a name over by being found later."""
    install("usurper", "manifest = 'not us'\n", "[opsctl.providers]\nusurped = usurper:manifest\n")
    install("second", "manifest = 'second'\n", "[opsctl.providers]\nusurped = second:manifest\n")
    first = next(p for p in plugins.entry_points(group=PROVIDERS) if p.name == "usurped")
    assert plugins.load(PROVIDERS, "usurped") == first.load()
