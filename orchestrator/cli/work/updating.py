"""policy update: sources from elsewhere are looked at, and pinned as they are now."""

from __future__ import annotations

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.work.state import remembered


def update(console: Console, *, environment: str | None) -> int:
    """Write the lock file anew; what changed is told, so that it can be reviewed."""
    with remembered(console, environment) as work:
        session = work.session
        found = bootstrap.update_policies(session.charter, session.folder, session.reveal)
    if console.output is Output.JSON:
        from orchestrator.cli.render.json import head  # noqa: PLC0415 - lazy

        items = [
            {"source": u.name, "before": u.before or None, "digest": u.after, "revision": u.revision or None}
            for u in found
        ]
        console.document(lambda: {**head("policy-update"), "sources": items})
        return 0
    if not found:
        console.result("Nothing to pin: all policies of this stack ship with opsctl or lie in its folder.")
        return 0
    lines = []
    for each in found:
        what = "unchanged" if not each.changed else "changed" if each.before else "pinned"
        revision = f"  {each.revision[:12]}" if each.revision else ""
        lines.append(f"{each.name}\n  {what}  {each.after[:19]}…{revision}")
    console.result("\n".join(lines))
    if any(u.changed for u in found):
        console.say("Saved to opsctl.lock: review and commit it.")
    return 0
