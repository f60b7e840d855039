"""opsctl fmt: one layout for spec files, which changes nothing but space."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.adapters.spec_format import LayoutError, comments, format_spec

WRITTEN = """

# a shop
apiVersion:   opsctl.dev/v1   # the only one
kind: Resource
metadata: { name: main , labels: {app:   shop}}   \t
dependsOn:
- a
-   b
# before health


health:
    - http: {url: "http://x",
             expect: { status: 200 } }
      within:   5m
      # of the item
    -   tcp:
            # of the port
            port: 1
spec:
      text: |
          hello
            world   \n
          # no comment

      list:
      - a: 1
        b:
        -   c
      last:
---
kind:    B
c: [1,2 ,  3]
folded: 'two
   lines'
d:
- - 1
  - 2
# at the end


"""
LAID_OUT = """# a shop
apiVersion: opsctl.dev/v1   # the only one
kind: Resource
metadata: {name: main, labels: {app: shop}}
dependsOn:
  - a
  - b
# before health

health:
  - http: {url: "http://x",
           expect: {status: 200}}
    within: 5m
    # of the item
  - tcp:
      # of the port
      port: 1
spec:
  text: |
      hello
        world   \n
      # no comment

  list:
    - a: 1
      b:
        - c
  last:
---
kind: B
c: [1, 2, 3]
folded: 'two
   lines'
d:
  - - 1
    - 2
# at the end
"""


def test_a_file_is_laid_out_as_the_manual_says():
    assert format_spec(WRITTEN) == LAID_OUT


def test_what_is_laid_out_stays_as_it_is():
    assert format_spec(LAID_OUT) == LAID_OUT


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "---\n", "a: 1", "\ufeffa:  1\r\nb: 2\r\n"])
def test_small_files_end_with_one_line_end(text):
    out = format_spec(text)
    assert out == "" or (out.endswith("\n") and not out.endswith("\n\n"))
    assert list(yaml.safe_load_all(out)) == list(yaml.safe_load_all(text.removeprefix("\ufeff")))


@pytest.mark.parametrize("path", sorted(Path("examples").rglob("*.yaml")), ids=str)
def test_the_examples_are_laid_out(path):
    text = path.read_text("utf-8")
    assert format_spec(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1\n", "line 2"),
        ("a: b: c\n", "line 1"),
        ("%YAML 1.1\n---\na: 1\n", "directive"),
        ("? a\n: 1\n", "written with ?"),
        ("\ta: 1\n", "line 1"),
    ],
)
def test_what_cannot_be_laid_out_is_told(text, said):
    with pytest.raises(LayoutError, match=said.replace("?", r"\?")):
        format_spec(text)


WORDS = st.sampled_from(
    [
        "a",
        "name",
        "${x.y}",
        "two words",
        "#no comment",
        "x: y",
        "",
        "- a",
        "'q'",
        "é",
        "a\nb",
        "a\n\n  b\n",
        "1",
        "null",
        "{",
        " pad ",
    ]
)
KEYS = st.sampled_from(["a", "name", "two words", "x-y", "1", "é", "${x}", "k: v"])
VALUES = st.recursive(
    WORDS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=4),
    max_leaves=12,
)


class Indented(yaml.SafeDumper):
    """Lists below their keys, as many write them."""

    def increase_indent(self, *args, **more):
        flow = args[0] if args else more.get("flow", False)
        return super().increase_indent(flow, self.bare)


def blocks(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Indented.add_representer(str, blocks)


@st.composite
def files(draw):
    """Documents in some author's layout, with comments and blank lines wherever YAML lets them be."""
    Indented.bare = draw(st.booleans())
    text = yaml.dump_all(
        draw(st.lists(VALUES, min_size=1, max_size=2)),
        Dumper=Indented,
        indent=draw(st.integers(2, 7)),
        width=draw(st.sampled_from([20, 80])),
        default_flow_style=draw(st.sampled_from([True, False, None])),
        allow_unicode=True,
    )
    meant = parsed(text)
    assume(
        meant is not None
    )  # the dumper may write what no parser reads: it is asked for block texts anywhere
    lines = text.split("\n")
    for _ in range(draw(st.integers(0, 4))):
        more = [*lines]
        more.insert(
            draw(st.integers(0, len(lines))),
            draw(st.sampled_from(["", "# note", "    # deeper", "  ", "#x"])),
        )
        if parsed("\n".join(more)) == meant:
            lines = more
    return "\n".join(lines)


def parsed(text):
    """The values of a file; None where it is no YAML."""
    try:
        return list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError:
        return None


@settings(max_examples=150, deadline=None)
@given(files())
def test_nothing_is_lost_and_twice_is_once(text):
    """What is laid out means the same, has the same comments in the same order, and stays as it is."""
    out = attempt(text)
    assume(out is not None)
    assert parsed(out) == parsed(text)
    assert list(comments(out)) == list(comments(text))
    assert format_spec(out) == out


def test_few_files_are_left_alone():
    """The layout is held to what it means by leaving alone what would change: that must be rare."""
    tried: list[bool] = []

    @settings(max_examples=100, deadline=None, database=None)
    @given(files())
    def count(text):
        tried.append(attempt(text) is not None)

    count()
    assert tried.count(False) <= len(tried) // 20


def attempt(text):
    """A file laid out; None where it is left alone."""
    try:
        return format_spec(text)
    except LayoutError:
        return None
