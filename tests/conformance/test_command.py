"""`opsctl provider test`, as somebody types it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def opsctl(*words, cwd):
    ran = subprocess.run(
        [sys.executable, "-m", "orchestrator", "provider", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    return ran.returncode, ran.stdout, ran.stderr


KEYS = ("test", "openstack", "--kind", "OS::Nova::KeyPair")


def test_one_kind_is_told_as_text_and_ends_with_0(tmp_path):
    code, out, err = opsctl(*KEYS, "--check", "delete", cwd=tmp_path)
    assert code == 0, err
    assert out.splitlines()[0].split() == ["delete"]
    assert "OS::Nova::KeyPair  ✓ 2" in out
    assert "openstack on sandbox: 1 of 1 check of 1 kind passed" in out
    assert "… OS::Nova::KeyPair  delete" in err


def test_json_has_every_result(tmp_path):
    code, out, err = opsctl(*KEYS, "--check", "replace", "--check", "drift", "--output", "json", cwd=tmp_path)
    said = json.loads(out)
    assert (code, said["kind"], said["passed"]) == (0, "provider-test", True), err
    assert [(r["check"], r["result"]) for r in said["results"]] == [
        ("drift", "inapplicable"),
        ("replace", "passed"),
    ]


def test_junit_has_a_case_for_what_passed(tmp_path):
    code, out, err = opsctl(*KEYS, "--check", "delete", "--output", "junit", cwd=tmp_path)
    assert code == 0, err
    assert '<testcase name="delete" classname="OS::Nova::KeyPair"' in out
    assert 'failures="0"' in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("test", "opnstack"), "no provider 'opnstack' is installed: did you mean 'openstack'"),
        (("test", "openstack", "--kind", "OS::Nova::Sever"), "openstack serves no kind 'OS::Nova::Sever'"),
        (("test", "openstack", "--check", "speed"), "no check 'speed': there are once"),
        (("test", "openstack", "--provider-config", "none.yaml"), "none.yaml cannot be read"),
        (("test", "openstack", "--provider-config", "list.yaml"), "list.yaml:"),
        (
            ("test", "openstack", "--provider-config", "wrong.yaml"),
            "unknown property clod (did you mean 'cloud'",
        ),
    ],
)
def test_what_cannot_be_tested_is_told_without_a_traceback(tmp_path, words, said):
    (tmp_path / "list.yaml").write_text("[1]\n")
    (tmp_path / "wrong.yaml").write_text("clod: x\n")
    code, out, err = opsctl(*words, cwd=tmp_path)
    assert (code, out) == (1, "")
    assert said in err
    assert "Traceback" not in err
