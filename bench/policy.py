"""Policy: the rules that ship, asked about one plan of 10,000 changes, by the embedded engine and by a real OPA, in turn.

Needs `opa` on PATH (`tests/servers/run` builds it). Prints Markdown: CPU seconds, peak memory, and the ratio to
`opa eval`; ends with 1 where a target is missed. CPU is of the process and its children, user and system. Every peer
answers the same rules, and must say the same number of things.

The target is about the evaluation: from changes and compiled rules to verdicts at their lines (the input built and
written as JSON, the rules asked, their answers read, levelled, placed and put in order). The rows of whole processes
say what else there is: starting, reading files, compiling, printing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from measure import Cost, measure

from orchestrator.adapters.policy_bench import sample_input
from orchestrator.adapters.policy_embedded import compile_modules
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_rules import TEST_SUFFIX, discover
from orchestrator.model.verdict import Bundle

POLICIES = Path(__file__).resolve().parent.parent / "policies"
CPU, MEGABYTES = 2.0, 250.0
EVALUATION = "embedded, the evaluation"
PLAN = """
import resource, sys
from pathlib import Path
from orchestrator.adapters.policy_bench import input_of, sample_changes
from orchestrator.adapters.policy_embedded import EmbeddedEngine
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.model.verdict import Stage
from orchestrator.stages.policy.asking import Circumstances, judge

def spent():
    each = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in each)

engine, bundle = EmbeddedEngine(), load_bundle([Path(sys.argv[1])])
engine.load(bundle)
changes = sample_changes(int(sys.argv[2]))
began = spent()
judged = judge(engine, bundle, input_of(changes), Stage.PLAN, Circumstances())
print(spent() - began, len(judged.verdicts))
"""
EVALUATE = """
import json, sys
from pathlib import Path
from orchestrator.adapters.policy_embedded import EmbeddedEngine
from orchestrator.adapters.policy_files import load_bundle
from orchestrator.adapters.policy_opa import OpaEngine
from orchestrator.model.verdict import Stage
engine = OpaEngine(sys.argv[3]) if len(sys.argv) > 3 else EmbeddedEngine()
engine.load(load_bundle([Path(place) for place in sys.argv[1:2] if place]))
answer = engine.evaluate(json.loads(Path(sys.argv[2]).read_text()), Stage.PLAN)
print(len(answer.verdicts))
"""


def said(folder: Path) -> int:
    """The number that the last measured command printed."""
    return int((folder / "bench.log").read_text("utf-8").split()[-1])


def entry(bundle: Bundle) -> tuple[str, int]:
    """A module that asks every rule at once, as opsctl does, and how many there are."""
    modules = {f: t for f, t in bundle.modules.items() if not f.endswith(TEST_SUFFIX)}
    rules, _ = discover(compile_modules(modules, bundle.data)[0])
    lines = "\n".join(f'answers["{n}"] := {rule.path}' for n, rule in enumerate(rules))
    said = "said := sum([count(value) | some value in answers])"
    return f"package bench\n\nimport rego.v1\n\n{lines}\n\n{said}\n", len(rules)


class Server:
    """A real OPA server, with policies of its own or without, and what it has spent."""

    def __init__(self, opa: str, policies: Sequence[str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        line = [
            opa,
            "run",
            "--server",
            "--addr",
            f"127.0.0.1:{port}",
            "--log-level",
            "error",
            "--skip-version-check",
            *("--ignore", "*_test.rego"),
            *policies,
        ]
        self._process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("opa did not start")

    def stop(self) -> tuple[float, float]:
        """End it; its CPU seconds and peak megabytes."""
        peak = next(
            int(line.split()[1])
            for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
            if line.startswith("VmHWM")
        )
        self._process.terminate()
        _, _, used = os.wait4(self._process.pid, 0)
        self._process.returncode = 0
        return used.ru_utime + used.ru_stime, peak / 1024


def main() -> int:
    """Measure, print, and tell where a target is missed: exit code 1 then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3, help="the cheapest of so many")
    options = parser.parse_args()
    opa = shutil.which("opa")
    if opa is None:
        sys.exit("opa is needed on PATH")
    with tempfile.TemporaryDirectory() as place:
        return _compare(Path(place), opa, options.changes, options.runs)


