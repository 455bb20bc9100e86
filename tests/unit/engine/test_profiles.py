"""What ends episodes can be left out by name."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from cognition.engine.assembly import Options
from cognition.engine.mind import NEVER_S, profile
from cognition.engine.options import EpisodeOptions
from cognition.mechanisms.profiles import CONVERSATION
from cognition.mechanisms.running_z import PRIOR_MEAN, PRIOR_VARIANCE
from schemas.percept import Percept
from tests.unit.engine.bench import ANA, bench, vector

SAYS = {
    "place": ({"context": {"place": "kitchen"}}, {"context": {"place": "garden"}}),
    "task": ({"context": {"task": "cook"}}, {"context": {"task": "wash"}}),
    "people": ({"context": {"people": "ana, bo"}}, {"context": {"people": "cleo"}}),
    "gap": ({"occurred_at": 1_000_000.0}, {"occurred_at": 1_090_000.0}),
}


def test_nothing_left_out_is_the_profile_itself() -> None:
    chosen = profile(EpisodeOptions())
    assert (chosen.watched, chosen.gap_s) == (CONVERSATION.watched, CONVERSATION.gap_s)


def test_what_is_left_out_changes_nothing_else() -> None:
    bare = profile(EpisodeOptions(without=("gap", "source")))
    assert bare.watched == ("place", "task", "people")
    assert bare.gap_s == NEVER_S
    whole = asdict(profile(EpisodeOptions()))
    assert {k: v for k, v in asdict(bare).items() if k not in ("watched", "gap_s")} == {
        k: v for k, v in whole.items() if k not in ("watched", "gap_s")
    }


@pytest.mark.parametrize("cause", SAYS)
async def test_a_cause_that_is_left_out_ends_nothing(cause: str) -> None:
    ends = {}
    for without in ((), (cause,)):
        options = EpisodeOptions(without=without, prediction_error=False)  # type: ignore[arg-type]
        at = await bench(options=Options(episodes=options))
        for number, fields in enumerate(SAYS[cause]):
            text = f"one and the same thing, turn {number}"
            await at.take(Percept(mind=ANA, content=text, vector=vector(1), **fields))  # type: ignore[arg-type]
        ends[without] = len(await at.stores.episodes.latest(ANA, limit=5))
    assert ends == {(): 2, (cause,): 1}


@pytest.mark.parametrize("running", [True, False])
async def test_without_a_running_z_no_gap_is_held_against_the_last_ones(running: bool) -> None:
    at = await bench(options=Options(episodes=EpisodeOptions(running_z=running)))
    for number in range(12):
        await at.take(Percept(mind=ANA, content=f"one thing, turn {number}", vector=vector(1)))
    at.again()
    mind = await at.engine.minds.look(ANA)
    usual = mind.segmenter.error.usual
    assert (usual == pytest.approx((PRIOR_MEAN, PRIOR_VARIANCE**0.5))) is not running
