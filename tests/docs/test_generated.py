"""The reference is what the code says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
HAND = "run `make docs`"


@pytest.fixture
def generate(monkeypatch) -> Any:
    """The script, on a terminal of an unusual width."""
    monkeypatch.setenv("COLUMNS", "200")
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_what_the_code_says(generate):
    """Every generated page is committed as the script writes it, and there is no other."""
    made = generate.pages()
    written = [*(DOCS / "types").glob("*.md"), *(DOCS / "schemas/policy-input").glob("*.json")]
    committed = {str(page.relative_to(DOCS)) for page in written} | {"commands.md", "openstack-simulator.md"}
    assert set(made) == committed, HAND
    stale = [name for name, text in made.items() if (DOCS / name).read_text("utf-8") != text]
    assert stale == [], HAND


def test_every_type_has_its_link(generate):
    """The index leads to a heading of a page."""
    made = generate.pages()
    links = re.findall(r"\]\((\w+\.md)#([\w-]+)\)", made["types/README.md"])
    headings = {
        (name.removeprefix("types/"), re.sub(r"[^\w-]", "", title.lower()))
        for name, text in made.items()
        if name.startswith("types/")
        for title in re.findall(r"^## (.+)$", text, re.MULTILINE)
    }
    assert len(links) > 40
    assert set(links) <= headings


def test_links_between_pages_lead_somewhere():
    """No page points to a file that is not there, or to a heading that it has not."""
    root = DOCS.parent
    broken = []
    for page in [*root.glob("*.md"), *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", _prose(page)):
            path, _, anchor = target.partition("#")
            there = (page.parent / path) if path else page
            if not there.exists() or (anchor and anchor not in _anchors(there)):
                broken.append(f"{page.relative_to(root)}: {target}")
    assert broken == []


def _prose(page: Path) -> str:
    """The text of a page without its code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
