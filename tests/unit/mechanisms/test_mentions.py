"""Whether a text names what a memory is about."""

import math

import numpy as np
import pytest

from cognition.mechanisms.mentions import Mention, mention, strongest

N = 1_000
RARE = 1.4 * math.log(N)


def named(found: float, mass: float, n: int = N) -> float:
    return float(mention(np.array([found]), np.array([mass]), n)[0])


def test_a_rare_subject_that_is_wholly_there_is_named_for_certain() -> None:
    assert named(RARE, RARE) == pytest.approx(1.0)
    assert named(2 * RARE, 2 * RARE) == 1.0


def test_three_quarters_of_a_name_are_no_mention_and_more_is_one() -> None:
    assert named(0.75 * RARE, RARE) == 0.0
    assert named(0.76 * RARE, RARE) == pytest.approx(0.76)


def test_a_common_subject_is_named_faintly() -> None:
    assert named(0.1 * RARE, 0.1 * RARE) == pytest.approx(0.1)


def test_nothing_to_find_is_not_found() -> None:
    assert named(0.0, 0.0) == 0.0
    assert named(0.0, RARE) == 0.0
    assert 0.0 < named(0.3, 0.3, n=1) <= 1.0


def test_the_clearest_are_kept_in_a_fixed_order() -> None:
    held = {"b": 0.5, "a": 0.5, "c": 0.9, "self": 1.0, "none": 0.0}
    assert strongest(held, most=3, without={"self"}) == [
        Mention("c", 0.9),
        Mention("a", 0.5),
        Mention("b", 0.5),
    ]
    assert len(strongest({str(i): 0.5 for i in range(50)})) == 8
