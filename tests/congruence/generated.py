"""What Hypothesis draws for backends: points, conditions, queries and sequences of writes."""

import itertools
import uuid
from typing import Any

import numpy as np
from hypothesis import strategies as st

from cognition.stores import times
from cognition.stores.backend import (
    Both,
    CollectionSpec,
    Condition,
    Either,
    FieldType,
    HasId,
    IsNull,
    Match,
    MatchAny,
    Not,
    Point,
    Query,
    Range,
    Sparse,
    TimeRange,
)
from cognition.stores.conditions import path

SPEC = CollectionSpec(
    "things",
    {"v": 4, "w": 3, "k": 4},
    ("s",),
    {
        "mind": FieldType.TENANT,
        "kind": FieldType.KEYWORD,
        "tags": FieldType.KEYWORD,
        "n": FieldType.INTEGER,
        "x": FieldType.FLOAT,
        "flag": FieldType.BOOL,
        "at": FieldType.DATETIME,
        "gone_at": FieldType.DATETIME,
        "epoch": FieldType.INTEGER,
    },
    frozenset({"hidden", "text"}),
    kept=frozenset({"k"}),
    by_mind=True,
    maps=("context",),
)
BARE = CollectionSpec("bare", indexes={"mind": FieldType.TENANT, "epoch": FieldType.INTEGER})

POINTS_MAX = 6
_fresh = itertools.count()


def fresh_mind() -> str:
    """A mind that no example had before: the shards are shared by all of them."""
    return f"mind {next(_fresh)}"


def point_id(mind: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{mind}/{number}"))


words = st.sampled_from(["a", "b", "é ü", "", "A", "the same", "1", "true"])
names = st.sampled_from(["place", "a b", "x.y", "l[0]", "größe", "$"])
whole = st.integers(-3, 3)
numbers = st.sampled_from([-1.5, -1.0, 0.0, 0.25, 0.5, 1.0, 2.0, 1e-9, 1e9])
moments = st.sampled_from([0.0, 0.000001, 1.5, 1_700_000_000.123456, 1_700_000_000.123457, -1e9, 4e9])
leaves = st.one_of(words, whole, numbers, st.booleans(), st.none())
anything = st.one_of(leaves, st.lists(leaves, max_size=3), st.dictionaries(names, leaves, max_size=2))

payloads = st.fixed_dictionaries(
    {"epoch": st.integers(0, 3)},
    optional={
        "kind": words,
        "tags": st.lists(words, max_size=3),
        "n": whole,
        "x": numbers,
        "flag": st.booleans(),
        "at": moments.map(times.to_text),
        "gone_at": st.one_of(st.none(), moments.map(times.to_text)),
        "context": st.dictionaries(names, words, max_size=3),
        "metadata": st.dictionaries(names, anything, max_size=3),
        "loose": anything,
        "hidden": anything,
        "text": words,
    },
)

components = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0, 3.0])


def dense(size: int) -> st.SearchStrategy[Any]:
    lists = st.lists(components, min_size=size, max_size=size).filter(any)
    return lists.map(lambda values: np.array(values, np.float32))


sparse = st.dictionaries(
    st.integers(0, 5) | st.just(2**32 - 1), st.sampled_from([0.25, 0.5, 1.0, 2.0]), min_size=1, max_size=4
).map(
    lambda terms: Sparse(
        np.array(sorted(terms), np.uint32), np.array([terms[i] for i in sorted(terms)], np.float32)
    )
)
vectors = st.fixed_dictionaries({}, optional={"v": dense(4), "w": dense(3), "k": dense(4), "s": sparse})

points = st.lists(st.tuples(payloads, vectors), max_size=POINTS_MAX)
"""Bodies of points; `placed` makes them a mind's."""


def placed(mind: str, bodies: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[Point]:
    return [
        Point(point_id(mind, i), {**payload, "mind": mind}, given)
        for i, (payload, given) in enumerate(bodies)
    ]


# --- conditions: ids are numbers of points until a mind is known -----------------------------

texts = st.sampled_from(["kind", "tags", "loose"]) | names.map(lambda n: path("context", n))
free = names.map(lambda n: path("metadata", n)) | st.just("loose")
keys = st.sampled_from(["kind", "tags", "n", "x", "flag", "at", "gone_at", "context", "loose"]) | free
whole_bounds = st.none() | st.integers(-3, 3).map(float)
bounds = st.none() | numbers
time_bounds = st.none() | moments | st.sampled_from([float("-inf"), float("inf"), -1e13, 1e13])

simple = st.one_of(
    st.builds(Match, texts, words),
    st.builds(Match, st.just("n") | free, whole),
    st.builds(Match, st.just("flag") | free, st.booleans()),
    st.builds(Match, free, words),
    st.builds(MatchAny, texts, st.lists(words, max_size=3).map(tuple)),
    st.builds(MatchAny, st.just("n"), st.lists(whole, max_size=3).map(tuple)),
    st.builds(MatchAny, free, st.lists(words | whole, max_size=3).map(tuple)),
    st.builds(Range, st.just("n"), whole_bounds, whole_bounds, whole_bounds, whole_bounds),
    st.builds(Range, st.just("x") | free, bounds, bounds, bounds, bounds),
    st.builds(TimeRange, st.sampled_from(["at", "gone_at", "loose"]), time_bounds, time_bounds),
    st.builds(IsNull, keys),
    st.lists(st.integers(0, POINTS_MAX), max_size=3).map(lambda ns: HasId(tuple(map(str, ns)))),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    simple,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, max_size=3).map(lambda parts: Either(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Both(tuple(parts))),
    ),
    max_leaves=5,
)


def owned(mind: str, condition: Condition) -> Condition:
    """The condition for one mind, its numbers turned into ids."""
    return Both((Match("mind", mind), _numbered(mind, condition)))


def _numbered(mind: str, condition: Condition) -> Condition:
    match condition:
        case HasId(ids):
            return HasId(tuple(point_id(mind, int(i)) for i in ids))
        case Not(inner):
            return Not(_numbered(mind, inner))
        case Either(parts):
            return Either(tuple(_numbered(mind, p) for p in parts))
        case Both(parts):
            return Both(tuple(_numbered(mind, p) for p in parts))
    return condition


@st.composite
def queries(draw: st.DrawFn) -> Query:
    using, vector = draw(
        st.one_of(
            st.tuples(st.just("v"), dense(4)),
            st.tuples(st.just("w"), dense(3)),
            st.tuples(st.just("s"), sparse),
        )
    )
    return Query(using, vector, draw(st.integers(0, 4)), draw(conditions), draw(st.booleans()))
