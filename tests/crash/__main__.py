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
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import product
from math import inf
from pathlib import Path
from typing import Any, Final

from tests.crash.arena import Arena, Simulated
from tests.crash.director import Director
from tests.crash.journeys import JOURNEYS
from tests.crash.machine import Launchers, Machine, Verdict
from tests.crash.real import Real
from tests.crash.stores import STORES, open_store

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
    twice: int = 0
    """Of those that survived, how many needed a second apply, because a call of the dead run arrived late."""

    def count(self, verdict: Verdict) -> None:
        """One more trial."""
        self.tried += 1
        self.places.add(verdict.trial.boundary.place)
        self.twice += bool(verdict.again and not verdict.complaints)
        if verdict.complaints:
            self.violations.append(f"{verdict.struck}: {verdict.complaints[0][:300]}")


def main() -> int:
    """Run what is asked for; 1 where there was a violation."""
    given = _parsed()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped
    if not given.table:
        with closing(Launchers()) as launchers:
            _parts(given, launchers)
    tallies = list(_read(OUT))
    page = render(tallies)
    sys.stdout.write(page)
    if given.page:
        PAGE.write_text(f"# Results of the crash machine\n\n{page}", encoding="utf-8")
    return int(any(t.violations for t in tallies))


def _parts(given: argparse.Namespace, launchers: Launchers) -> None:
    """Each cloud with each number of threads; what was found in a part that is cut short is kept."""
    clouds = given.cloud or JOURNEYS
    share = given.budget / len(clouds) / len(given.threads)
    for cloud, threads in product(clouds, given.threads):
        part = Part(cloud, threads, share, given.state, given.seed, given.limit)
        tallies: dict[str, Tally] = {}
        try:
            run_part(part, launchers, tallies)
        finally:
            _save(part, tallies)


@dataclass(frozen=True)
class Part:
    """What one machine does."""

    cloud: str
    threads: int = 4
    seconds: float = inf
    state: str = "sqlite"
    """Where it keeps its state; where that is on a wire, only what happens there is tried."""
    seed: int = 0
    limit: int | None = None
    steps: tuple[str, ...] = ()
    """Only these of the journey; all, where none is named."""

    @property
    def label(self) -> str:
        """Its rows' name in the table."""
        return self.cloud if self.state == "sqlite" else f"{self.cloud}, state on {self.state}"


def run_part(part: Part, launchers: Launchers, tallies: dict[str, Tally]) -> None:
    """One cloud with one number of threads; the tallies by step grow on the way."""
    director = Director()
    with (
        tempfile.TemporaryDirectory(prefix="crash-", ignore_cleanup_errors=True) as name,
        ExitStack() as ended,
    ):
        arena = _arena(part, Path(name), director)
        ended.callback(arena.close)
        store = open_store(part.state, arena.sandbox)
        if store is not None:
            ended.callback(store.close)
        machine = Machine(
            arena,
            director,
            Path(name),
            launchers=launchers,
            store=store,
            threads=part.threads,
            seed=part.seed,
        )
        journey = [v for v in JOURNEYS[arena.cloud]() if not part.steps or v.name in part.steps]
        tallies |= {v.name: Tally(part.label, part.threads, v.name) for v in journey}
        machine.learn(journey)
        same = (part.label, part.threads)
        for verdict in machine.run(
            journey,
            deadline=time.monotonic() + part.seconds,
            limit=part.limit,
            only=lambda trial: store is None or trial.boundary.at_state,
            known={t.step: t.places for t in _read(OUT) if (t.cloud, t.threads) == same},
        ):
            tallies[verdict.trial.variant].count(verdict)
            if verdict.complaints:
                sys.stderr.write(f"VIOLATION {same} {verdict.trial}\n{verdict.complaints[0]}\n")


def _arena(part: Part, folder: Path, director: Director) -> Arena:
    return (
        Real(folder, director) if part.cloud == "real-openstack" else Simulated(part.cloud, folder, director)
    )


def _save(part: Part, tallies: Mapping[str, Tally]) -> None:
    OUT.mkdir(exist_ok=True)
    rows = [{**asdict(t), "places": sorted(t.places)} for t in tallies.values() if t.tried]
    if rows:
        name = f"{part.label.replace(', ', '-')}-{part.threads}-{part.seed}-{time.time_ns()}.json"
        (OUT / name).write_text(json.dumps(rows, indent=1), encoding="utf-8")


def _read(folder: Path) -> Iterable[Tally]:
    merged: dict[tuple[str, int, str], Tally] = {}
    for path in sorted(folder.glob("*.json")):
        for row in json.loads(path.read_text("utf-8")):
            key = (row["cloud"], row["threads"], row["step"])
            into = merged.setdefault(key, Tally(*key))
            into.places |= set(row["places"])
            into.tried += row["tried"]
            into.twice += row.get("twice", 0)
            into.violations += row["violations"]
    return merged.values()


def render(tallies: Iterable[Tally]) -> str:
    """The table, a row for each cloud and step, with the machine that it was made on."""
    known = list(tallies)
    lines = [
        f"Run on {made_on()}.",
        "",
        "| cloud | step | threads | boundaries | trials | survived | of these by a second apply | violations |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    rest = sorted({t.cloud for t in known} - set(CLOUDS))
    for cloud in (*CLOUDS, *rest):
        of_cloud = [t for t in known if t.cloud == cloud]
        steps = dict.fromkeys(t.step for t in of_cloud)
        lines.extend(_row(cloud, step, [t for t in of_cloud if t.step == step]) for step in steps)
        if steps:
            lines.append(_row(f"**{cloud}**", "**all**", of_cloud))
    return "\n".join(lines) + "\n"


def _row(cloud: str, step: str, tallies: list[Tally]) -> str:
    threads = ", ".join(str(n) for n in sorted({t.threads for t in tallies}))
    places, tried = sum(len(t.places) for t in tallies), sum(t.tried for t in tallies)
    wrong, twice = sum(len(t.violations) for t in tallies), sum(t.twice for t in tallies)
    return f"| {cloud} | {step} | {threads} | {places} | {tried} | {tried - wrong} | {twice} | {wrong} |"


def made_on() -> str:
    """The day and the machine."""
    memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
    today = datetime.now(UTC)
    return f"{today:%Y-%m-%d}: {os.cpu_count()} cores, {memory} GB, Python {platform.python_version()}"


def _seconds(text: str) -> float:
    return float(text.rstrip("smh")) * {"m": 60, "h": 3600}.get(text[-1], 1)


def _parsed() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--cloud", action="append", choices=CLOUDS, help="only these (repeatable)")
    parser.add_argument("--state", choices=STORES, default="sqlite", help="where the stack's state is kept")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--budget", type=_seconds, default=3 * 3600.0, help="for all together: 20m, 2h")
    parser.add_argument("--limit", type=int, help="trials of each part")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", action="store_true", help="run nothing, only merge what is there")
    parser.add_argument("--page", action="store_true", help="write the table to docs/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
