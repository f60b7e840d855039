"""`make crash`: the whole machine, or a part of it, and the table of what it found.

Parts are merged: each writes a file to the folder of results, and the table is made of all files there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.crash.arena import Arena, Simulated
from tests.crash.director import Director
from tests.crash.journeys import JOURNEYS
from tests.crash.machine import Machine, Verdict
from tests.crash.real import Real

OUT: Final = Path(__file__).parent / "out"
PAGE: Final = Path(__file__).parents[2] / "docs" / "crash-results.md"
CLOUDS: Final = (*JOURNEYS, "real-openstack")


@dataclass
class Tally:
    """What was tried on one step of one cloud with one number of threads."""

    cloud: str
    threads: int
    step: str
    places: set[str] = field(default_factory=set)
    tried: int = 0
    violations: list[str] = field(default_factory=list)

    def count(self, verdict: Verdict) -> None:
        """One more trial."""
        self.tried += 1
        self.places.add(verdict.trial.boundary.place)
        if verdict.complaints:
            self.violations.append(f"{verdict.struck}: {verdict.complaints[0][:300]}")


def main() -> int:
    """Run what is asked for; 1 where there was a violation."""
    given = _parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    if not given.table:
        for cloud in given.cloud or JOURNEYS:
            share = given.budget / len(given.cloud or JOURNEYS) / len(given.threads)
            for threads in given.threads:
                _part(cloud, threads, share, given)
    tallies = list(_read(OUT))
    page = render(tallies)
    sys.stdout.write(page)
    if given.page:
        PAGE.write_text(f"# Results of the crash machine\n\n{page}", encoding="utf-8")
    return int(any(t.violations for t in tallies))


def _part(cloud: str, threads: int, seconds: float, given: argparse.Namespace) -> None:
    """One part; what was found before it was cut short is kept."""
    tallies: dict[str, Tally] = {}
    try:
        run_part(cloud, threads, seconds, tallies, seed=given.seed, limit=given.limit)
    finally:
        _save(tallies, given)


def run_part(
    cloud: str,
    threads: int,
    seconds: float,
    tallies: dict[str, Tally],
    *,
    seed: int,
    limit: int | None = None,
) -> None:
    """One cloud with one number of threads, for so long; the tallies by step grow on the way."""
    director = Director()
    with tempfile.TemporaryDirectory(prefix="crash-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        arena: Arena = (
            Real(folder, director) if cloud == "real-openstack" else Simulated(cloud, folder, director)
        )
        machine = Machine(arena, director, folder, threads=threads, seed=seed)
        journey = JOURNEYS[arena.cloud]()
        tallies |= {v.name: Tally(cloud, threads, v.name) for v in journey}
        try:
            machine.learn(journey)
            deadline = time.monotonic() + seconds
            known = {t.step: t.places for t in _read(OUT) if (t.cloud, t.threads) == (cloud, threads)}
            for verdict in machine.run(journey, deadline=deadline, limit=limit, known=known):
                tallies[verdict.trial.variant].count(verdict)
                if verdict.complaints:
                    sys.stderr.write(
                        f"VIOLATION {cloud} {threads} {verdict.trial}\n{verdict.complaints[0]}\n"
                    )
        finally:
            machine.close()
            arena.close()


def _save(tallies: Mapping[str, Tally], given: argparse.Namespace) -> None:
    OUT.mkdir(exist_ok=True)
    rows = [{**asdict(t), "places": sorted(t.places)} for t in tallies.values() if t.tried]
    if rows:
        name = f"{rows[0]['cloud']}-{rows[0]['threads']}-{given.seed}-{time.time_ns()}.json"
        (OUT / name).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _read(folder: Path) -> Iterable[Tally]:
    merged: dict[tuple[str, int, str], Tally] = {}
    for path in sorted(folder.glob("*.json")):
        for row in json.loads(path.read_text("utf-8")):
            key = (row["cloud"], row["threads"], row["step"])
            into = merged.setdefault(key, Tally(*key))
            into.places |= set(row["places"])
            into.tried += row["tried"]
            into.violations += row["violations"]
    return merged.values()


def render(tallies: Iterable[Tally]) -> str:
    """The table, a row for each cloud and step, with the machine that it was made on."""
    known = list(tallies)
    machine = f"{os.cpu_count()} cores, {_memory()} GB, Python {platform.python_version()}"
    lines = [
        f"Run on {datetime.now(UTC):%Y-%m-%d}: {machine}.",
        "",
        "| cloud | step | threads | boundaries | trials | survived | violations |",
        "|---|---|---|---|---|---|---|",
    ]
    for cloud in CLOUDS:
        of_cloud = [t for t in known if t.cloud == cloud]
        steps = dict.fromkeys(t.step for t in of_cloud)
        lines.extend(_row(cloud, step, [t for t in of_cloud if t.step == step]) for step in steps)
        if steps:
            lines.append(_row(f"**{cloud}**", "**all**", of_cloud))
    return "\n".join(lines) + "\n"


def _row(cloud: str, step: str, tallies: list[Tally]) -> str:
    threads = ", ".join(str(n) for n in sorted({t.threads for t in tallies}))
    places, tried = sum(len(t.places) for t in tallies), sum(t.tried for t in tallies)
    wrong = sum(len(t.violations) for t in tallies)
    return f"| {cloud} | {step} | {threads} | {places} | {tried} | {tried - wrong} | {wrong} |"


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)


def _seconds(text: str) -> float:
    return float(text.rstrip("smh")) * {"m": 60, "h": 3600}.get(text[-1], 1)


def _parsed() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--cloud", action="append", choices=CLOUDS, help="only these (repeatable)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--budget", type=_seconds, default=3 * 3600.0, help="for all together: 20m, 2h")
    parser.add_argument("--limit", type=int, help="trials of each part")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", action="store_true", help="run nothing, only merge what is there")
    parser.add_argument("--page", action="store_true", help="write the table to docs/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
