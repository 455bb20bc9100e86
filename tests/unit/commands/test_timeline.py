"""The episodes of a mind, drawn and in order."""

import itertools
from pathlib import Path

import pytest

from cognition.commands.timeline import (
    begins,
    boundaries,
    draw,
    expected,
    in_order,
    lasting,
    name,
    spans,
    why,
)
from cognition.commands.words import scored
from schemas.episode import BoundaryType, Episode


def episode(number: int, *, at: float = 0.0, **fields: object) -> Episode:
    previous = f"e{number - 1}" if number else None
    return Episode(id=f"e{number}", mind="ana", started_at=at, previous_id=previous, **fields)  # type: ignore[arg-type]


def test_those_of_one_moment_follow_each_other_as_they_came() -> None:
    found = [episode(2), episode(0), episode(3, at=-5.0), episode(1)]
    assert [e.id for e in in_order(found)] == ["e3", "e0", "e1", "e2"]


def test_the_score_of_the_boundary_is_marked_among_those_around_it() -> None:
    ended = episode(0, boundary_strength=1.5, boundary_scores=[0.25, 1.5, -0.5])
    assert scored(ended) == "+0.2 [+1.5] -0.5"


def test_a_name_is_one_short_line() -> None:
    assert name(episode(0, label="a " * 60)).endswith("…")
    assert name(episode(0)) == "1970-01-01 00:00  without words"


def test_an_end_lies_between_two_percepts() -> None:
    ended = [episode(0, memory_count=3, boundary_type=BoundaryType.TEMPORAL, boundary_strength=2.0),
             episode(1, memory_count=1, prediction_errors=[None, 0.5])]  # fmt: skip
    assert boundaries(ended) == [(2.5, "temporal", 2.0), (4.5, "open", 0.0)], "one of the second was erased"
    assert begins(ended) == [0, 3]


def test_why_it_ended_is_told_in_the_units_of_a_person() -> None:
    silent = episode(0, boundary_type=BoundaryType.TEMPORAL, boundary_trigger="106800 s apart")
    assert why(silent) == "a silence of 30 h"
    moved = episode(0, boundary_type=BoundaryType.CONTEXT_SHIFT, boundary_trigger="place: 'bed' -> 'bath'")
    assert why(moved) == "place: 'bed' -> 'bath'"
    marked = episode(0, boundary_type=BoundaryType.EXPLICIT, boundary_trigger="lunch")
    assert why(marked) == "marked, lunch"
    back = episode(0, boundary_type=BoundaryType.TEMPORAL, boundary_trigger="-7200 s apart")
    assert why(back) == "a silence, 2 h back"
    meant = episode(0, boundary_type=BoundaryType.PREDICTION_ERROR, boundary_trigger="600 s apart")
    assert why(meant) == "the meaning changed, after 10 min"
    told = episode(
        0, boundary_type=BoundaryType.PREDICTION_ERROR, boundary_trigger="source: 'chat' -> 'mail'"
    )
    assert why(told) == "the meaning changed, source: 'chat' -> 'mail'"
    assert why(episode(0)) == "still open"
    assert [lasting(s) for s in (5.0, 150.0, 7_199.0, 259_200.0)] == ["5 s", "2 min", "120 min", "3 days"]


def test_what_was_cut_off_by_something_else_has_the_error_that_its_boundary_tells() -> None:
    silent = episode(0, memory_count=1, prediction_errors=[None], boundary_type=BoundaryType.TEMPORAL,
                     boundary_parts={"silence": 2.0, "meaning": 0.5, "cue": 0.25})  # fmt: skip
    meant = episode(1, memory_count=2, prediction_errors=[None, 1.0])
    known = episode(2, memory_count=1, prediction_errors=[3.0])
    assert expected([silent, meant, known]) == [None, 0.75, 1.0, 3.0]


def test_a_coarse_episode_spans_those_that_it_holds() -> None:
    held = [episode(n, memory_count=2, parent_id=parent) for n, parent in enumerate(("a", "a", "b", None))]
    assert spans(held) == [(0, 4), (4, 6), (6, 8)]


@pytest.mark.parametrize("count", [1, 7, 60])
def test_it_is_drawn(tmp_path: Path, count: int) -> None:
    pytest.importorskip("matplotlib")
    causes = itertools.cycle(BoundaryType)
    ended = [
        episode(
            n,
            memory_count=n % 3 + 1,
            boundary_type=None if n == count - 1 else next(causes),
            boundary_strength=1.0 + n,
            prediction_errors=[None, 0.5, 99.0][: n % 3 + 1],
            arousals=[0.1, None, 0.9][: n % 3 + 1],
        )
        for n in range(count)
    ]
    draw(ended, str(tmp_path / "drawn.png"))
    assert (tmp_path / "drawn.png").read_bytes()[:4] == b"\x89PNG"
