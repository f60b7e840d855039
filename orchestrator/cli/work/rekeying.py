"""state rekey: after a change of keys, the whole state is sealed once more."""

from __future__ import annotations

from orchestrator import bootstrap
from orchestrator.cli.console import Console, Output
from orchestrator.cli.identity import holder
from orchestrator.cli.render.json import head
from orchestrator.cli.sessions import opened
from orchestrator.cli.work.planning import PLAN_FOLDER
from orchestrator.engine.auditing import rekey as rewrite
from orchestrator.model.errors import OpsctlError


def rekey(console: Console, *, environment: str | None) -> int:
    """Read by every key that is configured, write by the first one."""
    with opened(
        console,
        lambda progress: bootstrap.open_state(
            PLAN_FOLDER, environment=environment, progress=progress, rewriting=True
        ),
    ) as work:
        session = work.session
        encryption = session.charter.encryption
        if not encryption:
            raise OpsctlError(
                "opsctl.yaml says nothing of encryption, so there is no key to seal by\n"
                "hint: write encryption: {key: …}; to decrypt: {key: none, fallback: [the key]}"
            )
        count = work.watched(lambda: rewrite(session.workspace, holder("state rekey")))
        plain = encryption.get("key") == "none"
    if console.output is Output.JSON:
        console.document(lambda: {**head("rekey"), "bodies": count, "encrypted": not plain})
        return 0
    if plain:
        console.result(f"Decrypted: {count} bodies. Take encryption out of opsctl.yaml now.")
    else:
        console.result(f"Encrypted by the present key: {count} bodies. Keys under fallback may go now.")
    return 0
