"""The episodes of a mind, drawn and in order."""

from pathlib import Path

import pytest

from cognition.commands.timeline import draw, in_order, name
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


def test_it_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    ended = [
        episode(n, memory_count=n + 1, boundary_type=cause, boundary_strength=1.0 + n)
        for n, cause in enumerate([*BoundaryType, None])
    ]
    draw(ended, str(tmp_path / "drawn.png"))
    assert (tmp_path / "drawn.png").read_bytes()[:4] == b"\x89PNG"
