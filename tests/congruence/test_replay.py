"""What a night is about is found by indexes, in ranges of time that meet without a gap, on every backend."""

from __future__ import annotations

import itertools

import pytest

from cognition.ports.stores import Keyed
from cognition.stores.backend import VectorBackend
from cognition.stores.stores import VectorStores, open_stores
from tests.congruence.test_stores import trace

pytestmark = pytest.mark.anyio

_fresh = itertools.count()
BEGAN = 1_700_000_000.123456
MOMENTS = (0.0, 1e-6, 0.5, 1.0, 1.000001, 3_600.0, 86_400.25)


@pytest.fixture
async def stores(backend: VectorBackend) -> VectorStores:
    return await open_stores(backend)


@pytest.fixture
async def mind(stores: VectorStores) -> str:
    """A mind with memories at these moments, the later the more urgent, and one that is familiar."""
    name = f"mind that replays {next(_fresh)}"
    made = [
        trace(name, str(n), encoded_at=BEGAN + s, replay_priority_key=n / 10, consolidation_strength=0.2)
        for n, s in enumerate(MOMENTS)
    ]
    known = trace(name, "known", encoded_at=BEGAN, replay_priority_key=0.9, consolidation_strength=0.7)
    stranger = trace(f"{name} beside", "0", encoded_at=BEGAN, replay_priority_key=1.0)
    await stores.memories.insert([*made, known, stranger], epoch=1)
    return name


def numbers(found: list[Keyed]) -> list[int]:
    """Which of the moments these were formed at, in the order in which they came."""
    return [round(each.key * 10) for each in found]


@pytest.mark.parametrize("cuts", list(itertools.combinations(range(len(MOMENTS)), 2)))
async def test_each_new_memory_is_in_one_range_of_time_also_at_its_ends(
    stores: VectorStores, mind: str, cuts: tuple[int, int]
) -> None:
    ends = [None, *(BEGAN + MOMENTS[cut] for cut in cuts), None]
    ranges = [
        numbers(await stores.replay.novel(mind, below=0.5, after=after, until=until, limit=99))
        for after, until in itertools.pairwise(ends)
    ]
    first, second = cuts
    expected = [range(first + 1), range(first + 1, second + 1), range(second + 1, len(MOMENTS))]
    assert ranges == [list(reversed(each)) for each in expected]


async def test_of_a_range_the_most_urgent_come_first_and_no_more_than_asked_for(
    stores: VectorStores, mind: str
) -> None:
    found = await stores.replay.novel(mind, below=0.5, after=BEGAN, until=BEGAN + 3_600.0, limit=2)
    assert numbers(found) == [5, 4]
