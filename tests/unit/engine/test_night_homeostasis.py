"""Homeostasis in sleep: what has faded is pruned, a page a cycle, and nothing else is; what a night costs."""

from __future__ import annotations

import itertools
from typing import get_args

import pytest

from cognition.engine.assembly import Options
from cognition.engine.liveness import AT_NIGHT, Liveness
from cognition.engine.night_homeostasis import unfaded
from cognition.engine.sleep_options import AtNight, SleepOptions
from cognition.mechanisms.homeostasis import Downscaling
from cognition.mechanisms.synapses import IDLE_S
from cognition.ports.calls import account, called, counted
from schemas.association import Association, AssociationType
from schemas.events import SleepEnded
from schemas.identifiers import memory_id
from schemas.percept import Percept
from schemas.sleep import SleepStatus
from schemas.sleeping import SleepUndoInquiry
from tests.unit.engine.bench import ANA, Bench, bench

pytestmark = pytest.mark.anyio

DAY_S = 86_400.0
NOW = 1_700_000_000.0
ALONE = Options(
    sleep=SleepOptions(
        canary=0,
        without=(
            *("replay", "associate", "rare_terms", "abstract", "supersede", "retell", "forget", "identity"),
        ),
    )
)


def bond(
    weight: float, idle_s: float, kind: AssociationType = AssociationType.GOAL, *, given: bool = False
) -> Association:
    return Association(
        target_id="other", weight=weight, type=kind, last_coactivated=NOW - idle_s, given=given
    )


@pytest.mark.parametrize(
    ("association", "nights", "stays"),
    [
        (bond(0.9, IDLE_S + 1), 0, True),
        (bond(0.04, IDLE_S + 1), 0, False),
        (bond(0.04, IDLE_S - 1), 0, True),
        (bond(0.07, IDLE_S + 1), 0, True),
        (bond(0.07, IDLE_S + 1), 40, False),
        (bond(0.04, IDLE_S + 1, given=True), 40, True),
        (bond(0.04, IDLE_S + 1, AssociationType.TEMPORAL), 40, True),
        (bond(0.04, IDLE_S + 1, AssociationType.TOPICAL), 40, True),
    ],
)
def test_only_what_was_learned_lay_idle_and_counts_for_next_to_nothing_goes(
    association: Association, nights: int, stays: bool
) -> None:
    cycles = Downscaling.of(NOW - n for n in range(nights))
    assert bool(unfaded([association], NOW, cycles)) is stays


async def bound(options: Options) -> tuple[Bench, list[str]]:
    """A mind in which each memory was once used with the next, and then never again."""
    found = await bench(options=options)
    await found.take(*(Percept(mind=ANA, content=f"note {n}", key=f"k{n}") for n in range(80)))
    ids = [memory_id(ANA, f"k{n}") for n in range(80)]
    await found.stores.memories.patch(
        ANA,
        {
            i: {
                "associations": [
                    {
                        "target_id": after,
                        "weight": 0.06,
                        "type": "goal",
                        "last_coactivated": found.clock.now(),
                    }
                ]
            }
            for i, after in itertools.pairwise(ids)
        },
        epoch=found.epoch,
    )
    return found, ids


async def learned(found: Bench, ids: list[str]) -> int:
    memories = await found.stores.memories.get(ANA, ids)
    return sum(a.type is AssociationType.GOAL for m in memories.values() for a in m.associations)


async def test_a_night_prunes_what_has_faded_says_how_much_and_gives_it_back() -> None:
    found, ids = await bound(ALONE)
    assert await learned(found, ids) == 79
    assert (await found.sleep()).pruned == 0
    found.clock.advance(20 * DAY_S)
    report = await found.sleep()
    assert report.pruned == 79
    assert report.did == {"homeostasis": 80, "index": 0}
    assert await learned(found, ids) == 0
    asked = await found.engine.sleep.answer(SleepUndoInquiry(id="undo", mind=ANA, cycle=report.id))
    await found.engine.sleep.slept(asked.report)  # type: ignore[union-attr]
    assert await learned(found, ids) == 79


async def test_a_cycle_that_is_noted_stays_noted_whatever_is_dropped_from_memory_after_that() -> None:
    found, _ = await bound(ALONE)
    report, _ = await found.engine.sleep.fall_asleep(ANA, "request", cause="night", cycles=1)
    while report.cursor.offset != "1":
        report = await found.engine.sleep._night.step(report, found.epoch)
    found.engine.minds.discard()
    report = await found.engine.sleep.slept(report)
    assert report.downscaled < 1.0
    mind = await found.again().minds.look(ANA)
    assert mind.sleep.downscaled == [pytest.approx(report.started_at)]


async def test_a_night_counts_its_calls_and_stays_within_them() -> None:
    found, _ = await bound(Options())
    report = await found.sleep()
    assert 50 < report.calls < 1_000
    few, _ = await bound(Options(sleep=SleepOptions(calls_max=100)))
    short = await few.sleep()
    assert short.status is SleepStatus.COMPLETED
    assert any("used up its 100 calls" in note for note in short.notes)
    assert short.replayed < report.replayed
    assert short.calls < report.calls


async def test_calls_that_run_beside_are_not_put_down_to_it() -> None:
    called()
    with counted() as mine:
        called()
        assert account() is mine
        with counted() as inner:
            called()
            called()
        assert (mine.take(), mine.take(), inner.take()) == (1, 0, 2)


def test_what_each_part_of_a_night_did_is_seen_and_a_night_that_was_taken_back_did_nothing() -> None:
    liveness = Liveness(0.0, off=("sleep.forget",))
    night = SleepEnded(
        at=7.0,
        mind=ANA,
        cycle="c",
        status="completed",
        replayed=3,
        formed=2,
        archived=0,
        abstracted=0,
        took_s=1.0,
        did={"replay": 3, "co_replay": 2, "homeostasis": 1},
    )
    liveness.publish(night)
    for status in ("rolled_back", "undone"):
        liveness.publish(SleepEnded(**{**_fields(night), "status": status, "at": 9.0}))
    rows = {life.name: (life.did, life.of, life.last_at) for life in liveness.lives()}
    assert rows["sleep"] == (1, 2, 7.0)
    assert rows["sleep.replay"] == (3, 1, 7.0)
    assert rows["sleep.co_replay"] == (2, 1, 7.0)
    assert rows["sleep.homeostasis"] == (1, 1, 7.0)
    assert not next(life for life in liveness.lives() if life.name == "sleep.forget").on


def test_every_part_of_a_night_has_a_row() -> None:
    rows = {life.name for life in Liveness(0.0).lives()}
    assert {AT_NIGHT + name for name in get_args(AtNight)} <= rows


def _fields(event: SleepEnded) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__struct_fields__}
