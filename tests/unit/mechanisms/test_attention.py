"""What becomes of a percept by its salience."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.attention import RECENT, RECENT_MIN, Attention, Fate, Mode, Rules, Verdict

COMPETE = Rules(mode=Mode.COMPETE)
SALIENCES = st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(-20.0, 20.0)), max_size=60)


def judged(rules: Rules, *saliences: float, step_s: float = 0.01) -> list[Verdict]:
    attention = Attention(rules)
    return [attention.judge(s, n * step_s) for n, s in enumerate(saliences)]


def fates(verdicts: list[Verdict]) -> list[Fate]:
    return [verdict.fate for verdict in verdicts]


def test_what_is_retained_is_all_of_it() -> None:
    assert set(fates(judged(Rules(), 0.0, 0.29, 0.5, 1.0))) == {Fate.MEMORY}


def test_the_least_salient_is_archived_where_that_is_wanted() -> None:
    found = judged(Rules(archive=True), 0.29, 0.3, 0.8)
    assert fates(found) == [Fate.ARCHIVE, Fate.MEMORY, Fate.MEMORY]
    assert found[0].threshold == 0.3
    assert "0.290 is below 0.3" in found[0].reason


def test_the_best_of_a_window_wins_and_so_does_what_is_salient_enough() -> None:
    found = judged(COMPETE, 0.5, 0.4, 0.5, 0.6, 0.72, 0.71, 0.1, 0.69)
    memory, stream, archive = Fate.MEMORY, Fate.STREAM, Fate.ARCHIVE
    assert fates(found) == [memory, stream, stream, memory, memory, memory, archive, stream]
    assert all(verdict.tagged is (verdict.fate is memory) for verdict in found)


def test_who_loses_is_told_what_was_needed() -> None:
    lost = judged(COMPETE, 0.55, 0.42)[1]
    assert lost.threshold == 0.55
    assert "0.420 is neither above 0.550" in lost.reason
    assert judged(COMPETE, 0.9, 0.6)[1].threshold == 0.7, "it need not beat what was beyond the threshold"


def test_a_window_ends_with_its_time_and_with_its_number() -> None:
    assert fates(judged(COMPETE, 0.6, 0.5, step_s=4.9)) == [Fate.MEMORY, Fate.STREAM]
    assert fates(judged(COMPETE, 0.6, 0.5, step_s=5.0)) == [Fate.MEMORY, Fate.MEMORY]
    assert fates(judged(COMPETE, 0.6, 0.5, step_s=-5.0)) == [Fate.MEMORY, Fate.MEMORY], "set back"
    few = Rules(mode=Mode.COMPETE, window_percepts=2)
    assert fates(judged(few, 0.6, 0.5, 0.4, 0.3)) == [Fate.MEMORY, Fate.STREAM] * 2


def test_what_is_below_the_forget_threshold_wins_nothing_even_alone() -> None:
    assert fates(judged(COMPETE, 0.2)) == [Fate.ARCHIVE]


def test_of_a_stream_in_which_nothing_is_salient_what_stands_out_is_tagged() -> None:
    usual = [0.4 + 0.001 * (n % 10) for n in range(RECENT)]
    attention = Attention()
    assert not any(attention.judge(s, 0.0).tagged for s in usual[:RECENT_MIN])
    tagged = sum(attention.judge(s, 0.0).tagged for s in usual[RECENT_MIN:])
    assert tagged <= 0.2 * RECENT, "not every memory is tagged"
    assert attention.judge(0.5, 0.0).tagged
    assert not attention.judge(0.4, 0.0).tagged


def test_where_all_are_alike_none_stands_out() -> None:
    attention = Attention()
    assert not any(attention.judge(0.5, 0.0).tagged for _ in range(300))


@pytest.mark.parametrize("rules", [Rules(), Rules(archive=True), COMPETE])
@given(SALIENCES, st.integers(0, 60))
def test_resumed_it_judges_as_uninterrupted(
    rules: Rules, percepts: list[tuple[float, float]], cut: int
) -> None:
    whole, first = Attention(rules), Attention(rules)
    wanted = [whole.judge(s, at) for s, at in percepts]
    found = [first.judge(s, at) for s, at in percepts[:cut]]
    second = Attention(rules)
    second.resume(json.loads(json.dumps(first.snapshot())))
    found += [second.judge(s, at) for s, at in percepts[cut:]]
    assert found == wanted
    assert second.snapshot() == whole.snapshot()


@given(SALIENCES)
def test_each_window_remembers_its_best(percepts: list[tuple[float, float]]) -> None:
    attention = Attention(COMPETE)
    began, best, kept = -math.inf, 0.0, True
    for salience, at in percepts:
        if abs(at - began) >= COMPETE.window_s:
            assert kept
            began, best, kept = at, 0.0, True
        verdict = attention.judge(salience, at)
        if salience > max(best, COMPETE.forget_below):
            best, kept = salience, verdict.fate is Fate.MEMORY
    assert kept
