"""What calls for attention, and what becomes of it."""

import numpy as np
import pytest

from cognition.mechanisms import salience
from cognition.mechanisms.replay import RECENT_S, priority, priority_key

E = np.eye(4, dtype=np.float32)
NONE_ACTIVE = np.zeros((0, 4), dtype=np.float32)


def test_composite_has_the_weights_of_the_schema() -> None:
    assert salience.composite(1, 0, 0, 0, 0) == pytest.approx(0.2 + 0.2 * 0.001)
    assert salience.composite(0, 1, 0, 0, 0.5) == pytest.approx(0.3)
    assert salience.composite(0, 0, 1, 0, 0.5) == pytest.approx(0.4)
    assert salience.composite(0, 0, 0, 1, 0.5) == pytest.approx(0.2)
    assert salience.composite(1, 1, 1, 1, 1) == pytest.approx(1.0)


def test_the_drive_to_connect_is_never_zero() -> None:
    assert salience.composite(0, 0, 0, 0, 0) == pytest.approx(0.0002)


def test_novelty_is_distance_from_the_nearest_active_thing() -> None:
    assert salience.novelty(E[0], NONE_ACTIVE, None) == 1.0
    assert salience.novelty(E[0], E[:2], None) == 0.0
    assert salience.novelty(E[0], E[1:], E[0]) == 0.0
    assert salience.novelty(E[0], E[1:], None) == 1.0
    assert salience.novelty(E[0], -E[:1], None) == 1.0
    half = (E[0] + E[1]) / np.float32(np.sqrt(2))
    assert salience.novelty(half, E[:1], None) == pytest.approx(1 - np.sqrt(0.5))


def test_emotion_is_strong_where_valence_and_arousal_meet() -> None:
    assert salience.emotional_intensity(-0.8, 0.5) == pytest.approx(0.4)
    assert salience.emotional_intensity(0.0, 1.0) == 0.0


def test_a_memory_is_born_unfamiliar_and_ordinary_ones_last_a_day() -> None:
    assert salience.initial_strength(0.5) == pytest.approx(0.225)
    assert salience.initial_strength(1.0) < 0.5
    assert salience.initial_stability_s(0.5, 0.5) == pytest.approx(86_400)
    assert salience.initial_stability_s(0.5, 1.0) > salience.initial_stability_s(0.5, 0.0)


def test_the_replay_key_keeps_the_order_where_a_static_key_can() -> None:
    now = 1.8e9
    strong, weak = (0.9, 0.5, True), (0.1, 0.5, False)
    assert priority_key(*strong, now) > priority_key(*weak, now)
    assert priority_key(*weak, now) > priority_key(*weak, now - 60)
    old = now - RECENT_S
    assert abs(priority(*weak, old, now) - priority_key(*weak, old)) < 0.002


def test_recency_fades_by_a_tenth_each_hour() -> None:
    assert priority(0, 0, False, 0.0, 0.0) == pytest.approx(0.2)
    assert priority(0, 0, False, 0.0, 36_000.0) == pytest.approx(0.2 / np.e)
    assert priority(1, 1, True, 0.0, 0.0) == pytest.approx(1.0)
