"""The parameters of a stack: declared with a type, given by defaults, an environment or the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from orchestrator.kit.findings import Findings
from orchestrator.model.diagnostic import Position, did_you_mean
from orchestrator.model.ids import Path
from orchestrator.model.schema import MISSING, check, type_of
from orchestrator.model.schema_text import property_of, with_defaults
from orchestrator.model.stack import Param
from orchestrator.model.values import Secret
from orchestrator.stages.load.places import Place

NO_VALUE: Final = "has no value"
"""How the message ends about a parameter that nobody has given."""


class ValueTextError(Exception):
    """A value of the command line does not fit its parameter's type."""


def declared(body: Mapping[str, Any], place: Place, found: Findings) -> dict[str, Param]:
    """The parameters of a stack file; a default that does not fit is an error."""
    params: dict[str, Param] = {}
    for name, text in (body.get("params") or {}).items():
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            hint = "letters, digits and _, so that it can be written params.name"
            found.error(
                f"params.{name} is no name for a parameter", place.key_position(("params", name)), hint
            )
        param = Param(
            name,
            property_of({"type": "any", **text}),
            text.get("default", MISSING),
            text.get("description", ""),
            sensitive=text.get("sensitive", False),
        )
        at: Path = ("params", name, "default")
        if isinstance(param.default, str) and "${" in param.default:
            found.error(
                f"params.{name}.default cannot be an expression", place.position(at), "write the value"
            )
        elif param.default is not MISSING:
            if param.sensitive:
                message = f"params.{name} is sensitive, and its default stands here in plain text"
                found.warn(
                    message, place.key_position(at), "give it with -p or OPSCTL_PARAM_, or use secret(…)"
                )
            _checked(param, param.default, found, at=place.position(at))
        params[name] = param
    return params


def values(
    params: Mapping[str, Param],
    overlay: Mapping[str, Any],
    given: Mapping[str, str],
    *,
    place: Place | None,
    stack: Place,
    found: Findings,
) -> dict[str, Any]:
    """The value of every parameter: the command line's, else the environment's, else the default."""
    chosen: dict[str, Any] = {name: p.default for name, p in params.items() if not p.required}
    for name, value in overlay.items():
        at = place.position(("params", name)) if place else None
        if name not in params:
            key = place.key_position(("params", name)) if place else None
            found.error(f"there is no parameter {name!r}", key, _near(name, params))
        elif _checked(params[name], value, found, at=at):
            chosen[name] = value
    for name, text in given.items():
        if name not in params:
            found.error(
                f"there is no parameter {name!r} (from -p or OPSCTL_PARAM_…)", None, _near(name, params)
            )
            continue
        try:
            value = read(text, params[name])
        except ValueTextError as error:
            found.error(str(error), None, params[name].description)
            chosen.setdefault(name, None)
            continue
        if _checked(params[name], value, found, at=None):
            chosen[name] = value
    for name in params.keys() - chosen.keys() - overlay.keys() - given.keys():
        hint = f"give it with -p {name}=…, OPSCTL_PARAM_{name}, or in environments/NAME.yaml"
        found.error(f"parameter {name} {NO_VALUE}", stack.key_position(("params", name)), hint)
    return {name: _final(params[name], value) for name, value in sorted(chosen.items())}


def _near(name: str, params: Mapping[str, Param]) -> str:
    known = ", ".join(sorted(params)) or "none"
    return did_you_mean(name, params) or f"declared in opsctl.yaml: {known}"


def _final(param: Param, value: Any) -> Any:
    filled = with_defaults(value, param.schema)
    return Secret(filled, f"params.{param.name}") if param.sensitive else filled


def _checked(param: Param, value: Any, found: Findings, *, at: Position | None) -> bool:
    violations = list(check(value, param.schema, ("params", param.name)))
    for violation in violations:
        if param.sensitive:
            found.error(f"the value of params.{param.name} does not fit (it is sensitive, and not shown)", at)
        else:
            found.error(violation.message, at, violation.hint or param.description)
    return not violations


def read(text: str, param: Param) -> Any:
    """A value of the command line, read as its parameter's type says; raises ValueTextError."""
    types = param.schema.types
    if any("\ud800" <= c <= "\udfff" or c == "\0" for c in text):
        raise ValueTextError(f"the value of params.{param.name} is not UTF-8 text")
    if "string" in types or types == ("any",):
        return text
    shown = "the given value" if param.sensitive else repr(text)
    for kind in types:
        value = _as(kind, text)
        if value is not MISSING:
            return value
    expected = {"object": "a map as JSON", "array": "a list as JSON", "boolean": "true or false"}
    names = " or ".join(
        expected.get(kind, f"a {kind}" if kind != "integer" else "an integer") for kind in types
    )
    raise ValueTextError(f"params.{param.name}: {shown} is not {names}")


def _as(kind: str, text: str) -> Any:
    match kind:
        case "integer" if re.fullmatch(r"[-+]?(0|[1-9]\d{0,400})", text):
            return int(text)
        case "number" if re.fullmatch(r"[-+]?\d{1,300}(\.\d{1,300})?([eE][-+]?\d{1,2})?", text):
            return float(text) if re.search(r"[.eE]", text) else int(text)
        case "boolean" if text in ("true", "false"):
            return text == "true"
        case "null" if text == "null":
            return None
        case "object" | "array":
            return _json(kind, text)
        case _:
            return MISSING


def _json(kind: str, text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return MISSING
    return value if type_of(value) == kind else MISSING
