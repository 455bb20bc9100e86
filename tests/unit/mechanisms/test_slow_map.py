"""What a stream teaches: sums, the map that is solved from them, and what is not learned from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognition.mechanisms.lookahead import LATE, Lookahead
from cognition.mechanisms.notebook import CARRIED, LESSON, UNJUDGED, Notebook
from cognition.mechanisms.prediction import Gap, PredictionError
from cognition.mechanisms.running_z import WINDOW, RunningZ
from cognition.mechanisms.slow_map import REMEMBERED, Lesson, SlowMap, SlowSums, UnfitMapError

D = 24


def stream(seed: int, count: int, *, length: int = 8) -> np.ndarray:
    """Unit vectors: a topic that lasts `length` percepts, another part that changes with each."""
    rng = np.random.default_rng(seed)
    topics = np.repeat(rng.standard_normal((count // length + 1, D // 2)), length, axis=0)[:count]
    rows = np.concatenate([topics, 2.0 * rng.standard_normal((count, D - D // 2))], axis=1)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def lesson(vectors: np.ndarray, carried: int = 0) -> Lesson:
    follows = np.ones(len(vectors), dtype=np.bool_)
    follows[0] = False
    return Lesson(vectors, follows, np.where(follows, 0.2, np.nan), carried)


def learned(vectors: np.ndarray) -> SlowSums:
    sums = SlowSums(D)
    sums.take(lesson(vectors))
    return sums


def test_what_lasts_counts_and_what_changes_does_not() -> None:
    found = learned(stream(1, 4_000)).solve()
    lasting, fleeting = found.rows[:, : D // 2], found.rows[:, D // 2 :]
    assert np.square(lasting).sum() > 5.0 * np.square(fleeting).sum()


def test_with_the_map_a_change_of_topic_stands_out_of_the_noise() -> None:
    def apart(error: PredictionError) -> float:
        scores = [error.observe(v) for v in stream(3, 400)]
        values = np.array([gap.coherence for gap in scores if gap is not None])
        turns = np.arange(len(values)) % 8 == 7
        return float((values[~turns].mean() - values[turns].mean()) / values.std())

    taught = PredictionError()
    taught.adopt(learned(stream(2, 4_000)).solve())
    assert apart(taught) > apart(PredictionError()) + 0.3


@pytest.mark.parametrize("rows", [np.tile(stream(4, 1), (200, 1)), stream(5, 3), stream(6, 1)])
def test_a_constant_stream_and_the_first_few_teach_nothing_bad(rows: np.ndarray) -> None:
    found = learned(rows).solve()
    assert all(np.isfinite(part).all() for part in (found.rows, found.closing, found.opening))
    error = PredictionError()
    error.adopt(found)
    gaps = [error.observe(v) for v in rows]
    assert all(np.isfinite(gap.score) for gap in gaps if gap is not None)


def test_lessons_in_parts_are_one_lesson() -> None:
    rows = stream(7, 300)
    whole, parts = learned(rows), SlowSums(D)
    parts.take(lesson(rows[:100]))
    second = lesson(rows[98:], carried=2)
    second.continues[0] = True
    parts.take(second)
    assert (parts.n, parts.pairs) == (whole.n, whole.pairs)
    np.testing.assert_allclose(parts.squares, whole.squares, atol=1e-9)
    np.testing.assert_allclose(parts.lagged, whole.lagged, atol=1e-9)
    np.testing.assert_allclose(parts.opening, whole.opening, atol=1e-9)


def test_sums_and_map_come_back_to_the_bit() -> None:
    sums = SlowSums.from_bytes(learned(stream(8, 200)).to_bytes(), dimension=D)
    again = SlowSums.from_bytes(sums.to_bytes(), dimension=D)
    assert again.to_bytes() == sums.to_bytes()
    assert again.solve().to_bytes() == sums.solve().to_bytes()
    assert SlowMap.from_bytes(sums.solve().to_bytes(), dimension=D).to_bytes() == sums.solve().to_bytes()


def test_what_does_not_fit_is_refused() -> None:
    sums = learned(stream(9, 50))
    for damaged in (b"", b"x" * 100, sums.to_bytes()[:-4], sums.to_bytes() + b"1234"):
        with pytest.raises(UnfitMapError):
            SlowSums.from_bytes(damaged, dimension=D)
        with pytest.raises(UnfitMapError):
            SlowMap.from_bytes(damaged, dimension=D)
    with pytest.raises(UnfitMapError, match="sums of another embedding model than 'other'"):
        SlowSums.from_bytes(sums.to_bytes("one"), "other", D)
    with pytest.raises(UnfitMapError, match="a map of another embedding model than 'other'"):
        SlowMap.from_bytes(sums.solve().to_bytes("one"), "other", D)
    with pytest.raises(UnfitMapError, match="24 dimensions"):
        SlowSums.from_bytes(sums.to_bytes(), dimension=768)
    broken = bytearray(sums.solve().to_bytes())
    broken[-4:] = np.array([np.nan], dtype="<f4").tobytes()
    with pytest.raises(UnfitMapError):
        SlowMap.from_bytes(bytes(broken), dimension=D)


def test_the_past_fades_and_the_sums_stay_bounded() -> None:
    sums = SlowSums(D)
    rows = stream(10, 1_000)
    for _ in range(3 * REMEMBERED // 1_000):
        sums.take(lesson(rows))
    assert sums.n < REMEMBERED + 1_000


def test_a_notebook_is_due_and_overdue_by_the_stream_alone() -> None:
    book = Notebook()
    for number in range(2 * LESSON + UNJUDGED):
        assert not book.overdue
        assert book.due == (number >= LESSON + UNJUDGED)
        book.note(f"m{number}", continues=number > 0)
        book.judge(0, 0.5)
    assert book.overdue
    page = book.page()
    assert page == [f"m{n}" for n in range(LESSON)]
    book.turn()
    assert (book.learned, book.page()[:CARRIED]) == (LESSON, page[-CARRIED:])
    assert not book.overdue


def test_who_was_erased_is_not_learned_from() -> None:
    book, rows = Notebook(), stream(11, LESSON + UNJUDGED)
    for number in range(len(rows)):
        book.note(f"m{number}", continues=number > 0)
        book.judge(0, 0.25)
    there = {name: rows[n] for n, name in enumerate(book.page()) if n != 5}
    taught = book.lesson(there)
    assert taught is not None
    assert len(taught.vectors) == LESSON - 1
    assert not taught.continues[0]
    assert not taught.continues[5], "what followed the erased one continues nothing"
    assert np.isnan(taught.evidence[5])
    assert book.lesson({}) is None


@given(st.integers(0, 700), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_judging_resumes_to_the_bit(count: int, seed: int) -> None:
    rows = stream(seed, 30)
    straight = PredictionError()
    for number in range(count):
        straight.observe(rows[number % len(rows)], f"m{number}")
    resumed = PredictionError.restore(straight.snapshot())
    for vector in rows:
        assert resumed.observe(vector, "m") == straight.observe(vector, "m")
    assert resumed.snapshot() == straight.snapshot()


@given(st.lists(st.floats(-1.0, 1.0), max_size=WINDOW + 50))
def test_z_is_finite_whatever_came(values: list[float]) -> None:
    z = RunningZ()
    assert all(np.isfinite(z.take(value)) for value in values)
    assert RunningZ(z.snapshot()).statistics() == z.statistics()
    assert len(z.snapshot()) <= WINDOW


@given(st.sampled_from(LATE), st.lists(st.floats(-2.0, 4.0), max_size=30), st.integers(0, 29))
def test_a_look_ahead_resumes_and_decides_each_gap_once(late: int, scores: list[float], stop: int) -> None:
    straight, resumed = Lookahead(late, 1.2), Lookahead(late, 1.2)
    cut = []
    for number, score in enumerate(scores):
        if number == stop:
            waiting, *kept = resumed.snapshot()
            resumed = Lookahead(late, 1.2, kept, int(waiting))
        found = straight.add(score)
        assert resumed.add(score) == found
        assert all(0 <= gap <= max(0, late - 1) for gap in found)
        cut += [number - gap for gap in found]
    cut += [len(scores) - 1 - gap for gap in straight.flush()]
    assert cut == sorted(set(cut))
    assert all(scores[number] > 1.2 for number in cut) or late == 4


def test_what_usually_closes_and_what_opens_are_told_apart() -> None:
    """Before each boundary one direction, after it another: the regressions find which is which."""
    rng = np.random.default_rng(12)
    rows = stream(12, 1_600)
    starts = np.arange(8, len(rows), 8)
    rows[starts - 1] = np.eye(D, dtype=np.float32)[D - 1]
    rows[starts] = np.eye(D, dtype=np.float32)[D - 2]
    evidence = np.where(np.isin(np.arange(len(rows)), starts), 0.9, 0.1) + 0.01 * rng.random(len(rows))
    evidence[0] = np.nan
    follows = np.arange(len(rows)) > 0
    sums = SlowSums(D)
    sums.take(Lesson(rows, follows, evidence, 0))
    found = sums.solve()
    assert found.closing[D - 1] > 0.5 > abs(found.closing[: D // 2]).max()
    assert found.opening[D - 2] > 0.5 > abs(found.opening[: D // 2]).max()
    error = PredictionError()
    error.adopt(found)
    cues = [gap.cue for v in rows[:200] if (gap := error.observe(v)) is not None]
    at_boundary = np.isin(np.arange(1, len(cues) + 1), starts)
    assert min(np.array(cues)[at_boundary]) > max(np.array(cues)[~at_boundary])


def test_each_lag_counts_its_pairs() -> None:
    assert learned(stream(13, 10)).pairs == 9 + 8


def test_evidence_is_half_where_z_is_one_and_knows_no_cue() -> None:
    assert Gap(0.0, 1.0, 5.0).evidence == 0.5
    assert Gap(0.0, 2.0, 0.0).evidence == pytest.approx(1.0 / (1.0 + np.exp(-2.0)))


def test_z_is_held_against_the_last_of_its_window_alone() -> None:
    z = RunningZ()
    for value in [0.9] * 50 + [-0.5] * WINDOW:
        z.take(value)
    assert z.statistics()[0] == pytest.approx(-0.5, abs=2e-3)
    assert len(z.snapshot()) == WINDOW == 300


@pytest.mark.parametrize(
    ("late", "scores", "cut"),
    [
        (0, [0.0, 1.5, 1.6, 0.0, 0.0], [1, 2]),
        (2, [0.0, 1.5, 1.6, 0.0, 0.0], [2]),
        (2, [0.0, 1.6, 1.6, 0.0, 0.0], [1, 2]),
        (4, [0.0, 1.5, 0.0, 0.0, 0.0], [1]),
        (4, [0.0, 1.5, 0.8, 0.0, 0.0], []),
        (4, [2.1, 1.5, 0.0, 0.0, 0.0], [0]),
        (4, [0.0, 1.9, 0.0, 2.5, 0.0], [3]),
    ],
)
def test_what_stands_out_against_what_follows_is_cut(late: int, scores: list[float], cut: list[int]) -> None:
    ahead, found = Lookahead(late, 1.2), []
    for number, score in enumerate(scores):
        found += [number - gap for gap in ahead.add(score)]
    found += [len(scores) - 1 - gap for gap in ahead.flush()]
    assert found == cut
