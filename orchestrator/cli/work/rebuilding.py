"""state rebuild: what was found is shown, asked about, and written."""

from __future__ import annotations

from orchestrator.cli.console import Console, Output
from orchestrator.cli.identity import holder
from orchestrator.cli.render.rebuilt import rebuilt_document, render_rebuilt
from orchestrator.cli.work.planning import Wish, stack
from orchestrator.engine.rebuilding import Rebuilt, preview
from orchestrator.engine.rebuilding import rebuild as make
from orchestrator.model.errors import OpsctlError


def rebuild(console: Console, wish: Wish, *, dry_run: bool, approved: bool, force: bool) -> int:
    """Look into the clouds, show what a new state would hold, and write it where that is wanted."""
    if not (dry_run or approved or console.interactive):
        raise OpsctlError("nobody is here to approve\nhint: --dry-run to look first, --auto-approve to do it")
    with stack(console, wish) as work:
        session = work.session

        def approve(rebuilt: Rebuilt) -> bool:
            if approved:
                return True
            with work.events.paused():
                console.say(render_rebuilt(rebuilt, console.err_style, done=False))
                return console.confirms("Write this state? Type yes to go on: ")

        def run() -> Rebuilt | None:
            if dry_run:
                return preview(session.blueprint, session.workspace, force=force)
            who = holder("state rebuild")
            return make(session.blueprint, session.workspace, holder=who, approve=approve, force=force)

        rebuilt = work.watched(run)
    if rebuilt is None:
        raise OpsctlError("not approved: nothing was written")
    if console.output is Output.JSON:
        console.document(lambda: rebuilt_document(rebuilt, done=not dry_run))
    else:
        console.result(render_rebuilt(rebuilt, console.out_style, done=not dry_run))
    return 0
