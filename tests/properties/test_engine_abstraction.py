"""Whatever recurs in a life: what is abstracted from it follows from its sources, and again is once."""

from __future__ import annotations

import anyio
import msgspec
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cognition.mechanisms.abstraction import EPISODES_MIN
from schemas.abstraction import Abstraction
from schemas.percept import BoundaryMark, Percept
from tests.unit.engine.bench import ANA, WHOLE, Bench, bench

TOPICS = (
    "grandmother bakes walnut bread beside every lighthouse",
    "captain mends torn canvas under noisy gulls",
    "neighbours argue about crooked fences near orchards",
)
NIGHTS_MAX = 6

lives = st.lists(
    st.tuples(st.integers(0, len(TOPICS) - 1), st.booleans(), st.sampled_from([0.2, 0.6, 1.0])),
    min_size=0,
    max_size=14,
)
"""Which topic comes up, whether an episode begins with it, and how far it is from the middle of its topic."""


def percept(number: int, topic: int, begins: bool, spread: float) -> Percept:
    row = np.zeros(768, "<f4")
    row[topic], row[100 + number] = 1.0, spread
    return Percept(
        mind=ANA,
        content=f"{TOPICS[topic]} {number * 7919}",
        key=f"k{number}",
        vector=row.tobytes(),
        boundary=BoundaryMark.BEGIN if begins else None,
        trust=1.0 - spread / 2.0,
    )


def other(number: int) -> Percept:
    row = np.zeros(768, "<f4")
    row[300 + number] = 1.0
    return Percept(mind=ANA, content=f"entry {number * 104729} of {number}", vector=row.tobytes())


async def known(found: Bench) -> list[Abstraction]:
    page, _ = await found.stores.abstractions.page(ANA, None, limit=100)
    return [msgspec.structs.replace(a, rev=0, epoch=0) for a in page]


async def slept(life: list[tuple[int, bool, float]]) -> None:
    found = await bench(options=WHOLE)
    await found.take(*(other(n) for n in range(30)), *(percept(n, *each) for n, each in enumerate(life)))
    before: list[Abstraction] | None = None
    for _ in range(NIGHTS_MAX):
        report = await found.sleep()
        now = await known(found)
        assert report.abstracted == 0 or now != before
        if report.abstracted == 0:
            break
        before = now
        found.clock.advance(86_400.0)
    else:
        raise AssertionError("it never comes to rest")
    for abstraction in now:
        memories = await found.stores.memories.get(ANA, abstraction.derived_from)
        assert len(memories) == len(abstraction.derived_from) >= EPISODES_MIN
        assert abstraction.content == memories[abstraction.source_id].content
        assert abstraction.source_id in abstraction.derived_from
        assert len({m.episode_id for m in memories.values()}) == abstraction.episodes >= EPISODES_MIN
        assert len({m.content.rsplit(" ", 1)[0] for m in memories.values()}) == 1
        assert 0.0 < abstraction.confidence < 1.0


@settings(max_examples=12, deadline=None)
@example([(0, True, 0.2)] * 5 + [(1, True, 0.6)] * 4)
@given(lives)
def test_what_is_abstracted_says_what_a_source_says_and_comes_to_rest(
    life: list[tuple[int, bool, float]],
) -> None:
    anyio.run(slept, life)
