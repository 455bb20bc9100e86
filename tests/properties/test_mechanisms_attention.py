"""Laws of salience, working memory, ranking, episodes and the self."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms import ranking, salience
from cognition.mechanisms.episodes import EpisodeTally, phrase
from cognition.mechanisms.identity import born, revise, verify
from cognition.mechanisms.laws import DEFAULT_LAWS
from cognition.mechanisms.replay import RECENT_S, priority, priority_key
from cognition.mechanisms.structured import TEXT_LENGTH_MAX, searchable_text
from cognition.mechanisms.working_memory import Active, WorkingMemory
from schemas.identity import Identity

unit = st.floats(0.0, 1.0)
E = np.eye(6, dtype=np.float32)


@given(st.tuples(unit, unit, unit, unit, unit), st.integers(0, 4), unit)
def test_salience_is_bounded_and_rises_with_each_part(
    parts: tuple[float, float, float, float, float], which: int, value: float
) -> None:
    raised = list(parts)
    raised[which] = max(value, parts[which])
    assert 0.0 < salience.composite(*parts) <= salience.composite(*raised) <= 1.0 + 1e-12


@given(unit, unit)
def test_what_salience_gives_a_memory_stays_in_bounds(score: float, arousal: float) -> None:
    assert 0.0 <= salience.initial_strength(score) < 0.5
    assert 0.3 * 86_400 < salience.initial_stability_s(score, arousal) <= 2.5 * 86_400


@given(st.lists(st.tuples(st.integers(0, 12), unit), max_size=40), st.integers(3, 9), st.integers(0, 40))
def test_working_memory_is_bounded_holds_the_newest_and_resumes(
    admitted: list[tuple[int, float]], capacity: int, stop: int
) -> None:
    memory = WorkingMemory(capacity, dimension=6)
    other = WorkingMemory(capacity, dimension=6)
    for turn, (number, score) in enumerate(admitted):
        item = Active(str(number), E[number % 6], score, float(turn))
        memory.admit(item)
        if turn == stop:
            other = WorkingMemory.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(other.snapshot())), 6)
        other.admit(item)
        ids = [active.memory_id for active in memory.items]
        assert ids[-1] == str(number)
        assert len(ids) == len(set(ids)) <= capacity
    assert memory.snapshot() == other.snapshot()
    before = len(memory)
    memory.at_boundary()
    assert len(memory) == -(-before // 3)


@given(st.lists(st.tuples(unit, unit, st.booleans(), st.floats(0, 1e4)), min_size=2, max_size=2))
def test_the_replay_key_orders_the_old_within_its_tolerance(
    pair: list[tuple[float, float, bool, float]],
) -> None:
    now = 1.8e9
    memories = [(e, c, tag, now - RECENT_S - age) for e, c, tag, age in pair]
    (key_a, key_b), (a, b) = [priority_key(*m) for m in memories], [priority(*m, now) for m in memories]
    if a - b > 0.002:
        assert key_a > key_b


@given(unit, unit, unit, st.booleans(), st.floats(0, 1e9))
def test_the_replay_key_orders_the_equally_old_exactly(
    e: float, more: float, c: float, tag: bool, at: float
) -> None:
    low, high = sorted((e, more))
    assert priority_key(low, c, tag, at) <= priority_key(high, c, tag, at)


evidence = st.lists(st.floats(-50, 50), max_size=30)


@given(evidence)
def test_squashing_keeps_order_and_bounds(values: list[float]) -> None:
    squashed = [ranking.squash(v) for v in sorted(values)]
    assert squashed == sorted(squashed)
    assert all(0.0 <= s <= 1.0 for s in squashed)


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(0, 20), unit)
def test_more_evidence_of_either_kind_never_lowers_a_score(
    dense: float, lexical: float, more: float, share: float
) -> None:
    def score(d: float, x: float) -> float:
        return ranking.score(
            [ranking.part("dense", 0.0, d, share), ranking.part("lexical", 0.0, x, 1 - share)]
        )

    assert score(dense, lexical) <= score(dense + more, lexical) + 1e-12
    assert score(dense, lexical) <= score(dense, lexical + more) + 1e-12


@given(evidence.filter(bool), st.data())
def test_the_episode_prior_is_shared_by_its_members_and_spares_the_best(
    values: list[float], data: st.DataObject
) -> None:
    names = data.draw(st.lists(st.sampled_from("abc"), min_size=len(values), max_size=len(values)))
    _, prior = ranking.episode_prior(np.array(values), names)
    assert prior.shape == (len(values),)
    assert max(prior) == prior[int(np.argmax(values))] == 0.0
    members = [{p for p, n in zip(prior.tolist(), names, strict=True) if n == name} for name in "abc"]
    assert all(len(shared) <= 1 for shared in members)


@given(st.lists(st.integers(0, 100)), st.integers(0, 500), st.integers(1, 10))
def test_a_budget_is_never_exceeded_nor_a_limit(tokens: list[int], budget: int, limit: int) -> None:
    kept = ranking.within_budget(tokens, budget, limit)
    assert sum(tokens[i] for i in kept) <= budget
    assert kept == sorted(kept)
    assert len(kept) <= limit


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=60))
def test_the_centroid_always_has_unit_length(members: list[tuple[int, bool]]) -> None:
    tally = EpisodeTally(6)
    for number, (axis, negative) in enumerate(members):
        tally.add(-E[axis] if negative else E[axis], 0.0, 0.5, "words", 0.5, float(number))
    centroid = tally.centroid()
    assert centroid is not None
    assert float(np.linalg.norm(centroid)) == pytest.approx(1.0, abs=1e-5)


@given(st.text(), st.integers(2, 80))
def test_a_phrase_fits(text: str, length: int) -> None:
    assert len(phrase(text, length)) <= length


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), json_values, max_size=6))
def test_any_json_object_has_a_bounded_text(data: dict[str, object]) -> None:
    assert len(searchable_text(data)) <= TEXT_LENGTH_MAX
    assert searchable_text(data) == searchable_text(data)


@given(st.lists(st.tuples(st.floats(0, 2e9), st.text(max_size=600)), max_size=8), st.data())
def test_any_history_verifies_and_any_forged_event_is_found(
    events: list[tuple[float, str]], data: st.DataObject
) -> None:
    identity = born("ana", 0.0)
    for at, event in events:
        identity = revise(identity, at, event)
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(identity), type=Identity)
    assert verify(stored, DEFAULT_LAWS) == []
    which = data.draw(st.integers(0, len(stored.revisions) - 1))
    forged = msgspec.structs.replace(stored.revisions[which], event=stored.revisions[which].event + "!")
    stored.revisions[which] = forged
    assert verify(stored) == [f"revision {which + 1} does not match its hash or the one before it"]
