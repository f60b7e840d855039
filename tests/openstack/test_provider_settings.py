"""Settings that lead nowhere: each says what was wrong, what there is, and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.model.errors import PermanentError
from orchestrator.model.ids import ProviderName
from orchestrator.model.values import Secret
from orchestrator.seams.manifest import Context
from providers.openstack.provider import OpenStackProvider
from tests.openstack.conftest import STACK


def account(settings) -> str:
    context = Context(ProviderName("openstack"), STACK, Path())
    return OpenStackProvider(settings, context).account()


def refused(settings) -> str:
    with pytest.raises(PermanentError) as failure:
        account(settings)
    return failure.value.message


def test_a_region_that_is_none_is_named_beside_those_that_are(simulated):
    said = refused({**simulated.settings, "region_name": "RegionOnee"})
    assert "no service is in the region 'RegionOnee'; known: RegionOne" in said
    assert "did you mean 'RegionOne'?" in said


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"password": Secret("expired", "env:P", "v1")}, "username 'demo'"),
        ({"project_name": "nope"}, "project_name 'nope'"),
    ],
    ids=["password", "project"],
)
def test_credentials_that_are_refused_are_named_without_the_password(simulated, wrong, named):
    said = refused({**simulated.settings, **wrong})
    assert named in said
    assert "has the user a role in the project?" in said
    assert "expired" not in said.replace("not expired", "")


def test_a_cloud_that_clouds_yaml_does_not_have_is_named_beside_those_that_it_has(
    simulated, tmp_path, monkeypatch
):
    file = tmp_path / "clouds.yaml"
    file.write_text("clouds: {production: {auth: {auth_url: http://127.0.0.1:1/v3}}}")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    said = refused({"cloud": "prodution"})
    assert "clouds.yaml has production; did you mean 'production'?" in said


def test_clouds_yaml_and_variables_lead_to_the_same_project(simulated, tmp_path, monkeypatch):
    """Three ways to say the same: written out, by a name in clouds.yaml, by OS_* variables."""
    written = account(simulated.settings)
    auth = {k: v for k, v in simulated.settings.items() if k != "region_name"}
    pairs = ", ".join(f'{name}: "{value}"' for name, value in auth.items())
    file = tmp_path / "clouds.yaml"
    file.write_text(f"clouds: {{mine: {{region_name: RegionOne, auth: {{{pairs}}}}}}}")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(file))
    assert account({"cloud": "mine"}) == written
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "none.yaml"))
    for name, value in {**auth, "region_name": "RegionOne"}.items():
        monkeypatch.setenv(f"OS_{name.upper()}", str(value))
    assert account({}) == written


def test_an_image_name_that_two_have_is_refused_with_both(bench):
    """The message has both ids, so that one of them can be written."""
    ids = []
    for _ in range(2):
        body = {"name": bench.name, "disk_format": "raw", "container_format": "bare"}
        ids.append(bench.raw.image.post("/images", json=body).json()["id"])
    with pytest.raises(PermanentError) as failure:
        bench.make("OS::Nova::Server", {"image": bench.name, "flavor": "m1.tiny", "networks": []})
    for id in ids:
        assert id in failure.value.message
        bench.raw.image.delete(f"/images/{id}").raise_for_status()
