"""The types that a policy names, found in its syntax tree.

Enters: a module's tree as the embedded engine prints it. Leaves: mentions: texts that look like a type of some
cloud, and whatever is compared with the type of a change or a resource of the input.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.adapters.policy_tree import walk
from orchestrator.model.verdict import Mention

Node = Mapping[str, Any]
_TYPE: Final = re.compile(
    r"[A-Z]\w*(::\w+){1,3}|[A-Z]\w+(\.\w+)+(/\w+)+|(aws|azurerm|google|openstack)(_[a-z0-9]+)+"
)
"""CloudFormation's and Heat's, ARM's, and Terraform's, which people bring along."""
_LISTS: Final = ("resource_changes", "resources")


def mentions_of(tree: Node) -> tuple[Mention, ...]:
    """What one module names, in order of place."""
    source, ast = tree["source"], tree["ast"]
    lines = str(source["contents"]).splitlines()
    sure = {_key(span) for span in _compared(ast)}
    found: list[Mention] = []
    for span, value in _strings(ast.get("rules", ())):
        compared = _key(span) in sure
        if compared or _TYPE.fullmatch(value):
            line, column = int(span["line"]), int(span["col"])
            text = lines[line - 1] if 0 < line <= len(lines) else ""
            found.append(Mention(value, str(source["file"]), line, column, text, compared))
    return tuple(sorted(set(found), key=lambda m: (m.line, m.column)))


def _key(span: Node) -> tuple[int, int]:
    return int(span["start"]), int(span["end"])


def _strings(root: Any) -> Iterator[tuple[Node, str]]:
    for node in walk(root):
        inner = node.get("String")
        if isinstance(inner, Mapping) and "span" in inner:
            yield inner["span"], str(inner["value"])


def _compared(ast: Node) -> Iterator[Node]:
    """The spans of texts that stand in a comparison with the type of something of the input."""
    constants = _constants(ast)
    for rule in ast.get("rules", ()):
        bound = set(_bound(rule))
        for node in walk(rule):
            for one, other in _sides(node):
                if _is_type(one, bound):
                    named = constants.get(_name(other), other)
                    yield from (
                        span
                        for span, value in _strings(named)
                        if _is_certain(one, bound) or _TYPE.fullmatch(value)
                    )


def _sides(node: Node) -> Iterator[tuple[Any, Any]]:
    comparison = node.get("BoolExpr")
    if isinstance(comparison, Mapping) and comparison.get("op") in ("Eq", "Ne"):
        yield comparison["lhs"], comparison["rhs"]
        yield comparison["rhs"], comparison["lhs"]
    membership = node.get("Membership")
    if isinstance(membership, Mapping):
        yield membership["value"], membership["collection"]


def _constants(ast: Node) -> dict[str, Any]:
    """Rules that are one value: ``stateful := {"AWS::RDS::DBInstance"}``."""
    found: dict[str, Any] = {}
    for rule in ast.get("rules", ()):
        head = (rule.get("Spec") or {}).get("head", {}).get("Compr")
        if isinstance(head, Mapping) and head.get("assign") and not rule["Spec"].get("bodies"):
            found[_name(head["refr"])] = head["assign"]["value"]
    return found


def _bound(rule: Any) -> Iterator[str]:
    """Variables that stand for one change or resource of the input."""
    for node in walk(rule):
        some = node.get("SomeIn")
        if isinstance(some, Mapping) and _is_list(some["collection"]):
            yield _name(some["value"])
        assign = node.get("AssignExpr")
        if isinstance(assign, Mapping) and _is_item(assign["rhs"]):
            yield _name(assign["lhs"])


def _is_type(node: Any, bound: set[str]) -> bool:
    """``x.type``, whatever x is; a text that looks like a type decides then."""
    field = node.get("RefDot") if isinstance(node, Mapping) else None
    return (
        field is not None
        and field["field"][1] == "type"
        and (_is_certain(node, bound) or _is_plain(field["refr"]))
    )


def _is_certain(node: Node, bound: set[str]) -> bool:
    base = node["RefDot"]["refr"]
    return _name(base) in bound or _is_item(base)


def _is_plain(node: Node) -> bool:
    return "Var" in node


def _is_item(node: Any) -> bool:
    bracket = node.get("RefBrack") if isinstance(node, Mapping) else None
    return bracket is not None and _is_list(bracket["refr"])


def _is_list(node: Any) -> bool:
    """``input.resource_changes`` or ``input.resources``."""
    field = node.get("RefDot") if isinstance(node, Mapping) else None
    return field is not None and field["field"][1] in _LISTS and _name(field["refr"]) == "input"


def _name(node: Any) -> str:
    variable = node.get("Var") if isinstance(node, Mapping) else None
    return str(variable["value"]) if isinstance(variable, Mapping) else ""
