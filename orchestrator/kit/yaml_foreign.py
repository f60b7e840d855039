"""What people paste from other tools, and the expression to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.model.ids import Path

FUNCTIONS: Final = frozenset(
    {"Ref", "Condition", "get_attr", "get_resource", "get_param", "str_replace", "list_join", "get_file"}
)
_PSEUDO: Final = "AWS::"


def is_foreign(key: str) -> bool:
    """Whether a map with this single key is another tool's function call."""
    return key in FUNCTIONS or key.startswith("Fn::")


def find_calls(value: Any, at: Path = ()) -> Iterator[tuple[Path, str, str]]:
    """Every call of another tool's function in a spec: path, what it is, what to write."""
    if isinstance(value, Mapping):
        if len(value) == 1:
            ((key, argument),) = value.items()
            if isinstance(key, str) and is_foreign(key):
                yield at, f"{{{key}: …}} is another tool's", instead(key.removeprefix("Fn::"), argument)
                return
        for key, item in value.items():
            yield from find_calls(item, (*at, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_calls(item, (*at, index))


def of_tag(tag: str, argument: Any) -> tuple[str, str]:
    """What a tag is, and what to write instead."""
    name = tag.removeprefix("!")
    if tag.startswith("tag:yaml.org,2002:"):
        name = tag.removeprefix("tag:yaml.org,2002:")
        return f"the tag !!{name} is not needed", f'write "{argument}"' if name == "str" else "remove it"
    return f"{tag} is another tool's", instead(name, argument)


def instead(function: str, argument: Any) -> str:
    """The CEL for a call of CloudFormation's or Heat's functions."""
    names = _names(argument)
    match function:
        case "Ref" if names[0].startswith(_PSEUDO):
            return "declare a parameter and write ${params.NAME}"
        case "Ref":
            return f'write "${{{names[0]}.status.id}}", or "${{params.{names[0]}}}" for a parameter'
        case "get_resource":
            return f'write "${{{names[0]}.status.id}}"'
        case "get_param":
            return f'write "${{params.{names[0]}}}"'
        case "GetAtt" | "get_attr":
            parts = names[0].split(".") if len(names) == 1 else names
            return f'write "${{{parts[0]}.status.{".".join(parts[1:]) or "NAME"}}}"'
        case "Sub":
            return f'write "{_substituted(names[0])}"'
        case "Join" | "list_join":
            return 'write the text with expressions in it, or "${[a, b].join(\\"-\\")}"'
        case "If" | "Condition":
            return 'write "${condition ? a : b}"'
        case "FindInMap":
            return 'write "${params.map[key]}"'
        case "ImportValue":
            return f'write "${{stack.outputs(\\"{names[0]}\\")}}"'
        case "Select":
            return 'write "${list[0]}"'
        case "Split":
            return 'write "${text.split(\\",\\")}"'
        case "Base64":
            return 'write "${base64.encode(bytes(text))}"'
        case _:
            return 'write an expression: "${name.status.Attribute}"'


def _names(argument: Any) -> list[str]:
    """The argument as names, whatever its shape."""
    items = argument if isinstance(argument, list) and argument else [argument]
    return [str(item) if isinstance(item, str | int) else "NAME" for item in items]


def _substituted(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith(_PSEUDO):
            return "${params." + name[len(_PSEUDO)].lower() + name[len(_PSEUDO) + 1 :] + "}"
        head, _, attribute = name.partition(".")
        return f"${{{head}.status.{attribute or 'id'}}}"

    return re.sub(r"\$\{([\w:.]+)\}", one, text)
