"""Rare words: what a night associates by them, and that doing it again changes nothing."""

from __future__ import annotations

import pytest

from cognition.engine import night_rare_terms
from cognition.engine.assembly import Options
from cognition.engine.night_rare_terms import LINKED_AT_ONCE, is_shared
from cognition.engine.options import MindOptions
from cognition.engine.sleep_options import SleepOptions
from cognition.ports.stores import Scope
from schemas.association import Association, AssociationType, Relation
from schemas.percept import BoundaryMark
from schemas.sleeping import SleepUndoInquiry
from tests.unit.engine.bench import ANA, Bench, bench

pytestmark = pytest.mark.anyio

ALONE = Options(
    sleep=SleepOptions(canary=0, without=("replay", "forget")), minds=MindOptions(without=("temporal",))
)
DAY_S = 86_400.0


async def told(found: Bench, key: str, words: str, *, begins: bool = True, **fields: object) -> None:
    boundary = BoundaryMark.BEGIN if begins else None
    await found.say(words, key=key, boundary=boundary, **fields)


async def shared(found: Bench) -> dict[str, dict[str, float]]:
    """Key -> the keys with which it shares rare words."""
    ids = await found.stores.memories.select(ANA, Scope(), limit=1_000)
    memories = await found.stores.memories.get(ANA, ids)
    names = {i: m.key for i, m in memories.items()}
    return {
        m.key: {names[a.target_id]: a.weight for a in m.associations if is_shared(a)}
        for m in memories.values()
    }


async def lived(options: Options = ALONE) -> Bench:
    """Two events about a kiln, and others that share common words alone."""
    found = await bench(options=options)
    await told(found, "first", "she fired the raku kiln with glaze")
    for n in range(12):
        await told(found, f"other/{n}", f"we talked about the weather and thing{n} again")
    await told(found, "second", "the raku kiln cracked after glaze")
    return found


async def test_a_night_associates_what_shares_rare_words_and_nothing_by_common_ones() -> None:
    found = await lived()
    report = await found.sleep()
    bonds = await shared(found)
    assert set(bonds["first"]) == {"second"}
    assert set(bonds["second"]) == {"first"}
    assert bonds["first"]["second"] == pytest.approx(bonds["second"]["first"])
    assert not any(bonds[f"other/{n}"] for n in range(12))
    assert report.formed == 2


async def test_one_rare_word_is_chance() -> None:
    found = await lived()
    await told(found, "third", "the raku bar has a nice view over town")
    await found.sleep()
    bonds = await shared(found)
    assert set(bonds["first"]) == {"second"}
    assert not bonds["third"]


async def test_words_that_many_say_bind_nobody_however_few_of_those_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(night_rare_terms, "HOLDERS_MAX", 3)
    found = await bench(options=ALONE)
    for n in range(40):
        await told(found, f"many/{n}", f"the harbour festival lantern of year {n * 7919}")
    for n in range(60):
        await told(found, f"other/{n}", f"thing{n} and stuff{n} were elsewhere")
    await found.sleep()
    bonds = await shared(found)
    assert not any(bonds[f"many/{n}"] for n in range(40))


async def test_what_stands_in_one_event_is_associated_too() -> None:
    found = await bench(options=ALONE)
    await told(found, "a", "the raku kiln and its glaze were hot")
    await told(found, "b", "a raku kiln needs glaze", begins=False)
    for n in range(10):
        await told(found, f"c/{n}", f"something else entirely, number {n * 7919}")
    await found.sleep()
    bonds = await shared(found)
    assert (set(bonds["a"]), set(bonds["b"])) == ({"b"}, {"a"})


async def test_going_through_the_same_memories_again_writes_nothing() -> None:
    found = await lived()
    await found.sleep()
    ids = await found.stores.memories.select(ANA, Scope(), limit=1_000)
    before = await found.stores.memories.get(ANA, ids)
    found.clock.advance(DAY_S)
    report = await found.sleep()
    assert report.formed == 0
    assert await found.stores.memories.get(ANA, ids) == before


async def test_a_mind_larger_than_a_step_is_gone_through_whole() -> None:
    found = await bench(options=ALONE)
    for n in range(LINKED_AT_ONCE + 4):
        await told(found, f"one/{n}", f"rare{n}word here with odd{n}thing")
        await told(found, f"two/{n}", f"again rare{n}word and odd{n}thing")
    await found.sleep()
    bonds = await shared(found)
    assert all(set(bonds[f"one/{n}"]) == {f"two/{n}"} for n in range(LINKED_AT_ONCE + 4))


async def test_it_can_be_switched_off_and_taken_back() -> None:
    off = Options(sleep=SleepOptions(canary=0, without=("replay", "rare_terms")))
    found = await lived(off)
    await found.sleep()
    assert not any((await shared(found)).values())
    found = await lived()
    report = await found.sleep()
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=report.id))
    await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    assert not any((await shared(found)).values())


async def test_what_a_caller_related_stays_the_callers() -> None:
    found = await bench(options=ALONE)
    await told(found, "first", "she fired the raku kiln with glaze")
    given = Relation(type=AssociationType.TOPICAL, target="first", weight=0.3)
    await told(found, "second", "the raku kiln cracked after glaze", relations=[given])
    await told(found, "third", "nothing to do with it")
    await found.sleep()
    ids = await found.stores.memories.select(ANA, Scope(), limit=10)
    memories = {m.key: m for m in (await found.stores.memories.get(ANA, ids)).values()}
    theirs: list[Association] = [a for a in memories["second"].associations if a.given]
    assert [(a.type, a.weight) for a in theirs] == [(AssociationType.TOPICAL, 0.3)]
