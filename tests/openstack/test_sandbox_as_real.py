"""Call by call: what the simulator answers is what the real cloud answered, and still answers.

The recordings lie beside the simulator; `python -m tests.openstack.recording` makes them anew.
"""

from __future__ import annotations

import time

import pytest

from providers.openstack.sandbox import seed
from tests.openstack.conftest import Project, connected
from tests.openstack.recording import WALKS, differences, missed, recorded, walked
from tests.openstack.recording.recorder import Recorder

EXTRAS = {"balancing", "objects", "quota"}
"""Walks through services that only a whole OpenStack has."""
each_walk = pytest.mark.parametrize("name", WALKS)


@pytest.fixture
def fresh_project():
    """A project in which nothing was, so that what is counted is the walk's own."""
    made = Project()
    yield made
    made.close()


@each_walk
def test_the_simulator_answers_as_the_real_cloud_did(simulated, name):
    """Status, names, values and states, compared with the recording."""
    settings = dict(simulated.settings)
    if WALKS[name][0] == "admin":  # in a project of its own, as on the real cloud
        simulated.cloud.projects.append(
            seed.Project("own", "own", seed.PASSWORD, ("admin", "manager", "member", "reader"))
        )
        settings |= {"username": "own", "project_name": "own"}
    connection = connected(settings)
    here = walked(name, Recorder(connection, wait=lambda: simulated.wait(0.6)))
    connection.close()
    assert len(here) > 15
    assert missed(here) == []
    assert differences(recorded(name), here) == []


@pytest.mark.server
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.extras] if n in EXTRAS else []) for n in WALKS]
)
def test_the_real_cloud_answers_as_was_recorded(fresh_project, name):
    """The recording is no older than the cloud."""
    connection = connected(fresh_project.settings(WALKS[name][0]))
    there = walked(name, Recorder(connection, wait=lambda: time.sleep(0.2)))
    connection.close()
    assert differences(recorded(name), there) == []
