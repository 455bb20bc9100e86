"""Whose points a condition can be satisfied by."""

import pytest

from cognition.stores.backend import Both, Condition, Either, HasId, Match, MatchAny, Not
from cognition.stores.tenancy import for_mind, for_minds, minds_of, of_anyone, older, only_mind_of

ONE, TWO = Match("mind", "one"), Match("mind", "two")
KIND = Match("kind", "one")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, None),
        (KIND, None),
        (of_anyone(KIND), None),
        (for_mind("one", KIND), {"one"}),
        (for_minds(["one", "two"], older(3)), {"one", "two"}),
        (MatchAny("mind", ()), set()),
        (Both((for_minds(["one", "two"]), ONE)), {"one"}),
        (Either((for_mind("one", KIND), for_mind("two"))), {"one", "two"}),
        (Either((ONE, KIND)), None),
        (Either(()), None),
        (Not(ONE), None),
        (Both((HasId(("a",)), Not(TWO))), None),
    ],
)
def test_a_condition_names_the_minds_whose_points_can_satisfy_it(
    condition: Condition | None, expected: set[str] | None
) -> None:
    assert minds_of(condition) == expected


def test_one_mind_is_named_or_none() -> None:
    assert only_mind_of(for_mind("one", KIND)) == "one"
    assert only_mind_of(for_minds(["one", "two"])) is None
    assert only_mind_of(of_anyone()) is None
