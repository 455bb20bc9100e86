"""Damage is counted from two lives over the same percepts."""

from itertools import pairwise

import msgspec

from benchmarks.lives import Damage, Remains, compare, percepts
from schemas.memory import Memory
from schemas.percept import seconds

UNHURT = Damage(lost=0, doubled=0, misfiled=0, miscounted=0)


def life(run: str, *members: tuple[str, str, int], percepts: int = 3) -> Remains:
    """Memories (key, episode, position) of one mind; ids differ from run to run."""
    memories = [
        Memory(
            id=f"{run}-{n}",
            mind="m",
            key=key,
            entry=f"{run}-{n}",
            content=key,
            episode_id=run + e,
            position=p,
        )
        for n, (key, e, p) in enumerate(members)
    ]
    return Remains(memories, {"m": {"percepts": percepts}})


WHOLE = life("a", ("one", "x", 0), ("two", "x", 1), ("three", "y", 0))


def test_the_same_life_under_other_ids_is_unhurt() -> None:
    assert compare(WHOLE, life("b", ("one", "x", 0), ("two", "x", 1), ("three", "y", 0))) == UNHURT


def test_a_missing_memory_is_lost() -> None:
    assert compare(WHOLE, life("b", ("one", "x", 0), ("three", "y", 0))).lost == 1


def test_two_of_one_key_and_a_stranger_are_doubled() -> None:
    hurt = life("b", ("one", "x", 0), ("two", "x", 1), ("three", "y", 0), ("three", "y", 0), ("four", "y", 1))
    assert compare(WHOLE, hurt).doubled == 2


def test_a_repeat_counted_twice_is_doubled_and_one_not_counted_is_lost() -> None:
    def met(times: int) -> Remains:
        whole = life("b", ("one", "x", 0))
        return Remains(
            [msgspec.structs.replace(m, access_count=times) for m in whole.memories], whole.counters
        )

    assert compare(met(1), met(2)) == Damage(lost=0, doubled=1, misfiled=0, miscounted=0)
    assert compare(met(1), met(0)) == Damage(lost=1, doubled=0, misfiled=0, miscounted=0)


def test_another_episode_or_place_is_misfiled() -> None:
    cut = life("b", ("one", "x", 0), ("two", "z", 0), ("three", "y", 0))
    assert compare(WHOLE, cut).misfiled == 1
    joined = life("b", ("one", "x", 0), ("two", "x", 1), ("three", "x", 2))
    assert compare(WHOLE, joined).misfiled == 1


def test_counters_that_differ_are_miscounted() -> None:
    hurt = life("b", ("one", "x", 0), ("two", "x", 1), ("three", "y", 0), percepts=4)
    assert compare(WHOLE, hurt) == Damage(lost=0, doubled=0, misfiled=0, miscounted=1)


def test_percepts_repeat_under_their_seed_and_hold_what_is_to_be_tried() -> None:
    made = percepts(600, seed=5)
    assert made == percepts(600, seed=5)
    assert made != percepts(600, seed=6)
    assert len({p.mind for p in made}) == 5
    assert len({(p.mind, p.key) for p in made}) < 600
    assert any(p.boundary for p in made)
    times = [seconds(p.occurred_at) for p in made if p.mind == "mind-0" and p.occurred_at is not None]
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) > 1_800 > min(gaps) > 0
