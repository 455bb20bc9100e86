"""Laws of keeping: what leaves, in which order, and what never does."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.keeping import (
    FLOOR,
    Lapse,
    Protection,
    allowance,
    archived,
    at_least,
    displaced,
    keep_scores,
    standing_protections,
    worth,
)

UNIT = st.floats(0.0, 1.0)
DAY = 86_400.0
YEAR = 365 * DAY
ROWS = st.lists(
    st.tuples(st.floats(0.0, 500.0), UNIT, UNIT, st.floats(0.0, 5_000.0), st.floats(-1.0, 1.0)),
    min_size=1,
    max_size=40,
)
LAPSES = st.lists(
    st.builds(
        Lapse,
        st.uuids().map(str),
        UNIT,
        UNIT,
        st.one_of(st.none(), st.sampled_from(list(Protection))),
    ),
    unique_by=lambda lapse: lapse.memory_id,
)


def columns(rows: list[tuple[float, ...]]) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return [np.array(column, float) for column in zip(*rows, strict=True)]


@given(ROWS, st.floats(0.0, 1.0))
def test_what_is_asked_long_or_said_before_is_worth_no_more(
    rows: list[tuple[float, ...]], more: float
) -> None:
    mass, asked, given_, length, likeness = columns(rows)
    base = worth(mass, asked, given_, length, likeness)
    assert np.all(base >= 0.0)
    assert np.all(base <= mass + 1e-9)
    assert np.all(worth(mass, asked, np.minimum(1.0, given_ + more), length, likeness) <= base + 1e-9)
    assert np.all(worth(mass, asked, given_, length * (1.0 + more), likeness) <= base + 1e-9)
    assert np.all(worth(mass, asked, given_, length, np.minimum(1.0, likeness + more)) <= base + 1e-9)


@given(st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans()), min_size=1, max_size=60))
def test_what_was_used_is_kept_before_all_that_was_not(rows: list[tuple[float, bool]]) -> None:
    worths, used = np.array([w for w, _ in rows]), [u for _, u in rows]
    scores = keep_scores(worths, used)
    assert np.all((scores >= 0.0) & (scores < 2.0))
    spent, idle = scores[np.array(used)], scores[~np.array(used)]
    assert not len(spent) or not len(idle) or spent.min() >= idle.max()
    for one, other in zip(range(len(rows)), range(1, len(rows)), strict=False):
        if used[one] == used[other] and worths[one] < worths[other]:
            assert scores[one] < scores[other]


@given(st.lists(UNIT, min_size=1, max_size=40), st.data())
def test_displacement_leaves_the_best_and_repeats_itself(scores: list[float], data: st.DataObject) -> None:
    ids = [f"{n:03}" for n in range(len(scores))]
    limit = data.draw(st.integers(0, len(ids)))
    safe = data.draw(st.sets(st.sampled_from(ids)))
    gone = displaced(ids, np.array(scores), limit, safe)
    left = [i for i in ids if i not in gone]
    assert len(left) == min(limit, len(ids))
    of = dict(zip(ids, scores, strict=True))
    if len(safe) <= limit:
        assert not safe & set(gone)
        assert all(of[i] <= of[j] for i in gone for j in left if j not in safe)
    rest = np.array([of[i] for i in left])
    assert displaced(left, rest, limit, safe) == [], "once under the limit nothing more goes"


@given(LAPSES, st.sets(st.sampled_from(list(Protection))), st.integers(0, 50))
def test_nothing_protected_and_nothing_retrievable_is_archived(
    lapses: list[Lapse], holding: set[Protection], most: int
) -> None:
    gone = archived(lapses, holding=holding, most=most)
    of = {lapse.memory_id: lapse for lapse in lapses}
    assert len(gone) <= most
    assert all(of[i].retrievability < FLOOR for i in gone)
    assert all(of[i].protection not in holding or of[i].protection is None for i in gone)
    assert archived(lapses, holding=holding, most=most + 7)[: len(gone)] == gone
    assert archived(lapses[::-1], holding=holding, most=most) == gone


@given(st.dictionaries(st.sampled_from(list(Protection)), st.integers(0, 1_000)), st.integers(0, 1_000), UNIT)
def test_milestones_are_always_protected_and_the_rest_is_bounded(
    counts: dict[Protection, int], memories: int, share: float
) -> None:
    holding = standing_protections(counts, memories, share)
    assert Protection.MILESTONE in holding
    bounded = holding - {Protection.MILESTONE}
    if bounded:
        assert sum(counts.get(p, 0) for p in holding) <= share * memories
    assert holding <= standing_protections(counts, memories, 1.0) or share == 1.0


@given(st.lists(st.booleans(), min_size=1, max_size=300), st.integers(1, 300), UNIT, st.randoms())
def test_what_a_sample_says_at_least_is_never_more_than_it_shows(
    held: list[bool], looked_at: int, share: float, chance: random.Random
) -> None:
    page = chance.sample(held, min(looked_at, len(held)))
    found = at_least(sum(page), len(page), len(held), share=share)
    assert 0 <= found <= len(held) * sum(page) / len(page)
    assert len(page) < len(held) or found == sum(held)


def test_a_page_of_half_a_mind_does_not_say_more_than_half() -> None:
    chance = random.Random(20_260_101)
    pages = [sum(chance.random() < 0.5 for _ in range(256)) for _ in range(5_000)]
    said = [at_least(seen, 256, 1_000_000, share=0.5) > 500_000 for seen in pages]
    assert sum(said) <= 10
    assert at_least(180, 256, 1_000_000, share=0.5) > 500_000


@given(st.integers(0, 100_000), st.floats(0.0, 1.0), st.lists(st.floats(0.0, 40 * DAY), max_size=60))
def test_a_year_archives_no_more_than_its_share_at_any_cadence(
    memories: int, share: float, gaps: list[float]
) -> None:
    """Nights at any distance within one year, each archiving all that it may."""
    gone, spent, elapsed = 0, 0.0, YEAR
    for gap in gaps:
        if spent + gap > YEAR:
            break
        spent += gap
        most = allowance(memories - gone, gone, elapsed_s=elapsed + gap, share=share)
        gone += most
        elapsed = 0.0 if most else elapsed + gap
    assert gone <= share * memories + 1e-6


@pytest.mark.parametrize("memories", [50, 365, 10_000])
def test_a_year_of_nights_archives_what_was_planned(memories: int) -> None:
    gone, elapsed = 0, DAY
    for _ in range(365):
        most = allowance(memories - gone, gone, elapsed_s=elapsed, share=0.2)
        gone += most
        elapsed = DAY if most else elapsed + DAY
    assert 0.2 * memories * 0.8 <= gone <= 0.2 * memories


def test_a_limit_that_is_no_number_of_memories_is_refused() -> None:
    with pytest.raises(ValueError, match="limit = -1"):
        displaced(["a"], np.array([0.0]), -1)
