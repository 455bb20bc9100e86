"""How an episode went, member by member."""

from __future__ import annotations

import pytest

from cognition.mechanisms.course import LIMIT, Course


def told(*errors: float | None) -> Course:
    course = Course()
    for number, error in enumerate(errors):
        course.note(0.1 * number, error)
    return course


def test_what_is_judged_late_stands_in_its_place() -> None:
    course = told(None, None, None)
    course.judge(1, 1.5)
    assert course.errors(3) == [None, 1.5, None]
    assert course.arousals(3) == [0.0, 0.1, 0.2]


def test_those_who_leave_take_what_is_known_of_them_along() -> None:
    course = told(0.5, -1.0, 2.0)
    assert course.give_up(2) == [-1.0, 2.0]
    assert course.errors(1) == [0.5]
    assert course.give_up(2) == [None, 0.5], "of one more than there are nothing is known"
    assert len(course) == 0


def test_after_something_was_erased_nothing_is_told_of_what_was_there() -> None:
    course = told(0.5, 0.7)
    course.clear()
    course.judge(0, 9.0)
    course.note(0.9, 1.0)
    assert course.errors(3) == [None, None, 1.0]
    assert course.arousals(3) == [None, None, 0.9]


def test_read_back_it_is_the_same() -> None:
    course = told(None, 1.234, -7.0, 1e9)
    again = Course.restore(course.snapshot())
    assert again.errors(4) == course.errors(4) == [None, 1.23, -7.0, LIMIT]
    assert again.snapshot() == course.snapshot()
    assert again.arousals(4) == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_of_a_checkpoint_that_knew_none_nothing_is_told() -> None:
    assert Course.restore(b"").errors(2) == [None, None]
