"""Saved plans: written for their owner only, read with every doubt."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.engine.planning import sealed
from orchestrator.model.codec import decode, encode
from orchestrator.model.errors import StateError
from orchestrator.model.expression import templated
from orchestrator.model.plan import FORMAT, Plan


def write_plan(plan: Plan, path: Path) -> Plan:
    """Save a plan, readable for its owner only; returns it with its digest."""
    whole = sealed(plan)
    _write(encode(whole), path, "the plan")
    return whole


def write_input(seen: Mapping[str, Any], path: Path) -> None:
    """Save what policies see as JSON, readable for its owner only: what the spec says in plain text is in it."""
    _write(msgspec.json.format(msgspec.json.encode(seen), indent=2) + b"\n", path, "the input of policies")


def _write(data: bytes, path: Path, what: str) -> None:
    """The whole file or none of it; raises StateError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise StateError(f"cannot write {what} to {path}: {error.strerror or error}") from error


def read_plan(path: Path) -> Plan:
    """A saved plan. Raises StateError where it is damaged, newer than this program, or no plan at all."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StateError(f"cannot read the plan {path}: {error.strerror or error}") from error
    try:
        form = decode(data, dict[str, Any]).get("format")
    except ValueError as error:
        raise StateError(f"{path} is not a plan of opsctl, or it is damaged: {error}") from error
    if form != FORMAT:
        raise StateError(f"{path} has the plan format {form}, and this opsctl reads {FORMAT}: plan again")
    try:
        plan = decode(data, Plan)
    except ValueError as error:
        raise StateError(f"the plan {path} is damaged: {error}") from error
    if sealed(plan).digest != plan.digest:
        raise StateError(f"the plan {path} is damaged or was changed: its digest does not fit")
    return _with_templates(plan)


def _with_templates(plan: Plan) -> Plan:
    """Specs are saved as their text: the expressions in it are parsed again."""
    resources = tuple(
        replace(
            r,
            spec=templated(r.spec),
            status=templated(r.status),
            gates=tuple(replace(g, settings=templated(g.settings)) for g in r.gates),
        )
        for r in plan.resources
    )
    return replace(
        plan, resources=resources, charter=replace(plan.charter, outputs=templated(plan.charter.outputs))
    )
