"""`opsctl provider new`: what it writes is installed, passes the suite, and is found by every command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def run(*words, cwd, path=""):
    environ = {**os.environ, "PYTHONPATH": path, "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False, cwd=cwd, env=environ
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_a_new_provider_works_out_of_the_box(tmp_path):
    """Written, installed beside this environment, put to the test by the command and by its own test."""
    code, out, err = run("orchestrator", "provider", "new", "moonbase", cwd=tmp_path)
    assert code == 0, err
    place = tmp_path / "opsctl-moonbase"
    assert f"opsctl-moonbase{os.sep}opsctl_moonbase{os.sep}kinds.py" in out
    assert not [p for p in place.rglob("*") if p.is_file() and "acme" in p.read_text("utf-8").lower()]
    build = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    code, _, err = run("pip", "install", *build, "--target", str(tmp_path / "site"), ".", cwd=place)
    assert code == 0, err
    path = os.pathsep.join([str(place), str(tmp_path / "site")])
    code, out, err = run("orchestrator", "provider", "test", "moonbase", cwd=place, path=path)
    assert code == 0, out + err
    assert "moonbase on sandbox: 13 of 13 checks of 1 kind passed" in out
    code, out, err = run("pytest", "-q", "-p", "no:cacheprovider", cwd=place, path=path)
    assert code == 0, out + err
    code, out, err = run("orchestrator", "explain", "Moonbase::Box", cwd=place, path=path)
    assert code == 0, err
    assert "how much goes in" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("My-Cloud",), "hint: write mycloud"),
        (("openstack",), "a provider openstack is installed already"),
        (("moonbase", "--folder", "there"), "there is there already: nothing was written"),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path, words, said):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_text("mine\n")
    code, out, err = run("orchestrator", "provider", "new", *words, cwd=tmp_path)
    assert (code, out) == (1, "")
    assert said in err
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "there"]
