"""Who holds a stack: the user at a machine, or a CI job with the address at which to look."""

from __future__ import annotations

import getpass
import os
import socket

import pytest

from orchestrator.cli import identity
from orchestrator.cli.identity import holder

RUNNERS = {
    "github": (
        {
            "GITHUB_RUN_ID": "77",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/infra",
            "GITHUB_JOB": "deploy",
            "GITHUB_ACTOR": "carol",
        },
        ("carol", "GitHub Actions https://github.com/acme/infra/actions/runs/77 (deploy)"),
    ),
    "gitlab": (
        {
            "CI_JOB_ID": "9",
            "CI_JOB_URL": "https://gl/j/9",
            "CI_PROJECT_PATH": "a/b",
            "GITLAB_USER_LOGIN": "dan",
        },
        ("dan", "GitLab CI https://gl/j/9 (a/b job 9)"),
    ),
    "jenkins": (
        {"JENKINS_URL": "https://ci", "BUILD_URL": "https://ci/1", "JOB_NAME": "infra", "BUILD_NUMBER": "1"},
        (None, "Jenkins https://ci/1 (infra build 1)"),
    ),
    "azure pipelines": (
        {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
            "SYSTEM_TEAMPROJECT": "infra",
            "BUILD_BUILDID": "5",
            "BUILD_REQUESTEDFOR": "eve",
        },
        ("eve", "Azure Pipelines https://dev.azure.com/acme/infra/_build/results?buildId=5"),
    ),
    "circleci": (
        {"CIRCLE_BUILD_NUM": "3", "CIRCLE_BUILD_URL": "https://c/3", "CIRCLE_USERNAME": "fay"},
        ("fay", "CircleCI https://c/3"),
    ),
    "buildkite": (
        {"BUILDKITE_BUILD_ID": "x", "BUILDKITE_BUILD_URL": "https://b/x", "BUILDKITE_BUILD_CREATOR": "gus"},
        ("gus", "Buildkite https://b/x"),
    ),
    "bitbucket": (
        {"BITBUCKET_BUILD_NUMBER": "8", "BITBUCKET_REPO_FULL_NAME": "acme/infra"},
        (None, "Bitbucket acme/infra build 8"),
    ),
}


def test_at_a_desk_it_is_the_user_the_machine_and_the_process():
    found = holder("apply", {})
    assert found.owner == f"{getpass.getuser()}@{socket.gethostname()}"
    assert (found.command, found.host, found.pid, found.job) == (
        "opsctl apply",
        socket.gethostname(),
        os.getpid(),
        "",
    )


@pytest.mark.parametrize(("environ", "expected"), RUNNERS.values(), ids=RUNNERS)
def test_a_ci_job_is_named_with_who_started_it_and_where_to_look(environ, expected):
    """By the variables that each service documents; where it does not say who, it is the user of the runner."""
    owner, job = expected
    found = holder("apply", environ)
    assert found.job == job
    assert found.owner == (owner or f"{getpass.getuser()}@{socket.gethostname()}")


def test_a_variable_that_the_runner_does_not_set_is_left_out():
    assert holder("apply", {"CI_JOB_ID": "9"}).job == "GitLab CI ( job 9)"


def test_a_user_without_a_name_is_a_number(monkeypatch):
    """As in a container that runs by a bare uid."""

    def unknown():
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(identity.getpass, "getuser", unknown)
    assert holder("apply", {}).owner == f"{os.getuid()}@{socket.gethostname()}"
