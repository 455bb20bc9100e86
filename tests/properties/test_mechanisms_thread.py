"""Laws of a thread: bounds, and that nothing but the thread itself decides what is stored of it."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cognition.mechanisms.evidence import GATE_LENGTH
from cognition.mechanisms.thread import (
    MOVED_MIN,
    REACHES,
    Placed,
    Spoken,
    Thread,
    changes_between,
    placed,
)
from cognition.mechanisms.turns import MECHANISMS, REACH
from cognition.mechanisms.vectors import DIMENSION, as_kept

counts = st.dictionaries(st.integers(1, 12), st.integers(1, 4), max_size=6)
wordy = st.integers(20, 60).map(lambda n: {term: 1 + term % 3 for term in range(3, n)})


def threads(min_size: int = 1, max_size: int = 12) -> st.SearchStrategy[list[Any]]:
    """Turns as (actor, stated, asked, mean length), to be `spoken`."""
    turn = st.tuples(st.sampled_from(["ana", "bo", "cy", ""]), counts | wordy, counts, st.floats(1.0, 80.0))
    return st.lists(turn, min_size=min_size, max_size=max_size)


def spoken(turns: list[Any]) -> list[Spoken]:
    rows = np.random.default_rng(7).standard_normal((len(turns), DIMENSION)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return [
        Spoken(f"m{number}", actor, stated, asked, row, mean)
        for number, ((actor, stated, asked, mean), row) in enumerate(zip(turns, rows, strict=True))
    ]


few = settings(max_examples=40, deadline=None)
left_out = st.sets(st.sampled_from(sorted(MECHANISMS)))


def told(going: Thread, thread: list[Spoken], stored: dict[str, dict[int, float]]) -> list[Placed]:
    """Store what each memory leads to, as an encoder does."""
    found = []
    for each in thread:
        found.append(going.take(each))
        stored[each.memory_id] = dict(found[-1].lexical)
        for memory_id in found[-1].changed:
            stored[memory_id] = going.weights(memory_id)
    return found


@few
@given(threads(), left_out)
def test_weights_stay_in_bounds_and_vectors_keep_their_length(turns: list[Any], off: set[str]) -> None:
    thread = spoken(turns)
    found, _ = placed(thread, off)
    for each in thread:
        place = found[each.memory_id]
        assert all(0.0 < w <= 1.0 for w in place.lexical.values())
        assert each.stated.keys() | each.asked.keys() <= place.lexical.keys()
        assert abs(float(np.linalg.norm(place.context)) - 1.0) < 1e-5


@few
@given(threads(), st.data())
def test_however_a_thread_is_cut_into_batches_the_same_is_stored(turns: list[Any], data: Any) -> None:
    thread = spoken(turns)
    whole: dict[str, dict[int, float]] = {}
    told(Thread(), thread, whole)
    parts: dict[str, dict[int, float]] = {}
    going, rest = Thread(), thread
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        told(going, rest[:size], parts)
        rest, going = rest[size:], Thread.restore(going.snapshot())
    assert parts == whole
    assert {i: p.lexical for i, p in placed(thread)[0].items()} == whole


@few
@given(threads(max_size=8))
def test_telling_a_thread_again_stores_the_same_again(turns: list[Any]) -> None:
    thread = spoken(turns)
    once: dict[str, dict[int, float]] = {}
    told(Thread(), thread, once)
    twice = dict(once)
    told(Thread(), thread, twice)
    assert twice == once


@few
@given(threads(min_size=2))
def test_changes_lead_from_what_was_stored_to_what_is(turns: list[Any]) -> None:
    thread = spoken(turns)
    stored: dict[str, dict[int, float]] = {}
    going = Thread()
    for each in thread:
        before = {i: dict(weights) for i, weights in stored.items()}
        place = told(going, [each], stored)[0]
        assert len(place.changed) <= REACH
        for memory_id, changes in place.changed.items():
            assert changes == changes_between(before[memory_id], stored[memory_id])
        assert all(stored[i] == before[i] for i in before if i not in place.changed)


@few
@given(threads(min_size=REACHES + REACH + 2, max_size=REACHES + REACH + 6))
def test_a_stretch_is_enough_to_derive_what_lies_within_it(turns: list[Any]) -> None:
    thread = spoken(turns)
    whole, _ = placed(thread)
    stretch, _ = placed(thread[1:])
    for each in thread[1 + REACHES : -REACH]:
        assert stretch[each.memory_id].lexical == whole[each.memory_id].lexical
        difference = stretch[each.memory_id].context - whole[each.memory_id].context
        assert np.abs(difference).max() < MOVED_MIN


@few
@given(threads(), st.integers(0, 11))
def test_the_less_a_memory_says_the_more_it_takes_in(turns: list[Any], number: int) -> None:
    thread = spoken(turns)
    each = thread[number % len(thread)]
    found, _ = placed(thread, {"question_inheritance"})
    own = each.stated.keys() | each.asked.keys()
    length = sum(each.stated.values()) + sum(each.asked.values())
    ceiling = 0.3 * min(1.0, GATE_LENGTH / max(length, 1))
    lexical = found[each.memory_id].lexical
    assert all(weight <= ceiling + 1e-4 for term, weight in lexical.items() if term not in own)


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.5, 1.0]))
def test_a_vector_is_the_same_to_the_last_bit_however_often_it_is_kept(seed: int, signs: float) -> None:
    row = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    row = signs * np.sign(row) + (1.0 - signs) * row
    kept = as_kept(row / np.linalg.norm(row))
    assert abs(float(np.linalg.norm(kept)) - 1.0) < 1e-6
    np.testing.assert_array_equal(as_kept(kept.astype(np.float16).astype(np.float32)), kept)
    np.testing.assert_array_equal(as_kept(kept / np.linalg.norm(kept)), kept)


@few
@given(threads(), left_out)
def test_everything_left_out_leaves_bare_vectors(turns: list[Any], off: set[str]) -> None:
    thread = spoken(turns)
    found, _ = placed(thread, off | {"drift"})
    assert all(found[s.memory_id].context is s.vector for s in thread)
    assert all(found[s.memory_id].evidence is None for s in thread)
