"""What holds for every expression: an Unknown is contagious, and a known value is the one that apply will use."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.model.expression import ExpressionError, evaluate, parse, templated, untemplated
from orchestrator.model.values import UNKNOWN, Secret, contains, find_leaves, reveal

KEYS = ("a", "b", "c")
SCALARS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.none(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=4),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.dictionaries(st.sampled_from(KEYS), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)
NAMES = st.fixed_dictionaries(
    {name: st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3) for name in "xyz"}
)
PATHS = st.tuples(
    st.sampled_from("xyz"), st.lists(st.sampled_from(KEYS) | st.integers(0, 1), max_size=3)
).map(lambda p: (p[0], *p[1]))


def written(path: tuple[str | int, ...]) -> str:
    """A path as CEL, by dots and indexes."""
    return path[0] + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path[1:])


def optional(path: tuple[str | int, ...]) -> str:
    """The same, where every part may be missing."""
    return path[0] + "".join(f"[?{p}]" if isinstance(p, int) else f".?{p}" for p in path[1:])


def _compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map(lambda e: f"[{e[0]}, {e[1]}]"),
        inner.map(lambda e: f'{{"k": {e}}}'),
        st.tuples(inner, inner, inner).map(lambda e: f"({e[0]} == {e[1]} ? {e[2]} : {e[0]})"),
        inner.map(lambda e: f"size([{e}])"),
        st.tuples(inner, inner).map(lambda e: f"[{e[0]}].map(v, [v, {e[1]}])"),
        st.tuples(inner, inner).map(lambda e: f"({e[0]} in [{e[1]}])"),
    )


LEAVES = st.one_of(
    PATHS.map(written),
    PATHS.filter(lambda p: len(p) > 1 and isinstance(p[-1], str)).map(lambda p: f"has({written(p)})"),
    PATHS.filter(lambda p: len(p) > 1).map(lambda p: f'{optional(p)}.orValue("d")'),
    PATHS.map(lambda p: f"(type({written(p)}) == string)"),
    st.sampled_from(("1", '"s"', "null", "true")),
)
EXPRESSIONS = st.recursive(LEAVES, _compound, max_leaves=4)
WRITTEN = st.one_of(
    EXPRESSIONS.map(lambda e: f"${{{e}}}"),
    st.tuples(PATHS, PATHS).map(lambda p: f"-${{{written(p[0])}}}/${{{written(p[1])}}}"),
)


def refusal(text: str) -> ExpressionError | None:
    """Why a text cannot be parsed."""
    try:
        parse(text)
    except ExpressionError as error:
        return error
    return None


TEXTS = WRITTEN.filter(lambda text: refusal(text) is None)
"""Some that are put together are refused by CEL's type check: 1 == "s"."""


def outcome(text: str, names: dict[str, Any]) -> Any:
    """The value, or the class of the error."""
    try:
        return evaluate(parse(text), names)
    except ExpressionError:
        return ExpressionError


def places(names: Any) -> list[tuple[str | int, ...]]:
    """Every path that exists below a root."""
    found: list[tuple[str | int, ...]] = []

    def walk(value: Any, at: tuple[str | int, ...]) -> None:
        if at:
            found.append(at)
        items = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, item in items:
            walk(item, (*at, key))

    walk(names, ())
    return found


def with_leaf(names: Any, path: tuple[str | int, ...], leaf: Any) -> Any:
    """A copy in which a leaf stands at a path."""
    copied = copy.deepcopy(names)
    node = copied
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = leaf
    return copied


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, dict[str, Any], tuple[str | int, ...]]:
    """A template, names, and one existing place in them."""
    names = draw(NAMES)
    return draw(TEXTS), names, draw(st.sampled_from(places(names)))


def touches(text: str, place: tuple[str | int, ...]) -> bool:
    """Whether a referenced path is, contains, or lies below a place."""
    paths = [p for e in parse(text).expressions for p in e.paths]
    return any(path[: len(place)] == place[: len(path)] for path in paths)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_a_value_of_a_plan_is_unknown_or_what_apply_will_use(case):
    """Whatever an Unknown turns out to be, a value that was known before is the same after."""
    text, names, place = case
    before = outcome(text, with_leaf(names, place, UNKNOWN))
    after = outcome(text, names)
    assert before is UNKNOWN or before is ExpressionError or before == after
    if before is ExpressionError:
        assert after is ExpressionError


@settings(max_examples=150, deadline=None)
@given(cases())
def test_an_unknown_spreads_to_whatever_reads_it_and_to_nothing_else(case):
    text, names, place = case
    before = outcome(text, with_leaf(names, place, UNKNOWN))
    if not touches(text, place):
        assert before is not UNKNOWN
    else:
        assert before in (UNKNOWN, ExpressionError)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_secrecy_spreads_the_same_way_and_changes_no_value(case):
    text, names, place = case
    plain = outcome(text, names)
    node: Any = names
    for part in place:
        node = node[part]
    hidden = outcome(text, with_leaf(names, place, Secret(node, "env:S", "1")))
    if plain is ExpressionError:
        assert hidden is ExpressionError
    else:
        assert isinstance(hidden, Secret) == touches(text, place)
        assert reveal(hidden) == plain
        assert not contains(reveal(hidden), Secret)


@settings(max_examples=150, deadline=None)
@given(NAMES, PATHS)
def test_a_bare_path_gives_what_the_engine_gives(names, path):
    bare, engine = f"${{{written(path)}}}", f"${{({written(path)})}}"
    assert parse(bare).expressions[0].bare
    assert not parse(engine).expressions[0].bare
    assert outcome(bare, names) == outcome(engine, names)


@given(st.text(st.sampled_from("${}\"'\\ab \n"), max_size=20))
def test_escaped_text_is_the_text(text):
    escaped = text.replace("${", "$${")
    parsed = parse(escaped)
    assert (parsed if isinstance(parsed, str) else evaluate(parsed, {})) == text


@given(
    st.recursive(
        st.one_of(st.text(st.sampled_from("${}ab.$"), max_size=12), TEXTS, SCALARS),
        lambda i: st.lists(i, max_size=3) | st.dictionaries(st.text(max_size=3), i, max_size=3),
        max_leaves=6,
    )
)
def test_templates_are_data_and_back(value):
    made = templated(value, [])
    assert untemplated(made) == value
    assert templated(made, []) == made


@given(st.text(st.sampled_from("${}ab.[]\"'()+? :{|"), max_size=24))
def test_whatever_is_typed_is_parsed_or_refused_in_words(text):
    error = refusal(text)
    assert error is None or (error.message and 0 <= error.offset <= len(text))


@given(NAMES)
def test_no_expression_sees_more_than_it_names(names):
    """Other names may hold what CEL cannot."""
    assume(all(not list(find_leaves(v, Secret)) for v in names.values()))
    strange = {**names, "other": object()}
    assert outcome('${size("ab") + 1}', strange) == 3
    with pytest.raises(ExpressionError, match="class object"):
        evaluate(parse("${[other]}"), strange)
