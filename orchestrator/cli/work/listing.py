"""types and providers: what is installed."""

from __future__ import annotations

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.render.json import head
from orchestrator.model.diagnostic import did_you_mean
from orchestrator.model.errors import OpsctlError
from orchestrator.model.ids import TypeName


def types(console: Console, family: str | None) -> int:
    """Every type with its summary, by family."""
    catalogue = bootstrap.catalogue()
    families = {m.family: m for m in catalogue.providers()}
    if family is not None and family not in families:
        hint = did_you_mean(family, families) or f"installed: {', '.join(families)}"
        raise OpsctlError(f"no provider {family!r}\nhint: {hint}")
    chosen = [family] if family else list(families)
    rows = [(name, t, _summary(t)) for name in chosen for t in catalogue.types(name)]
    if family is None:
        rows = [("abstract", t, k.summary) for t, k in sorted(bootstrap.abstract_types().items())] + rows
    if console.output is Output.JSON:
        found = [{"provider": p, "type": t, "summary": s} for p, t, s in rows]
        console.document(lambda: {**head("types"), "types": found})
        return 0
    wide = max((len(t) for _, t, _ in rows), default=0)
    console.result("\n".join(f"{t:<{wide}}  {s}".rstrip() for _, t, s in rows) or "No types.")
    _broken(console)
    return 0


def _summary(type: str) -> str:
    kind = bootstrap.catalogue().kind(TypeName(type))
    return kind.summary if kind is not None else ""


def providers(console: Console) -> int:
    """Every family with what it is for and which types it serves."""
    catalogue = bootstrap.catalogue()
    found = catalogue.providers()
    if console.output is Output.JSON:
        rows = [
            {"family": m.family, "summary": m.summary, "types": list(m.types), "sandbox": bool(m.sandbox)}
            for m in found
        ]
        console.document(lambda: {**head("providers"), "providers": rows, "broken": list(catalogue.broken)})
        return 0
    for manifest in found:
        local = "  (has a sandbox)" if manifest.sandbox else ""
        console.result(f"{manifest.family:<12}{manifest.summary}{local}")
        console.result(f"{'':<12}{', '.join(manifest.types)}")
    _broken(console)
    return 0


def _broken(console: Console) -> None:
    for message in bootstrap.catalogue().broken:
        console.say(f"warning: {message}")
