"""Who runs this: the user at this machine, or the CI job, so that others know whom to ask and what to look at."""

from __future__ import annotations

import getpass
import os
import socket
import time
from collections.abc import Mapping
from typing import Final, NamedTuple

from orchestrator.seams.state import Holder


class _Runner(NamedTuple):
    """How a CI service tells of its job. ``job`` is filled in from the environment; ``owner`` is a variable."""

    mark: str
    name: str
    job: str
    owner: str = ""


_RUNNERS: Final = (
    _Runner(
        "GITHUB_RUN_ID",
        "GitHub Actions",
        "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID} ({GITHUB_JOB})",
        "GITHUB_ACTOR",
    ),
    _Runner(
        "CI_JOB_ID", "GitLab CI", "{CI_JOB_URL} ({CI_PROJECT_PATH} job {CI_JOB_ID})", "GITLAB_USER_LOGIN"
    ),
    _Runner("JENKINS_URL", "Jenkins", "{BUILD_URL} ({JOB_NAME} build {BUILD_NUMBER})", "BUILD_USER_ID"),
    _Runner(
        "TF_BUILD",
        "Azure Pipelines",
        "{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
        "BUILD_REQUESTEDFOR",
    ),
    _Runner("CIRCLE_BUILD_NUM", "CircleCI", "{CIRCLE_BUILD_URL}", "CIRCLE_USERNAME"),
    _Runner("BUILDKITE_BUILD_ID", "Buildkite", "{BUILDKITE_BUILD_URL}", "BUILDKITE_BUILD_CREATOR"),
    _Runner(
        "BITBUCKET_BUILD_NUMBER", "Bitbucket", "{BITBUCKET_REPO_FULL_NAME} build {BITBUCKET_BUILD_NUMBER}"
    ),
)


def holder(command: str, environ: Mapping[str, str] | None = None) -> Holder:
    """Who takes the stack now."""
    given = os.environ if environ is None else environ
    host = socket.gethostname()
    who, job = f"{_user()}@{host}", ""
    for runner in _RUNNERS:
        if given.get(runner.mark):
            job = f"{runner.name} {runner.job.format_map(_Missing(given)).strip()}"
            who = given.get(runner.owner) or who
            break
    return Holder(who, f"opsctl {command}", time.time(), host, os.getpid(), job)


class _Missing(dict[str, str]):
    """A variable that the runner does not set is left out of the text."""

    def __missing__(self, key: str) -> str:
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
