"""A simulation on its own calendar: its cycles are apart in time, as those of real nights are."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cognition.engine.assembly import Options, assemble
from cognition.engine.sleep_options import SleepOptions
from cognition.mechanisms.homeostasis import CYCLE_FACTOR
from cognition.simulating import EPOCH, PREFIX, Calendar, Unheard, Week, night, sweep
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


def test_what_a_killed_simulation_left_is_swept_by_the_next_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    left, running, other = (
        tmp_path / name for name in (f"{PREFIX}{ended.pid}-x", f"{PREFIX}{os.getpid()}-x", "somebody-else")
    )
    for folder in (left, running, other):
        (folder / "store").mkdir(parents=True)
    sweep()
    assert sorted(tmp_path.iterdir()) == sorted([running, other])
