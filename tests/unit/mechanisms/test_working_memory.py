"""Seven, plus or minus two, and the weakest gives way."""

import numpy as np
import pytest

from cognition.mechanisms.working_memory import Active, WorkingMemory

E = np.eye(16, dtype=np.float32)


def item(number: int, salience: float = 0.5) -> Active:
    return Active(f"m{number}", E[number % 16], salience, float(number), "ana", f"preview {number}")


def ids(memory: WorkingMemory) -> list[str]:
    return [active.memory_id for active in memory.items]


def memory_of(*items: Active, capacity: int = 3) -> WorkingMemory:
    memory = WorkingMemory(capacity, dimension=16)
    for each in items:
        memory.admit(each)
    return memory


def test_the_oldest_of_equals_gives_way() -> None:
    memory = memory_of(*map(item, range(3)))
    gone = memory.admit(item(3))
    assert gone is not None
    assert gone.memory_id == "m0"
    assert ids(memory) == ["m1", "m2", "m3"]


def test_what_is_salient_outlasts_what_is_merely_newer() -> None:
    memory = memory_of(item(0, 0.9), item(1, 0.1), item(2, 0.1), item(3, 0.1))
    assert ids(memory) == ["m0", "m2", "m3"]


def test_even_the_most_salient_gives_way_in_time() -> None:
    memory = memory_of(item(0, 1.0), *(item(n, 0.9) for n in range(1, 12)))
    assert "m0" not in ids(memory)


def test_one_that_is_active_is_refreshed_not_doubled() -> None:
    memory = memory_of(*map(item, range(3)))
    assert memory.admit(item(0, 0.6)) is None
    assert ids(memory) == ["m1", "m2", "m0"]
    assert memory.items[-1].salience == 0.6


def test_vectors_follow_what_is_active() -> None:
    memory = memory_of(*map(item, range(5)))
    stacked = {tuple(row) for row in memory.vectors().tolist()}
    assert stacked == {tuple(active.vector.tolist()) for active in memory.items}
    assert WorkingMemory(3, dimension=16).vectors().shape == (0, 16)


def test_a_boundary_keeps_the_most_salient_third_rounded_up() -> None:
    memory = memory_of(item(0, 0.2), item(1, 0.9), item(2, 0.3), item(3, 0.9), item(4, 0.8), capacity=7)
    memory.at_boundary()
    assert ids(memory) == ["m1", "m3"]
    assert memory.vectors().shape == (2, 16)


def test_a_forgotten_memory_is_active_no_more() -> None:
    memory = memory_of(*map(item, range(3)))
    assert memory.forget("m1")
    assert not memory.forget("m1")
    assert ids(memory) == ["m0", "m2"]
    assert len(memory.vectors()) == 2


@pytest.mark.parametrize("capacity", [2, 10])
def test_capacity_has_bounds(capacity: int) -> None:
    with pytest.raises(ValueError, match=r"3\.\.9"):
        WorkingMemory(capacity)


def test_a_snapshot_restores_slots_and_order() -> None:
    memory = memory_of(*(item(n, (n % 4) / 4) for n in range(9)), capacity=5)
    restored = WorkingMemory.restore(memory.snapshot(), dimension=16)
    assert restored.snapshot() == memory.snapshot()
    assert np.array_equal(restored.vectors(), memory.vectors())
