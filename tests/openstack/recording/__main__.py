"""Record anew: `python -m tests.openstack.recording [WALK …]`, with a real cloud named `ostest` in clouds.yaml.

Says what changed, and writes it beside the simulator.
"""

from __future__ import annotations

import sys
import time

from tests.openstack.conftest import Project, connected
from tests.openstack.recording import FOLDER, WALKS, differences, missed, recorded, walked, write
from tests.openstack.recording.recorder import Recorder


def main(names: list[str]) -> None:
    """Make each walk in a project of its own."""
    for name in names or list(WALKS):
        project = Project()
        connection = connected(project.settings(WALKS[name][0]))
        try:
            seen = walked(name, Recorder(connection, wait=lambda: time.sleep(0.2)))
        finally:
            connection.close()
            project.close()
        before = recorded(name) if (FOLDER / f"{name}.json").exists() else {}
        lost = [label for label in missed(seen) if label not in before]
        if lost:
            raise SystemExit(f"{name}: had ended before it was asked for, so record again: {', '.join(lost)}")
        changed = differences(before, seen)
        seen |= {label: before[label] for label in missed(seen)}
        sys.stdout.write(
            "\n".join([f"{name}: {len(seen)} answers, {len(changed)} of them new", *changed]) + "\n"
        )
        write(name, seen)


main(sys.argv[1:])
