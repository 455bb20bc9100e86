"""Every mechanism can be switched off for all minds, and says so."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest

from cognition.engine.assembly import Options
from cognition.engine.liveness import AT_ENCODING, FORMED_BY, UNITS
from cognition.engine.options import AtCue, InMind, MindOptions, RecallOptions
from cognition.engine.sleep_options import EXTRA
from cognition.engine.weighing import MECHANISMS
from schemas.cue import Mood
from schemas.dream import Feedback
from schemas.identifiers import memory_id
from schemas.inquiry import StatusInquiry
from schemas.percept import Percept
from tests.unit.engine.bench import ANA, Bench, bench, contents, vector
from tests.unit.engine.test_association import PASSAGES, edges, linked, passage
from tests.unit.engine.test_liveness import lives
from tests.unit.engine.test_plasticity import School


def test_whatever_a_cue_may_leave_out_the_settings_may() -> None:
    assert set(get_args(AtCue)) == MECHANISMS


def test_whatever_acts_on_memories_the_settings_may_leave_out() -> None:
    assert set(get_args(InMind)) == {*AT_ENCODING, *FORMED_BY}
    assert {row for rows in FORMED_BY.values() for row in rows} <= UNITS.keys()


def test_a_name_that_is_no_mechanism_is_refused() -> None:
    for kind in (RecallOptions, MindOptions):
        with pytest.raises(msgspec.ValidationError, match="magic"):
            msgspec.convert({"without": ["magic"]}, kind)


async def told(options: Options) -> Bench:
    """Of two moods and two sayings, one of which shares the words of the cue."""
    on = await bench(options=options)
    await on.take(
        Percept(mind=ANA, key="sad", content="tea in the rain", valence=-0.8, vector=vector(1)),
        Percept(mind=ANA, key="glad", content="tea in the sun", valence=0.8, vector=vector(1)),
    )
    return on


@pytest.mark.parametrize("name", ["mood", "dense", "working_memory"])
async def test_the_settings_leave_out_of_every_cue_what_a_cue_could(name: str) -> None:
    cue = {"content": "tea", "vector": vector(1), "mood": Mood(valence=0.8), "explain": True}
    here = await (await told(Options(recall=RecallOptions(without=(name,))))).recall(**cue)  # type: ignore[arg-type]
    there = await (await told(Options())).recall(without=[name], **cue)  # type: ignore[arg-type]
    plain = await (await told(Options())).recall(**cue)  # type: ignore[arg-type]
    assert [r.parts for r in here.recalled] == [r.parts for r in there.recalled]
    assert contents(here) == contents(there)
    if name != "working_memory":
        assert [r.parts for r in here.recalled] != [r.parts for r in plain.recalled]


async def test_what_the_settings_leave_out_adds_to_what_the_cue_does() -> None:
    on = await told(Options(recall=RecallOptions(without=("mood",))))
    answer = await on.recall(
        "tea", vector=vector(1), mood=Mood(valence=0.8), without=["lexical"], explain=True
    )
    weights = {p.name: p.weight for p in answer.recalled[0].parts}
    assert "mood" not in weights
    assert weights["lexical"] == 0.0


async def test_without_mention_no_memory_is_bound_to_what_it_names_and_nothing_is_left_to_do() -> None:
    on = await bench(options=Options(minds=MindOptions(without=("mention", "temporal"))))
    await on.take(*(passage(subject) for subject in PASSAGES))
    assert on.engine.associating.due() == []
    await linked(on)
    assert await edges(on) == {}
    status = await on.engine.introspection.status(StatusInquiry(id="q", mind=ANA), {})
    assert status.unlinked == 0


async def test_mention_that_is_switched_on_again_finds_what_it_missed() -> None:
    on = await bench(options=Options(minds=MindOptions(without=("mention", "temporal"))))
    await on.take(*(passage(subject) for subject in PASSAGES))
    on.options = Options(minds=MindOptions(without=("temporal",)))
    on.again()
    await linked(on)
    assert set(await edges(on)) == {"Lothair", "Hugh of Provence"}


async def reported(*without: InMind) -> School:
    """Two of three memories served a cue, one was shown in vain."""
    options = Options(minds=MindOptions(without=("temporal", *without)))
    on = await bench(options=options)
    for place in range(3):
        await on.say(f"The kettle number {place} is on the stove.", key=f"k{place}")
    at = School(on)
    ids: list[str] = [memory_id(ANA, f"k{place}") for place in range(3)]
    report = Feedback(mind=ANA, cue_id="q1", cue="Where is the kettle?", shown=ids, useful=ids[:2])
    assert await at.teach(report) == {}
    return at


@pytest.mark.parametrize(
    ("without", "routes", "bound"),
    [((), True, True), (("routes",), False, True), (("co_activation",), True, False)],
)
async def test_what_use_teaches_can_be_left_out(
    without: tuple[InMind, ...], routes: bool, bound: bool
) -> None:
    at = await reported(*without)
    served, vain = await at.memory(0), await at.memory(2)
    assert bool(served.routes) is bool(vain.routes) is routes
    assert bool(vain.unused_count) is routes
    assert bool(served.associations) is bound
    assert (served.useful_count, served.access_count) == (1, 1)


async def test_a_status_says_off_of_all_that_is_left_out() -> None:
    options = Options(
        minds=MindOptions(without=("drift", "mention", "routes", "co_activation")),
        recall=RecallOptions(without=("mood", "actor")),
    )
    on = await bench(options=options)
    off = {name for name, life in (await lives(on)).items() if not life.on}
    assert off == {
        *("drift", "formed by mention", "routes learned", "formed by use", "potentiated", "depressed"),
        *("pruned", "mood", "actor"),
        *(f"sleep.{name}" for name in EXTRA),
    }