def _compare(folder: Path, opa: str, changes: int, runs: int) -> int:
    document = folder / "input.json"
    document.write_text(json.dumps(sample_input(changes)), "utf-8")
    module, rules = entry(load_bundle([POLICIES]))
    (folder / "entry.rego").write_text(module, "utf-8")
    python = [sys.executable, "-c", EVALUATE, str(POLICIES), str(document)]
    data = ["-d", str(POLICIES), "-d", str(folder / "entry.rego")]
    peer = [
        opa,
        "eval",
        "--strict-builtin-errors",
        "-f",
        "raw",
        *data,
        "-i",
        str(document),
        "data.bench.said",
    ]
    whole = [sys.executable, "-m", "orchestrator", "policy", "eval", "-i", str(document), str(POLICIES)]
    whole = ["sh", "-c", '"$@" >/dev/null; test $? -eq 3', "sh", *whole]
    costs: dict[str, list[Cost]] = {}
    counts: set[int] = set()
    plan = [sys.executable, "-c", PLAN, str(POLICIES), str(changes)]
    for _ in range(runs):
        whole_process = measure(plan, folder)
        evaluation = replace(whole_process, cpu=float((folder / "bench.log").read_text("utf-8").split()[-2]))
        costs.setdefault(EVALUATION, []).append(evaluation)
        counts.add(said(folder))
        for name, line in (("embedded, whole process", python), ("opa eval", peer)):
            costs.setdefault(name, []).append(measure(line, folder))
            counts.add(said(folder))
        for name, own in (("that gets them", []), ("that has them", [str(POLICIES)])):
            server = Server(opa, own)
            theirs = "" if own else str(POLICIES)
            client = measure([sys.executable, "-c", EVALUATE, theirs, str(document), server.url], folder)
            counts.add(said(folder))
            cpu, memory = server.stop()
            total = replace(client, cpu=client.cpu + cpu, memory=client.memory + memory)
            costs.setdefault(f"opa server {name}, with its client", []).append(total)
        costs.setdefault("`opsctl policy eval`, whole", []).append(measure(whole, folder))
    best = {name: min(all, key=lambda cost: cost.cpu) for name, all in costs.items()}
    _print(best, rules, changes, counts)
    missed = _missed(best, counts)
    print("\n" + ("\n".join(f"MISSED: {m}" for m in missed) or "All targets are met."))
    return 1 if missed else 0


def _print(best: dict[str, Cost], rules: int, changes: int, counts: set[int]) -> None:
    print(f"{rules} rules, {changes:,} changes, {max(counts):,} verdicts\n")
    print("| who | CPU s | MB | CPU to opa eval | memory |\n|---|--:|--:|--:|--:|")
    peer = best["opa eval"]
    for name, cost in best.items():
        ratios = f"{cost.cpu / peer.cpu:.2f} | {cost.memory / peer.memory:.2f}"
        print(f"| {name} | {cost.cpu:.2f} | {cost.memory:.0f} | {ratios} |")


def _missed(best: dict[str, Cost], counts: set[int]) -> list[str]:
    ours = best[EVALUATION]
    found = []
    if len(counts) != 1:
        found.append(f"the engines say different numbers of things: {sorted(counts)}")
    if ours.cpu > CPU:
        found.append(f"{ours.cpu:.2f} CPU s, at most {CPU:g} are allowed")
    if ours.memory > MEGABYTES:
        found.append(f"{ours.memory:.0f} MB, at most {MEGABYTES:g} are allowed")
    return found


if __name__ == "__main__":
    sys.exit(main())
