"""discover and import: what is there is listed, and what was chosen is written as documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.discovered import (
    discovery_document,
    import_document,
    render_discovery,
    render_documents,
    render_import,
)
from orchestrator.cli.sessions import Work
from orchestrator.cli.work.planning import PLAN_FOLDER, Wish, stack
from orchestrator.engine.discovering import Discovery, Wanted, kinds_of, select
from orchestrator.engine.discovering import discover as look
from orchestrator.engine.importing import Draft, Drafting, drafts, related
from orchestrator.model.change import Action
from orchestrator.model.errors import OpsctlError
from orchestrator.model.inventory import Thing
from orchestrator.model.provision import Proposal
from orchestrator.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Choice:
    """Which things are meant, as they were typed."""

    ids: Sequence[str] = ()
    types: Sequence[str] = ()
    providers: Sequence[str] = ()
    region: str = ""
    filter: str = ""

    def wanted(self) -> Wanted:
        """The same for the engine."""
        return Wanted(tuple(self.ids), tuple(self.types), tuple(self.providers), self.region, self.filter)


@dataclass(frozen=True, slots=True)
class Writing:
    """What an import does with what was chosen."""

    into: Path
    related: bool = False
    take_from: str = ""
    dry_run: bool = False


def discover(
    console: Console,
    choice: Choice,
    *,
    environment: str | None,
    params: Mapping[str, str],
    everything: bool,
) -> int:
    """A line for each thing; 1 where a kind that counts could not be listed."""
    wanted = choice.wanted()
    with stack(console, Wish(environment, params)) as work:
        found = _look(work, wanted.types, wanted.providers, work.session.workspace.state.latest())
    there = found.things if everything else [thing for thing in found.things if thing.address is None]
    shown = select(there, wanted)
    if console.output is Output.JSON:
        console.document(lambda: discovery_document(shown, found.unread))
    else:
        console.result(render_discovery(shown, console.out_style, everything=everything))
    return _told_unread(console, found, wanted.types)


def import_(
    console: Console,
    choice: Choice,
    writing: Writing,
    *,
    environment: str | None,
    params: Mapping[str, str],
) -> int:
    """Write documents for what was chosen, and say what is left to do."""
    wanted = choice.wanted()
    if not wanted:
        raise OpsctlError(
            "nothing was chosen\nhint: name ids, or choose with --type, --provider, --region or --filter"
        )
    target = PLAN_FOLDER / writing.into
    if target.suffix not in (".yaml", ".yml"):
        raise OpsctlError(f"--into {writing.into}: a stack reads files that end in .yaml")
    if target.exists() and not writing.dry_run:
        raise OpsctlError(f"{writing.into} is there already: nothing was written\nhint: --into another file")
    with stack(console, Wish(environment, params)) as work:
        made, found = _drafted(work, wanted, writing)
    text = render_documents(made, writing.take_from)
    if not writing.dry_run:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    if console.output is Output.JSON:
        console.document(lambda: import_document(made, text, writing.into, done=not writing.dry_run))
    else:
        console.result(text if writing.dry_run else f"Written: {writing.into}")
        console.say(render_import(made, console.err_style, done=not writing.dry_run))
    return _told_unread(console, found, wanted.types)


def _drafted(work: Work, wanted: Wanted, writing: Writing) -> tuple[Sequence[Draft], Discovery]:
    session = work.session
    workspace = session.workspace
    snapshot = workspace.state.latest()
    types = () if writing.related else wanted.types
    found = _look(work, types, () if writing.related else wanted.providers, snapshot)
    fitting = set(kinds_of(workspace, wanted.types, wanted.providers))
    free = [t for t in found.things if t.address is None and (t.provider, t.type) in fitting]
    chosen = select(free, wanted)
    if not chosen:
        raise OpsctlError(
            "nothing that is not managed here is like this\nhint: opsctl discover lists what there is"
        )
    kinds = {type: kind for p in workspace.providers.values() for type, kind in p.kinds.items()}
    if writing.related:
        chosen = related(chosen, found.things, kinds)
    kept = [t for t in chosen if t.stack in ("", str(session.charter.id), writing.take_from)]
    for thing in chosen:
        if thing not in kept:
            work.console.say(
                f"Left out: {thing.id} ({thing.type}) belongs to the stack {thing.stack}; --take-from takes it over"
            )

    def propose(thing: Thing, spec: Mapping[str, object]) -> Proposal:
        """What a plan would change, were this its spec."""
        proposal = workspace.providers[thing.provider].propose(thing.type, thing.observed, spec, {})
        return proposal if proposal.action is not Action.NOOP else Proposal(Action.NOOP)

    names = {str(r.base or r.address).partition("/")[0] for r in session.blueprint.resources}
    making = Drafting(
        kinds,
        propose,
        {record.id: record.address for record in snapshot.resources.values()},
        frozenset(names | {str(a).partition("[")[0] for a in snapshot.resources}),
        frozenset(thing.id for thing in found.things if thing.address is None),
    )
    if not kept:
        raise OpsctlError("nothing is left to import: nothing was written")
    return drafts(kept, making), found


def _look(work: Work, types: Sequence[str], providers: Sequence[str], snapshot: Snapshot) -> Discovery:
    workspace = work.session.workspace
    kinds = kinds_of(workspace, types, providers)
    return work.watched(lambda: look(kinds, workspace, work.session.charter, snapshot))


def _told_unread(console: Console, found: Discovery, asked: Sequence[str]) -> int:
    """1 where a kind could not be listed; one that the cloud refuses counts only if kinds were asked for."""
    for unread in found.unread:
        console.say(f"Not listed: {unread}")
    return 1 if any(asked or not unread.refused for unread in found.unread) else 0
