"""The same stack twice: groups of ten, one net, three subnets that refer to it, six machines that refer to a subnet."""

from __future__ import annotations

from pathlib import Path

GROUP = 10


def opsctl_stack(folder: Path, count: int) -> None:
    """``count`` Local::Value resources in one YAML file."""
    folder.mkdir(parents=True, exist_ok=True)
    head = "apiVersion: opsctl.dev/v1\nkind: Stack\nmetadata: {name: bench, id: bench}\n"
    (folder / "opsctl.yaml").write_text(head)
    documents = []
    for group in range(count // GROUP):
        documents.append(_value(f"net{group}", f'"10.{group}"'))
        documents += [_value(f"sub{group}x{s}", f'"${{net{group}.status.value}}.{s}"') for s in range(3)]
        documents += [
            _value(f"machine{group}x{m}", f'{{subnet: "${{sub{group}x{m % 3}.status.id}}", size: {m}}}')
            for m in range(6)
        ]
    (folder / "values.yaml").write_text("---\n".join(documents))


def _value(name: str, value: str) -> str:
    return (
        f"apiVersion: opsctl.dev/v1\nkind: Resource\ntype: Local::Value\n"
        f"metadata: {{name: {name}}}\nspec:\n  value: {value}\n"
    )


def terraform_stack(folder: Path, count: int) -> None:
    """``count`` terraform_data resources in one HCL file."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = []
    for group in range(count // GROUP):
        blocks.append(_data(f"net{group}", f'"10.{group}"'))
        blocks += [_data(f"sub{group}x{s}", f'"${{terraform_data.net{group}.output}}.{s}"') for s in range(3)]
        blocks += [
            _data(f"machine{group}x{m}", f"{{ subnet = terraform_data.sub{group}x{m % 3}.id, size = {m} }}")
            for m in range(6)
        ]
    (folder / "main.tf").write_text("\n".join(blocks))


def _data(name: str, value: str) -> str:
    return f'resource "terraform_data" "{name}" {{\n  input = {value}\n}}\n'
