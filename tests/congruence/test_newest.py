"""The memories that were encoded last are found by their index, over every backend."""

import pytest

from cognition.ports.stores import Came
from cognition.stores import replay
from cognition.stores.backend import VectorBackend
from cognition.stores.stores import open_stores
from tests.congruence.test_stores import trace


@pytest.mark.parametrize("moments", [1, 7, 40])
async def test_the_newest_come_first_and_none_of_a_moment_is_missed(
    backend: VectorBackend, moments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "PAGE", 4)
    stores = await open_stores(backend)
    mind, other = f"newest {moments}", f"newest beside {moments}"
    at = {number: 1e9 + (number % moments) / 3.0 for number in range(40)}
    made = [trace(mind, str(n), encoded_at=at[n], episode_id=f"episode {n % 3}") for n in at]
    await stores.memories.insert([*made, trace(other, "0", encoded_at=2e9)], epoch=1)
    everything = await stores.replay.newest(mind, limit=100)
    assert {came.memory_id: came for came in everything} == {
        each.memory.id: Came(each.memory.id, each.memory.entry, each.memory.episode_id) for each in made
    }
    order = [at[int(came.entry.removesuffix("-0"))] for came in everything]
    assert order == sorted(order, reverse=True)
    some = await stores.replay.newest(mind, limit=13)
    assert len(some) == 13
    assert [at[int(came.entry.removesuffix("-0"))] for came in some] == order[:13]
