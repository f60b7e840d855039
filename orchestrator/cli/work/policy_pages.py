"""policy docs and policy explain: what policies say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator import bootstrap
from orchestrator.cli.console import Console
from orchestrator.cli.render.policy_pages import page_index, page_markdown, page_text
from orchestrator.cli.work.policies import policies_of
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import OpsctlError


def docs(console: Console, paths: Sequence[Path], out: Path | None, *, environment: str | None) -> int:
    """A page a policy: to standard output, or a file each with an index."""
    pages = bootstrap.policy_pages(policies_of(console, paths, environment).rules())
    if not pages:
        raise OpsctlError("these policies hold no rule that is asked")
    if out is None:
        console.result("\n".join(page_markdown(page) for page in pages))
        return 0
    out.mkdir(parents=True, exist_ok=True)
    for page in pages:
        (out / f"{page.rule}.md").write_text(page_markdown(page), "utf-8")
    (out / "README.md").write_text(page_index(pages), "utf-8")
    console.result(f"{len(pages)} pages and an index written to {out}.")
    return 0


def explain(console: Console, rule: str, paths: Sequence[Path], *, environment: str | None) -> int:
    """Every rule with this in its name: those given, else those of the stack, else those that ship."""
    if paths or Path("opsctl.yaml").exists():
        pages = bootstrap.policy_pages(policies_of(console, paths, environment).rules())
    else:
        pages = bootstrap.policy_pages(bootstrap.policies_below([bootstrap.shipped_policies()]))
    found = [p for p in pages if p.rule == rule] or [p for p in pages if rule in p.rule]
    if not found:
        names = list(dict.fromkeys(p.rule for p in pages))
        hint = did_you_mean(rule, [*names, *(n.rpartition(".")[2] for n in names)])
        hint = hint or f"there are: {', '.join(names)}"
        raise OpsctlError(f"there is no rule {rule!r}\nhint: {hint}")
    console.result("\n".join(page_text(page, console.out_style) for page in found))
    return 0
