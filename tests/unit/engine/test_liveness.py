"""A mechanism that does nothing is seen: what each one did is counted, kept, and told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from cognition.commands.words import IDLE_MIN, acted
from cognition.engine.assembly import Options
from cognition.engine.liveness import FIRST_LOOKED_AT, LOOKED_AT_EVERY, UNITS, Liveness
from cognition.engine.options import AttentionOptions, EpisodeOptions, MindOptions, RecallOptions
from cognition.engine.sleep_options import EXTRA, SleepOptions
from cognition.engine.weighing import MECHANISMS, WORKING_MEMORY
from cognition.testing.clock import ManualClock
from schemas.association import AssociationType, Relation
from schemas.cue import EpisodeFilter, FilterMode, Mood
from schemas.dream import Feedback
from schemas.events import AssociationsFormed, EpisodeClosed, PerceptsEncoded, SleepEnded, UseFolded
from schemas.inquiry import DaemonInquiry
from schemas.mechanism import MechanismLife
from schemas.percept import Percept
from tests.simulation.virtual_time import play
from tests.unit.engine.bench import ANA, BO, START_MS, Bench, bench
from tests.unit.engine.test_intake import Line
from tests.unit.engine.test_plasticity import ids, school

AT = START_MS / 1e3


def life(liveness: Liveness, name: str) -> MechanismLife:
    return next(life for life in liveness.lives() if life.name == name)


async def lives(on: Bench) -> dict[str, MechanismLife]:
    answer: Any = await on.engine.answering.answer(DaemonInquiry(id="q"))
    return {life.name: life for life in answer.mechanisms}


def test_every_mechanism_has_a_row() -> None:
    assert MECHANISMS - {WORKING_MEMORY} <= UNITS.keys()
    assert [life.name for life in Liveness(0.0).lives()] == list(UNITS)


def test_the_first_recalls_are_looked_at_and_then_some() -> None:
    liveness = Liveness(0.0)
    due = [liveness.due() for _ in range(FIRST_LOOKED_AT + 4 * LOOKED_AT_EVERY)]
    assert sum(due) == FIRST_LOOKED_AT + 4


def test_what_was_off_is_not_held_against_a_mechanism() -> None:
    liveness = Liveness(0.0)
    liveness.recalled({"actor"}, ["time"], AT)
    assert (life(liveness, "actor").did, life(liveness, "actor").of) == (1, 1)
    assert (life(liveness, "spreading").did, life(liveness, "spreading").of) == (0, 1)
    assert (life(liveness, "time").did, life(liveness, "time").of) == (0, 0)


def test_events_are_counted_and_dated_by_the_last_that_did_something() -> None:
    liveness = Liveness(0.0)
    encoded = {"partition": 0, "rejected": 0, "took_s": 0.0}
    liveness.publish(PerceptsEncoded(at=AT, encoded=3, strengthened=1, context={"drift": 2}, **encoded))
    liveness.publish(PerceptsEncoded(at=AT + 1, encoded=2, strengthened=0, **encoded))
    liveness.publish(AssociationsFormed(at=AT, mind=ANA, formed=5, pending=0, sweeping=False))
    folded = dict.fromkeys(("events", "refused", "formed", "depressed", "routed", "missing"), 0)
    liveness.publish(UseFolded(at=AT, mind=ANA, potentiated=4, pruned=1, took_s=0.0, **folded))
    closed = {"mind": ANA, "episode_id": "e", "label": "", "memory_count": 1}
    liveness.publish(EpisodeClosed(at=AT, boundary_type="prediction_error", **closed))
    liveness.publish(EpisodeClosed(at=AT, boundary_type="explicit", **closed))
    told = {life.name: (life.did, life.of, life.last_at) for life in liveness.lives()}
    assert told["drift"] == (2, 5, AT)
    assert told["length_gate"] == (0, 5, None)
    assert told["echo"] == (1, 6, AT)
    assert told["formed by mention"] == (5, 0, AT)
    assert told["potentiated"] == (4, 0, AT)
    assert told["pruned"] == (1, 0, AT)
    assert told["depressed"] == (0, 0, None)
    assert told["prediction_error"] == (1, 2, AT)


def test_what_is_formed_and_learned_after_encoding_or_asleep_is_seen_when_it_is_dead() -> None:
    liveness = Liveness(0.0)
    told = {"mind": ANA, "refused": 0, "formed": 0, "potentiated": 0, "depressed": 0, "pruned": 0}
    cycle = {"mind": ANA, "cycle": "c", "replayed": 0, "formed": 0, "archived": 0, "abstracted": 0}
    for number in range(IDLE_MIN):
        linked = {"mind": ANA, "formed": 0, "looked": 1, "pending": 0, "sweeping": False}
        liveness.publish(AssociationsFormed(at=AT + number, **linked))
        use = {**told, "events": 1, "routed": 0, "missing": 0, "took_s": 0.0, "pairs": 1, "reported": 2}
        liveness.publish(UseFolded(at=AT + number, **use))
        did = {"forget": 1}
        liveness.publish(SleepEnded(at=AT + number, status="completed", took_s=0.0, did=did, **cycle))
    rows = {name: acted(life(liveness, name)) for name in UNITS}
    assert rows["formed by mention"] == "idle; nothing in 100 memories looked at"
    assert rows["formed by use"] == "idle; nothing in 100 pairs that served together"
    assert rows["routes learned"] == "idle; nothing in 200 memories reported on"
    assert rows["sleep.replay"] == "idle; nothing in 100 cycles"
    assert rows["sleep.forget"].startswith("on; 100 memories in 100 cycles, last ")
    assert rows["given by callers"] == rows["pruned"] == "on; nothing yet"


async def test_a_report_counts_what_it_could_teach() -> None:
    at = await school()
    await at.asked()
    await at.teach(Feedback(mind=ANA, cue_id="q1", useful=ids(0, 1, 2)))
    told = at.on.sink.of(UseFolded)[-1]
    assert (told.pairs, told.formed, told.reported, told.routed) == (3, 6, 4, 4)


def test_counts_go_on_in_the_next_process() -> None:
    before, after = Liveness(1.0), Liveness(2.0, off=["time"])
    before.recalled({"time", "gone"}, [], AT)
    kept = before.kept()
    after.recalled({"actor"}, [], AT + 1)
    changes = after.changes
    after.carry_on(kept)
    assert after.since == 1.0
    assert (life(after, "time").did, life(after, "time").of, life(after, "time").on) == (1, 2, False)
    assert life(after, "time").last_at == AT
    assert life(after, "actor").last_at == AT + 1
    assert after.changes == changes


def test_what_is_off_is_named() -> None:
    options = Options(
        minds=MindOptions(without=("drift",)),
        recall=RecallOptions(spreading_depth=0),
        episodes=EpisodeOptions(prediction_error=False),
        attention=AttentionOptions(echo_window_s=0.0),
    )
    asleep = {f"sleep.{name}" for name in EXTRA}
    assert options.off() == {"drift", "spreading", "prediction_error", "echo", *asleep}
    assert Options().off() == asleep
    assert Options(sleep=SleepOptions(also=tuple(EXTRA))).off() == frozenset()


async def test_a_chance_is_counted_only_where_the_cue_states_what_a_mechanism_looks_at() -> None:
    on = await bench()
    await on.say("tea in the kitchen", valence=0.5, context={"place": "kitchen"})
    latest = (await on.recall("tea")).recalled[0].memory.episode_id
    told = await lives(on)
    assert [told[name].of for name in ("mood", "context_match", "episode")] == [0, 0, 0]
    await on.recall("tea", mood=Mood(valence=0.5))
    await on.recall("tea", context={"place": "kitchen"})
    await on.recall("tea", episode=EpisodeFilter(ids=[latest]))
    await on.recall("tea", episode=EpisodeFilter(ids=[latest], mode=FilterMode.STRICT))
    told = await lives(on)
    assert [told[name].of for name in ("mood", "context_match", "episode", "dense")] == [1, 1, 1, 5]


async def test_what_the_settings_leave_out_of_every_cue_has_no_chance() -> None:
    on = await bench(options=Options(recall=RecallOptions(spreading_depth=0, without=("dense",))))
    await on.say("tea")
    await on.recall("tea")
    told = await lives(on)
    assert [told[name].of for name in ("spreading", "dense", "lexical")] == [0, 0, 1]


def related(*targets: str) -> Percept:
    relations = [Relation(type=AssociationType.FIXES, target=target) for target in targets]
    return Percept(mind=ANA, content=f"mended {' and '.join(targets)}", relations=relations)


def test_the_relations_that_callers_give_are_counted() -> None:
    async def main(clock: ManualClock) -> MechanismLife:
        line = Line(clock, "tea")
        for message in (related("roof", "door"), related("roof")):
            line.streams.publish(ANA, message)
        answer: Any = await (await line.run()).answering.answer(DaemonInquiry(id="q"))
        return next(life for life in answer.mechanisms if life.name == "given by callers")

    told = play(main)
    assert (told.did, told.of, told.unit) == (3, 0, "associations")


async def test_encoding_counts_what_each_mechanism_touched() -> None:
    on = await bench()
    entries = [
        on.entry(Percept(mind=ANA, content="Where did you leave the brass key?", actor="Bo")),
        on.entry(Percept(mind=ANA, content="Under the pot.", actor="Ana")),
        on.entry(Percept(mind=ANA, content="long " + " ".join(f"word{n}" for n in range(60)), actor="Bo")),
    ]
    done = await on.engine.encoder.commit(await on.engine.senses.prepare(entries), {0: on.epoch})
    assert done.context["drift"] == 2
    assert done.context["question_inheritance"] == 1
    assert done.context["lexical_context"] >= 1
    assert done.context["length_gate"] == 1
    assert done.context["conservation"] == 0
    assert done.context["temporal"] == 2


async def test_words_of_the_context_that_bring_a_memory_back_are_seen() -> None:
    on = await bench()
    await on.say("Where did you leave the brass key?", actor="Bo")
    await on.say("Under the pot.", actor="Ana")
    await on.recall("brass key")
    await on.say("Tea at noon.", mind=BO)
    await on.recall("tea", mind=BO, without=["time"])
    told = await lives(on)
    assert (told["context"].did, told["context"].of) == (1, 2)
    assert (told["dense"].of, told["time"].of) == (2, 1)
    assert (told["spreading"].did, told["time"].last_at) == (0, None)


async def test_a_date_and_an_episode_are_seen_to_change_the_first_ten() -> None:
    on = await bench()
    for number in range(30):
        at = dt.datetime(2023, 2 if number < 25 else 10, 1 + number % 25, tzinfo=dt.UTC)
        await on.say(f"boat {number} came in", occurred_at=at.timestamp())
    await on.recall("What boat came in October 2023?")
    latest = (await on.recall("boat 29", limit=1)).recalled[0].memory.episode_id
    await on.recall("boat", episode=EpisodeFilter(ids=[latest], factor=0.1), limit=20)
    told = await lives(on)
    assert (told["time"].did, told["time"].of) == (1, 3)
    assert told["episode"].did == 1


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (MechanismLife(name="a", on=False, did=3), "off"),
        (MechanismLife(name="a"), "on; nothing yet"),
        (MechanismLife(name="a", of=99), "on; nothing yet, in 99 recalls"),
        (MechanismLife(name="a", of=1_200), "idle; nothing in 1,200 recalls"),
        (MechanismLife(name="a", on=False, of=1_200), "off"),
        (
            MechanismLife(name="a", did=3, of=12, last_at=AT),
            "on; changed the first ten of 3 of 12 recalls (25 %), last",
        ),
        (MechanismLife(name="a", did=3, unit="associations", last_at=AT), "on; 3 associations, last"),
    ],
)
def test_a_person_reads_whether_it_is_alive(told: MechanismLife, said: str) -> None:
    assert acted(told).startswith(said)
