"""What was active just before, and what felt alike, is bound to a memory as it forms."""

import numpy as np
import pytest

from cognition.mechanisms.contiguity import MOOD_REACH, emotional, temporal
from cognition.mechanisms.working_memory import Active, WorkingMemory
from schemas.association import AssociationType

VECTOR = np.ones(768, np.float32) / np.sqrt(768)


def active(name: str, position: int, *, episode: str = "e", at: float = 0.0, mood: float = 0.0) -> Active:
    return Active(name, VECTOR, 0.5, at, episode_id=episode, position=position, valence=mood, arousal=0.8)


def test_nearer_in_order_is_bound_more_strongly() -> None:
    formed = temporal([active(f"m{n}", n) for n in range(7)], "e", 7, 5.0)
    assert [a.target_id for a in formed] == ["m6", "m5", "m4", "m3"]
    assert [a.weight for a in formed] == [0.5, 0.25, 0.125, 0.0625]
    assert {(a.type, a.last_coactivated) for a in formed} == {(AssociationType.TEMPORAL, 5.0)}


def test_order_binds_within_one_episode_and_backwards_only() -> None:
    items = [active("other", 1, episode="before"), active("itself", 2), active("later", 3)]
    assert temporal(items, "e", 2, 0.0) == []


@pytest.mark.parametrize(
    ("mood", "at", "bound"),
    [
        (0.8, 0.0, True),
        (0.5, 0.0, True),
        (-0.8, 0.0, False),
        (0.8 - MOOD_REACH, 0.0, False),
        (0.8, 7_200.0, False),
    ],
)
def test_what_felt_alike_at_the_time_is_bound(mood: float, at: float, bound: bool) -> None:
    formed = emotional([active("m", 0, mood=mood, at=at)], 0.8, 0.8, 0.0)
    assert [a.target_id for a in formed] == (["m"] if bound else [])
    assert all(a.type is AssociationType.EMOTIONAL and 0.05 <= a.weight <= 1.0 for a in formed)


def test_the_more_alike_the_stronger_and_without_feeling_nothing() -> None:
    items = [active("far", 0, mood=0.5), active("near", 1, mood=0.75)]
    near, far = emotional(items, 0.8, 0.8, 0.0)
    assert (near.target_id, far.target_id) == ("near", "far")
    assert near.weight > far.weight
    assert emotional(items, 0.1, 0.8, 0.0) == []


def test_what_is_active_keeps_its_place_and_mood_when_it_is_written_down() -> None:
    memory = WorkingMemory()
    memory.admit(active("m", 4, mood=0.6))
    (item,) = WorkingMemory.restore(memory.snapshot()).items
    assert (item.episode_id, item.position, item.valence, item.arousal) == ("e", 4, 0.6, 0.8)
