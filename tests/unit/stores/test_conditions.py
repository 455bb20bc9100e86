"""What a condition means, by example; laws are in tests/properties, engines in tests/congruence."""

import pytest

from cognition.errors import BadCueError, StoreRefusedError
from cognition.stores.backend import Both, HasId, Hit, IsNull, Match, MatchAny, Range, TimeRange
from cognition.stores.conditions import matches, path
from cognition.stores.tenancy import for_mind, for_minds, older, owned, paired

PAYLOAD = {
    "mind": "m",
    "n": 1,
    "x": 1.0,
    "flag": True,
    "tags": ["a", "b"],
    "at": "1970-01-01T00:00:10.000000Z",
    "context": {"a b": "c", "deep": {"er": 1}},
    "empty": [],
    "null": None,
}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Match("n", 1), True),
        (Match("n", True), False),
        (Match("x", 1), False),
        (Match("flag", True), True),
        (Match("flag", 1), False),
        (Match("tags", "b"), True),
        (Match(path("context", "a b"), "c"), True),
        (Match("context.deep.er", 1), True),
        (Match("context.deep.er.none", 1), False),
        (MatchAny("tags", ("z", "a")), True),
        (MatchAny("tags", ()), False),
        (Range("x", gte=1.0, lt=2.0), True),
        (Range("x", gt=1.0), False),
        (Range("flag", gte=0.0), False),
        (Range("absent"), False),
        (TimeRange("at", gte=10.0, lte=10.0), True),
        (TimeRange("at", gte=10.000001), False),
        (TimeRange("mind", gte=0.0), False),
        (TimeRange("at"), True),
        (IsNull("null"), True),
        (IsNull("absent"), True),
        (IsNull("empty"), True),
        (IsNull("context"), False),
        (HasId(("p",)), True),
        (HasId(()), False),
    ],
)
def test_a_condition_holds_or_not(condition: object, expected: bool) -> None:
    assert matches(PAYLOAD, condition, "p") is expected  # type: ignore[arg-type]


def test_a_name_that_no_engine_can_write_is_refused() -> None:
    with pytest.raises(BadCueError, match=r"context 'a\"b'.*without double quotes"):
        path("context", 'a"b')


def test_every_condition_of_a_mind_names_it() -> None:
    assert for_mind("m", older(3)) == Both((Match("mind", "m"), Range("epoch", lt=3)))
    assert for_minds(["b", "a", "b"]) == Both((MatchAny("mind", ("a", "b")),))


def test_no_mind_means_no_request() -> None:
    for refused in (lambda: for_mind(""), lambda: for_minds(["a", ""]), lambda: owned("", [])):
        with pytest.raises(StoreRefusedError, match="No mind"):
            refused()


def test_points_of_another_mind_are_as_good_as_absent() -> None:
    hits = [Hit("1", payload={"mind": "a"}), Hit("2", payload={"mind": "b"}), Hit("3", payload={})]
    assert list(owned("a", hits)) == ["1"]
    assert list(paired([("a", "1"), ("a", "2"), ("b", "2")], hits)) == ["1", "2"]
    assert list(paired([("b", "1")], hits)) == []
