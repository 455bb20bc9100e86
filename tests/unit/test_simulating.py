"""A simulation on its own calendar: its cycles are apart in time, as those of real nights are."""

from __future__ import annotations

import pytest

from cognition.engine.assembly import Options, assemble
from cognition.engine.sleep_options import SleepOptions
from cognition.mechanisms.homeostasis import CYCLE_FACTOR
from cognition.simulating import EPOCH, Calendar, Unheard, Week, night
from cognition.testing.line import MemoryStreams
from schemas.percept import Percept
from tests.unit.engine.bench import ANA, bench

pytestmark = pytest.mark.anyio


async def test_each_cycle_of_a_simulated_night_scales_down_and_is_a_moment_of_its_own() -> None:
    found = await bench()
    await found.take(*(Percept(mind=ANA, content=f"note {n}", key=f"k{n}") for n in range(8)))
    learned_at, calendar = found.clock.now(), Calendar(found.clock.now())
    options = Options(sleep=SleepOptions(canary=0))
    line = MemoryStreams().hold()
    engine = assemble(found.stores, line, calendar, Unheard(), None, options, epoch_of=lambda _: EPOCH)
    week = Week(week=1, until=0.0)
    calendar.turn(learned_at + 86_400.0)
    await night(engine, ANA, "one", 4, week)
    state = (await engine.minds.look(ANA)).sleep
    reports = await found.stores.cycles.latest(ANA, limit=10)
    assert week.cycles == 4
    assert state.homeostasis.factor(learned_at) == pytest.approx(CYCLE_FACTOR**4)
    assert len({report.started_at for report in reports}) == 4
    assert calendar.now() - learned_at < 86_400.0 + 3_600.0
