"""The policies of a stack: its own sources, its waivers, and the trusted base over them.

``OPSCTL_POLICY_BASE`` names the base for a whole runner; it wins over ``policy.base`` of the stack file, so that a
change of the stack cannot leave it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.adapters.package_data import folder as packaged
from orchestrator.model.errors import OpsctlError
from orchestrator.model.plan import Charter
from orchestrator.model.verdict import Approval, Bundle, Level, PolicyBase
from orchestrator.stages.policy import governed, ungoverned

if TYPE_CHECKING:
    from orchestrator.adapters.bundle_sources import Shelf, Wanted
    from orchestrator.adapters.governance_files import BaseDocument

BASE_VARIABLE: Final = "OPSCTL_POLICY_BASE"
Secrets = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Updated:
    """One source of policies as ``policy update`` found it."""

    name: str
    before: str
    """The digest that was pinned; empty: none was."""
    after: str
    revision: str

    @property
    def changed(self) -> bool:
        """Whether the lock file says something new about it."""
        return self.before != self.after


def stack_bundle(charter: Charter, folder: Path, secret: Secrets) -> Bundle:
    """Everything that judges a stack. Raises InvalidSpecError or OpsctlError with what is wrong."""
    policy = charter.policy
    if not any(policy.get(name) for name in ("bundles", "waivers", "levels", "base")) and not _from_runner():
        return Bundle()
    from orchestrator.adapters.bundle_sources import bundle_from, wanted  # noqa: PLC0415 - only for policies
    from orchestrator.adapters.governance_files import read_waivers  # noqa: PLC0415

    own = bundle_from(wanted(policy.get("bundles") or ()), _shelf(folder, secret), policy.get("data") or {})
    stack = Bundle(
        own.modules,
        own.data,
        {rule: Level(level) for rule, level in (policy.get("levels") or {}).items()},
        waivers=read_waivers(folder, policy.get("waivers") or ()),
        sources=own.sources,
    )
    base = policy_base(policy, folder, secret)
    return stack if base is None else governed(stack, base)


def stack_rules(charter: Charter, folder: Path, secret: Secrets) -> Bundle:
    """The modules and data of everything that judges a stack, its base among it, without anybody's parameters.

    This is what is checked and tested: tests speak of the rules, not of how one stack sets them.
    """
    from orchestrator.adapters.bundle_sources import bundle_from, wanted  # noqa: PLC0415 - only for policies

    own = bundle_from(wanted(charter.policy.get("bundles") or ()), _shelf(folder, secret), {})
    found = _base_document(charter.policy, folder, secret)
    if found is None:
        return own
    place, document = found
    base = bundle_from(wanted(document.bundles), _shelf(place, secret), {})
    return Bundle(
        {**own.modules, **base.modules}, {**own.data, **base.data}, sources=(*own.sources, *base.sources)
    )


def saved_bundle(made: Bundle, folder: Path, secret: Secrets) -> Bundle:
    """A saved plan's policies, under the base of this runner where it has one.

    Raises PolicyDeniedError where the plan was made under another base.
    """
    if not _from_runner():
        return made
    base = policy_base({}, folder, secret)
    return made if base is None else governed(ungoverned(made, base), base)


def policy_base(policy: Mapping[str, Any], folder: Path, secret: Secrets) -> PolicyBase | None:
    """The trusted base: the runner's, else the stack file's; None where neither names one."""
    found = _base_document(policy, folder, secret)
    if found is None:
        return None
    from orchestrator.adapters.bundle_sources import bundle_from, wanted  # noqa: PLC0415 - as above

    place, document = found
    bundle = bundle_from(wanted(document.bundles), _shelf(place, secret), document.data)
    whole = Bundle(
        bundle.modules,
        bundle.data,
        document.levels,
        (*document.allow["lower"], *(rule.partition(":")[0] for rule in document.levels)),
        document.waivers,
        document.approvers,
        document.approvals,
        bundle.sources,
    )
    return PolicyBase(document.name, whole, document.allow["waive"], document.allow["data"])


def _base_document(
    policy: Mapping[str, Any], folder: Path, secret: Secrets
) -> tuple[Path, BaseDocument] | None:
    """Where the base is, and what its ``policy.yaml`` says."""
    runner = _from_runner()
    address = runner or policy.get("base")
    if not address:
        return None
    from orchestrator.adapters.bundle_sources import Wanted  # noqa: PLC0415 - only for policies
    from orchestrator.adapters.governance_files import read_base  # noqa: PLC0415

    place = _base_folder(Wanted(str(address), pin=not runner), _shelf(Path() if runner else folder, secret))
    return place, read_base(place)


def update_policies(charter: Charter, folder: Path, secret: Secrets) -> list[Updated]:
    """Look at every source from elsewhere, and pin what is there now; what is no source any more is let go."""
    from orchestrator.adapters.bundle_lock import read_lock, write_lock  # noqa: PLC0415 - only for policies
    from orchestrator.adapters.bundle_sources import Wanted, fetched, wanted  # noqa: PLC0415

    shelf = _shelf(folder, secret)
    sources = wanted(charter.policy.get("bundles") or ())
    if charter.policy.get("base"):
        sources.append(Wanted(str(charter.policy["base"])))
    before = read_lock(folder)
    pins = {
        s.address: fetched(s, shelf, before.get(s.address))[1]
        for s in sources
        if (s.remote or s.packed) and s.pin
    }
    if pins or before:
        write_lock(folder, pins)
    return [
        Updated(name, before[name].digest if name in before else "", pin.digest, pin.revision)
        for name, pin in sorted(pins.items())
    ]


def approve_plan(
    plan_digest: str, stack: str, *, by: str, reason: str, created: str, key: Path, out: Path
) -> Approval:
    """Sign an approval and write it. Raises OpsctlError."""
    from orchestrator.adapters.approval_files import sign, write_approval  # noqa: PLC0415 - lazy: cryptography

    phrase = os.environ.get("OPSCTL_SIGN_PASSPHRASE")
    unsigned = Approval(plan_digest, stack, by, reason, created)
    approval = sign(unsigned, key, passphrase=phrase.encode() if phrase else None)
    write_approval(approval, out)
    return approval


def read_approvals(paths: Sequence[Path], bundle: Bundle) -> list[Approval]:
    """Approvals whose signatures fit; whether their keys count is decided where the plan is known.

    Raises OpsctlError where a file is none, PolicyDeniedError where it was changed.
    """
    from orchestrator.adapters.approval_files import read_approval, verify  # noqa: PLC0415 - lazy: cryptography

    named = [(str(path), read_approval(path)) for path in paths]
    verify(named, bundle.approvers)
    return [approval for _, approval in named]


def _from_runner() -> str:
    return os.environ.get(BASE_VARIABLE, "")


def _shelf(folder: Path, secret: Secrets) -> Shelf:
    from orchestrator.adapters.bundle_lock import read_lock  # noqa: PLC0415 - only for policies
    from orchestrator.adapters.bundle_sources import Shelf  # noqa: PLC0415

    return Shelf(folder, packaged("policies"), read_lock(folder), secret)


def _base_folder(base: Wanted, shelf: Shelf) -> Path:
    """The base's files on disk: its own folder, or the cache where it was fetched to."""
    from orchestrator.adapters.bundle_sources import materialised  # noqa: PLC0415 - only for policies

    if not base.remote and not base.packed:
        return shelf.folder / base.address
    place = materialised(base, shelf)
    if not place.is_dir():
        raise OpsctlError(f"the trusted base {base.address} cannot be kept in {place.parent}")
    return place
