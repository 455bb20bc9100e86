"""What reports and co-activations leave in memories, and what they may not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from cognition.engine.mind import STATE_SLOT
from cognition.engine.neighbourhood import NAMED_MAX, no_memory
from cognition.engine.plasticity import Event
from cognition.errors import BadReportError, UnavailableError
from cognition.mechanisms.plasticity import DAY_S, effort
from cognition.mechanisms.synapses import LEARNED, strength
from schemas.association import AssociationType, Relation
from schemas.base import Message
from schemas.dream import CoActivation, Feedback, Replayed
from schemas.events import UseFolded
from schemas.identifiers import memory_id
from schemas.learning import NeighboursInquiry, PathInquiry, ReportAnswer, ReportInquiry
from schemas.memory import Memory
from schemas.percept import Forget, Percept
from schemas.recollection import Recollection
from tests.unit.engine.bench import ANA, BO, START_MS, UNBOUND, Bench, bench

SAID = (
    "The keys are under the blue pot.",
    "The kettle is on the stove.",
    "The car keys are in the drawer.",
    "The blue car is in the garage.",
)
CUE = "Where are the car keys?"


class School:
    """A bench with a few memories, and a way to teach them."""

    def __init__(self, on: Bench) -> None:
        self.on = on
        self.entries = itertools.count(1)

    def entry(self, *, days: float = 1.0) -> str:
        return f"{START_MS + round(days * DAY_S * 1e3)}-{next(self.entries)}"

    async def teach(self, *messages: Message, entries: Sequence[str] = (), mind: str = ANA) -> dict[str, str]:
        """Fold these in one batch and write the minds down."""
        named = entries or [self.entry() for _ in messages]
        events = [Event(0, e, mind, m) for e, m in zip(named, messages, strict=True)]
        refused = await self.on.engine.plasticity.fold(events, {0: self.on.epoch})
        await self.on.engine.minds.checkpoint()
        return refused

    async def asked(self, cue_id: str = "q1", content: str = CUE, mind: str = ANA) -> Recollection:
        """Ask as a client does: what comes back is remembered."""
        from schemas.cue import Cue

        answer = await self.on.engine.answering.answer(Cue(id=cue_id, mind=mind, content=content))
        assert isinstance(answer, Recollection), answer
        return answer

    async def memory(self, place: int) -> Memory:
        return await self.of(memory_id(ANA, f"k{place}"))

    async def of(self, one: str, mind: str = ANA) -> Memory:
        return (await self.on.stores.memories.get(mind, [one]))[one]


def id_of(place: int) -> str:
    return memory_id(ANA, f"k{place}")


def ids(*places: int) -> list[str]:
    return [id_of(place) for place in places]


async def school() -> School:
    on = await bench(options=UNBOUND)
    for place, content in enumerate(SAID):
        await on.say(content, key=f"k{place}")
    return School(on)


async def test_what_served_is_led_to_by_the_words_of_the_cue_and_the_rest_is_led_away_from() -> None:
    at = await school()
    shown = [r.memory.id for r in (await at.asked()).recalled]
    assert await at.teach(Feedback(mind=ANA, cue_id="q1", useful=ids(2))) == {}
    served, vain = await at.memory(2), await at.memory(0)
    assert [r.used for r in served.routes] == [pytest.approx(effort(shown.index(served.id)))] * 2
    assert (served.unused_count, vain.unused_count) == (0.0, 1.0)
    assert all(r.unused == pytest.approx(1.0) and r.used == 0 for r in vain.routes)
    assert (served.useful_count, served.access_count, vain.useful_count) == (1, 1, 0)


async def test_a_route_remembers_how_strongly_the_memory_has_the_word_itself() -> None:
    at = await school()
    await at.asked()
    await at.teach(Feedback(mind=ANA, cue_id="q1", useful=ids(1)))
    spoken = await at.on.stores.memories.get_spoken(ANA, ids(1))
    memory, weights = spoken[id_of(1)]
    assert {r.term: r.weight for r in memory.routes} == {
        r.term: weights.get(r.term, 0.0) for r in memory.routes
    }


async def test_recall_itself_writes_nothing() -> None:
    at = await school()
    before = [await at.memory(place) for place in range(4)]
    await at.asked()
    await at.asked("q2")
    assert [await at.memory(place) for place in range(4)] == before


async def test_what_served_together_is_associated_both_ways_and_with_nobody_else() -> None:
    at = await school()
    await at.asked()
    await at.teach(Feedback(mind=ANA, cue_id="q1", useful=ids(0, 2)))
    one, other, vain = await at.memory(0), await at.memory(2), await at.memory(1)
    assert [(a.target_id, a.type, a.weight) for a in one.associations] == [
        (other.id, LEARNED, pytest.approx(0.1))
    ]
    assert [a.target_id for a in other.associations] == [one.id]
    assert vain.associations == []


async def test_an_association_is_depressed_when_one_served_and_the_other_did_not() -> None:
    at = await school()
    for cue in ("q1", "q2"):
        await at.asked(cue)
    await at.teach(Feedback(mind=ANA, cue_id="q1", useful=ids(0, 2)))
    grown = (await at.memory(0)).associations[0].weight
    await at.teach(Feedback(mind=ANA, cue_id="q2", useful=ids(2)))
    for place in (0, 2):
        assert (await at.memory(place)).associations[0].weight == pytest.approx(0.9 * grown)


async def test_being_shown_together_without_a_report_associates_nothing() -> None:
    at = await school()
    await at.asked()
    await at.teach(Feedback(mind=ANA, cue_id="q1"))
    assert [(await at.memory(place)).associations for place in range(4)] == [[]] * 4
    assert [(await at.memory(place)).unused_count for place in range(4)] == [1.0] * 4


async def test_a_co_activation_counts_by_its_evidence() -> None:
    at = await school()
    await at.teach(
        CoActivation(mind=ANA, memory_ids=ids(0, 1), reason="used", evidence=0.5),
        CoActivation(mind=ANA, memory_ids=ids(2, 3), reason="shown", evidence=0.0),
    )
    assert (await at.memory(0)).associations[0].weight == pytest.approx(0.05)
    assert (await at.memory(2)).associations == []
    assert (await at.memory(0)).routes == []


async def test_an_event_twice_equals_once_also_after_a_restart() -> None:
    at = await school()
    await at.asked()
    entries = [at.entry(), at.entry()]
    lesson = (
        Feedback(mind=ANA, cue_id="q1", useful=ids(0, 2)),
        CoActivation(mind=ANA, memory_ids=ids(1, 3), reason="used"),
    )
    await at.teach(*lesson, entries=entries)
    once = [await at.memory(place) for place in range(4)]
    await at.teach(*lesson, entries=entries)
    at.on.again()
    await at.teach(*lesson, entries=entries)
    assert [await at.memory(place) for place in range(4)] == once


async def test_a_batch_that_was_cut_off_before_the_checkpoint_is_completed_and_not_doubled() -> None:
    at = await school()
    await at.asked()
    entry = at.entry()
    lesson = Feedback(mind=ANA, cue_id="q1", useful=ids(2), cue=CUE, shown=ids(2, 0))
    await at.on.engine.plasticity.fold([Event(0, entry, ANA, lesson)], {0: at.on.epoch})
    once = await at.memory(2)
    at.on.again()
    await at.teach(lesson, entries=[entry])
    again = await at.memory(2)
    assert (again.routes, again.rev) == (once.routes, once.rev)
    mind = await at.on.engine.minds.look(ANA)
    assert (mind.usage.through, mind.usage.reports, mind.usage.words.cues) == (entry, 1, 1)


async def test_a_report_published_twice_teaches_once_and_a_further_one_completes_it() -> None:
    at = await school()
    await at.asked()
    report = Feedback(mind=ANA, cue_id="q1", useful=ids(2))
    await at.teach(report)
    once = [await at.memory(place) for place in range(4)]
    await at.teach(report)
    twice = [await at.memory(place) for place in range(4)]
    assert [m.routes for m in twice] == [m.routes for m in once]
    assert [m.unused_count for m in twice] == [m.unused_count for m in once]
    await at.teach(Feedback(mind=ANA, cue_id="q1", useful=ids(0)))
    late = await at.memory(0)
    assert all(r.used > 0 and r.unused == pytest.approx(1.0) for r in late.routes)
    assert (await at.memory(1)).unused_count == 1.0


async def test_a_cue_id_that_is_used_for_many_cues_does_not_hide_reports() -> None:
    at = await school()
    asked = [(CUE, ids(2, 0)), ("What is in the garage?", ids(2, 3)), (CUE, ids(2, 0))]
    for cue, shown in asked:
        await at.teach(Feedback(mind=ANA, cue_id="mine", cue=cue, shown=shown, useful=ids(2)))
    assert (await at.memory(2)).useful_count == 2
    assert (await at.memory(3)).unused_count == 1.0
    assert (await at.on.engine.minds.look(ANA)).usage.reports == 2


async def test_a_report_that_names_no_recollection_is_refused_with_what_to_do() -> None:
    at = await school()
    entry = at.entry()
    report = Feedback(mind=ANA, cue_id="", cue=CUE, shown=ids(2), useful=ids(2))
    refused = await at.teach(report, entries=[entry])
    assert "empty cue_id" in refused[entry]
    assert "a cue_id of its own" in refused[entry]
    assert (await at.memory(2)).useful_count == 0


async def test_events_late_by_a_day_and_out_of_order_teach_the_same() -> None:
    noon, evening = START_MS / 1e3 + DAY_S, START_MS / 1e3 + 1.5 * DAY_S
    found = []
    cues = {noon: "Where are the keys?", evening: "What about that car?"}
    for order in ((noon, evening), (evening, noon)):
        at = await school()
        await at.teach(
            *(
                Feedback(mind=ANA, cue_id=f"q{when}", useful=ids(2), cue=cues[when], shown=ids(2, 0), at=when)
                for when in order
            ),
            entries=[at.entry(days=2.0), at.entry(days=2.0)],
        )
        found.append([await at.memory(place) for place in (0, 2)])
    for one, other in zip(*found, strict=True):
        assert one.learned_at == other.learned_at == evening
        assert one.unused_count == pytest.approx(other.unused_count)
        assert [(r.term, r.used) for r in one.routes] == [(r.term, r.used) for r in other.routes]


async def test_a_report_from_the_future_counts_as_of_when_it_came() -> None:
    at = await school()
    entry = at.entry()
    lesson = Feedback(mind=ANA, cue_id="q", useful=ids(2), cue=CUE, shown=ids(2), at=START_MS / 1e3 + 9e9)
    await at.teach(lesson, entries=[entry])
    assert (await at.memory(2)).learned_at == int(entry.partition("-")[0]) / 1e3


async def test_a_memory_keeps_no_more_than_its_bounds() -> None:
    at = await school()
    others = [(await at.on.say(f"number {n}", key=f"n{n}")).memory_id for n in range(40)]
    for other in others:
        await at.teach(CoActivation(mind=ANA, memory_ids=[id_of(0), other], reason="used"))
    words = " ".join(f"word{n}" for n in range(60))
    await at.teach(Feedback(mind=ANA, cue_id="q", useful=ids(0), cue=words, shown=ids(0)))
    full = await at.memory(0)
    assert (len(full.associations), len(full.routes)) == (32, 32)
    assert sum(e.pruned for e in at.on.sink.of(UseFolded)) == 8


async def test_what_the_caller_said_does_not_give_way_to_what_is_learned() -> None:
    at = await school()
    said = [Relation(type=AssociationType.CAUSES, target=f"n{n}", weight=0.01) for n in range(32)]
    one = (await at.on.say("a cause of much", key="cause", relations=said)).memory_id
    await at.teach(CoActivation(mind=ANA, memory_ids=[one, id_of(0)], reason="used"))
    assert {a.type for a in (await at.of(one)).associations} == {AssociationType.CAUSES}
    assert [a.target_id for a in (await at.memory(0)).associations] == [one]


@pytest.mark.parametrize("kind", AssociationType)
async def test_what_the_caller_said_lies_beside_what_is_learned_and_stays_as_it_was(
    kind: AssociationType,
) -> None:
    at = await school()
    said = [Relation(type=kind, target="k3", weight=0.9), Relation(type=kind, target="k0", weight=0.5)]
    one = (await at.on.say("The car and its keys.", key="one", relations=said)).memory_id

    async def given() -> list[tuple[str, float, float, int]]:
        array = (await at.of(one)).associations
        return [(a.target_id, a.weight, a.last_coactivated, a.coactivation_count) for a in array if a.given]

    before = await given()
    assert [row[:2] for row in before] == [(id_of(3), 0.9), (id_of(0), 0.5)]
    for cue in range(20):
        shown, useful = [one, *ids(0, 3)], [one, id_of(3)]
        report = Feedback(mind=ANA, cue_id=f"q{cue}", useful=useful, shown=shown, cue=CUE)
        await at.teach(report, CoActivation(mind=ANA, memory_ids=shown, reason="used"))
    assert await given() == before
    learned = {a.target_id for a in (await at.of(one)).associations if not a.given and a.type is LEARNED}
    assert learned == {id_of(0), id_of(3)}


async def test_a_relation_that_is_said_twice_is_one_as_strong_as_the_stronger() -> None:
    at = await school()
    said = [Relation(type=AssociationType.CAUSES, target="k0", weight=w) for w in (0.2, 0.9, 0.4)]
    one = (await at.on.say("a cause", key="cause", relations=said)).memory_id
    assert [(a.target_id, a.weight) for a in (await at.of(one)).associations if a.given] == [(id_of(0), 0.9)]


@pytest.mark.parametrize(
    "key", ["9f1b7a52-7a0e-4b1e-9c53-1f4c8f6f2a10", "01890a5d-ac96-774b-bcce-b302099a8057"], ids=["v4", "v7"]
)
async def test_a_key_may_look_like_an_id(key: str) -> None:
    at = await school()
    said = [Relation(type=AssociationType.CAUSES, target=key, weight=0.5)]
    one = (await at.on.say("the cause", key="cause", relations=said)).memory_id
    other = (await at.on.say("the effect", key=key)).memory_id
    assert [a.target_id for a in (await at.of(one)).associations if a.given] == [other]
    assert await at.teach(CoActivation(mind=ANA, memory_ids=[key, "k0"], reason="used")) == {}
    assert LEARNED in {a.type for a in (await at.of(other)).associations}
    told = await at.on.engine.answering._learning.neighbourhood.neighbours(
        NeighboursInquiry(id="i", mind=ANA, memory=key)
    )
    assert id_of(0) in [n.target for n in told.neighbours]


async def test_unknown_recollections_are_refused_and_the_others_go_on() -> None:
    at = await school()
    await at.asked()
    entries = [at.entry(), at.entry(), at.entry()]
    refused = await at.teach(
        Feedback(mind=ANA, cue_id="never asked", useful=ids(1)),
        Feedback(mind=ANA, cue_id="q1", useful=ids(2)),
        Replayed(mind=ANA, memory_ids=ids(1), cycle_id="c"),
        entries=entries,
    )
    assert list(refused) == [entries[0], entries[2]]
    assert "'never asked'" in refused[entries[0]]
    assert "Report within a day" in refused[entries[0]]
    assert (await at.memory(2)).useful_count == 1


async def test_a_mind_without_memories_learns_nothing() -> None:
    at = await school()
    refused = await at.teach(CoActivation(mind=BO, memory_ids=ids(0, 1), reason="used"), mind=BO)
    assert "has no memories" in next(iter(refused.values()))


async def test_a_report_for_a_mind_that_nobody_told_anything_leaves_nothing_behind() -> None:
    at = await school()
    minds = [f"made up {n}" for n in range(3)]
    for mind in minds:
        await at.teach(Feedback(mind=mind, cue_id="q", cue=CUE, shown=ids(0), useful=ids(0)), mind=mind)
    assert await at.on.stores.checkpoints.load([(mind, STATE_SLOT) for mind in minds]) == {}
    assert list(await at.on.stores.checkpoints.load([(ANA, STATE_SLOT)])) == [(ANA, STATE_SLOT)]


async def test_forgotten_unknown_and_other_minds_memories_are_passed_over() -> None:
    at = await school()
    foreign = (await at.on.say("a secret of Bo's", mind=BO, key="s")).memory_id
    await at.asked()
    await at.on.take(Forget(mind=ANA, memory_ids=ids(3)))
    named = [*ids(2, 3), foreign, memory_id(ANA, "never")]
    await at.teach(Feedback(mind=ANA, cue_id="q1", useful=named))
    assert [a.target_id for a in (await at.memory(2)).associations] == []
    assert (await at.of(foreign, BO)).routes == []
    assert at.on.sink.of(UseFolded)[-1].missing == 3


async def test_a_report_is_checked_before_it_is_published() -> None:
    at = await school()
    foreign = (await at.on.say("a secret of Bo's", mind=BO, key="s")).memory_id
    shown = [r.memory.id for r in (await at.asked()).recalled]
    await at.on.take(Forget(mind=ANA, memory_ids=ids(3)))
    inquiry = ReportInquiry(id="i", mind=ANA, cue_id="q1", useful=["k2", foreign], misleading=["k3", "k9"])
    answer = await at.on.engine.answering.answer(inquiry)
    assert isinstance(answer, ReportAnswer)
    assert (answer.cue, answer.shown) == (CUE, shown)
    assert (answer.useful, answer.misleading) == (ids(2), [])
    assert answer.refused == {
        foreign: "this mind has no such memory",
        "k3": "it was forgotten",
        "k9": "this mind has no such memory",
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"cue_id": "never asked"}, "'never asked' of mind 'ana' is not known"),
        ({"useful": ["k9"]}, "none of the 1 named memories can learn; k9"),
        ({"useful": ["k2"], "misleading": ["k2"]}, "memory k2 is named useful and misleading"),
    ],
)
async def test_a_report_that_teaches_nobody_is_refused(fields: dict[str, object], said: str) -> None:
    at = await school()
    await at.asked()
    inquiry = ReportInquiry(**{"id": "i", "mind": ANA, "cue_id": "q1", **fields})  # type: ignore[arg-type]
    with pytest.raises(BadReportError, match=said):
        await at.on.engine.answering._learning.answer(inquiry)


async def test_another_minds_recollection_is_nobodys() -> None:
    at = await school()
    await at.on.say("anything", mind=BO, key="s")
    await at.asked()
    with pytest.raises(BadReportError):
        await at.on.engine.answering._learning.answer(ReportInquiry(id="i", mind=BO, cue_id="q1"))


async def test_what_was_learned_changes_the_next_answer() -> None:
    at = await school()
    before = {r.memory.id: r.score for r in (await at.asked()).recalled}
    await at.teach(Feedback(mind=ANA, cue_id="q1", useful=ids(0)))
    after = {r.memory.id: r.score for r in (await at.asked("again")).recalled}
    assert after[id_of(0)] > before[id_of(0)]
    assert after[id_of(2)] < before[id_of(2)]


async def test_reads_go_on_over_weights_that_a_hand_has_spoiled() -> None:
    at = await school()
    rows = [
        {"target_id": id_of(1), "weight": 7, "type": "goal"},
        {"target_id": id_of(2), "weight": float("nan"), "type": "goal"},
        {"target_id": id_of(3), "weight": -1.0, "type": "causes"},
        {"target_id": id_of(3), "weight": "much", "type": "goal"},
        {"type": "goal"},
        {"target_id": "not an id", "weight": 0.5, "type": "goal"},
        {"target_id": id_of(1).upper(), "weight": 0.5, "type": "causes"},
        "nonsense",
    ]
    spoiled = {"associations": rows, "routes": [{"term": 1, "used": -4.0}, 3], "unused_count": float("inf")}
    await at.on.backend.set_payload("memories", ids(0), spoiled)
    memory = await at.memory(0)
    assert [(a.target_id, a.weight) for a in memory.associations] == [
        (id_of(1), 1.0), (id_of(2), 0.0), (id_of(3), 0.0), (id_of(3), 0.0),
    ]  # fmt: skip
    assert (memory.routes[0].used, len(memory.routes), memory.unused_count) == (0.0, 1, 0.0)
    assert (await at.asked()).recalled
    told = await at.on.engine.answering._learning.neighbourhood.neighbours(
        NeighboursInquiry(id="i", mind=ANA, memory=id_of(0))
    )
    assert [n.target for n in told.neighbours] == ids(1)
    assert any("the stored weight 7 is read as 1" in note for note in told.notes)
    assert any("nan" in note for note in told.notes)
    await at.teach(CoActivation(mind=ANA, memory_ids=ids(0, 1), reason="used"))
    assert not any(a.repaired for a in (await at.memory(0)).associations)


async def test_a_relation_to_a_key_that_comes_later_leads_there_once_it_came() -> None:
    at = await school()
    said = [Relation(type=AssociationType.CAUSES, target="later", weight=0.5)]
    await at.on.say("the cause", key="cause", relations=said)
    ask = NeighboursInquiry(id="i", mind=ANA, memory="cause")
    before = await at.on.engine.answering._learning.neighbourhood.neighbours(ask)
    assert before.neighbours == []
    assert before.notes == [
        f"1 associated memory is not there (yet) and not followed: {memory_id(ANA, 'later')}"
    ]
    await at.on.say("the effect", key="later")
    after = await at.on.engine.answering._learning.neighbourhood.neighbours(ask)
    assert [(n.preview, n.weight, n.given) for n in after.neighbours] == [("the effect", 0.5, True)]


async def test_a_note_names_a_few_of_those_that_are_not_there() -> None:
    at = await school()
    keys = [f"later{n}" for n in range(NAMED_MAX + 2)]
    said = [Relation(type=AssociationType.CAUSES, target=key, weight=0.5) for key in keys]
    await at.on.say("the cause", key="cause", relations=said)
    neighbourhood = at.on.engine.answering._learning.neighbourhood
    (note,) = (await neighbourhood.neighbours(NeighboursInquiry(id="i", mind=ANA, memory="cause"))).notes
    first = sorted(memory_id(ANA, key) for key in keys)[:NAMED_MAX]
    listed = ", ".join(first)
    assert note == f"5 associated memories are not there (yet) and not followed: {listed} and 2 more"


async def test_who_is_asked_for_and_is_no_memory_is_named_as_it_was_asked_for() -> None:
    at = await school()
    neighbourhood = at.on.engine.answering._learning.neighbourhood
    path = await neighbourhood.path(PathInquiry(id="i", mind=ANA, start="k0", goal="nope"))
    assert (path.steps, path.notes) == ([], [no_memory(ANA, "nope")])
    tree = await neighbourhood.neighbours(NeighboursInquiry(id="i", mind=ANA, memory="nope"))
    assert (tree.preview, tree.notes) == (None, [no_memory(ANA, "nope")])
    await at.on.take(Forget(mind=ANA, memory_ids=ids(1)))
    path = await neighbourhood.path(PathInquiry(id="i", mind=ANA, start="k0", goal="k1"))
    assert path.notes == [f"memory 'k1' of {ANA!r} is forgotten"]


async def test_paths_go_over_the_strongest_bridges_and_cycles_end() -> None:
    at = await school()
    for pair, times in (((0, 1), 5), ((1, 2), 5), ((2, 0), 1), ((2, 3), 2)):
        for _ in range(times):
            await at.teach(CoActivation(mind=ANA, memory_ids=ids(*pair), reason="used"))
    neighbourhood = at.on.engine.answering._learning.neighbourhood
    found = await neighbourhood.path(PathInquiry(id="i", mind=ANA, start="k0", goal="k3", depth=3))
    now = at.on.clock.now()
    one, two, three = [await at.memory(place) for place in (0, 1, 2)]
    weights = {(m.id, a.target_id): strength(a, now) for m in (one, two, three) for a in m.associations}
    assert [s.target for s in found.steps][-1] == id_of(3)
    around = weights[one.id, two.id] * weights[two.id, three.id]
    straight = weights[one.id, three.id]
    assert len(found.steps) == (3 if around > straight else 2)
    assert found.strength == pytest.approx(max(around, straight) * weights[three.id, id_of(3)])
    nowhere = await neighbourhood.path(PathInquiry(id="i", mind=ANA, start="k0", goal="k3", depth=1))
    assert (nowhere.steps, nowhere.strength) == ([], 0.0)


async def test_a_tree_tells_each_memory_once_and_only_the_types_that_are_wanted() -> None:
    at = await school()
    await at.teach(CoActivation(mind=ANA, memory_ids=ids(0, 1, 2), reason="used"))
    neighbourhood = at.on.engine.answering._learning.neighbourhood
    tree = await neighbourhood.neighbours(NeighboursInquiry(id="i", mind=ANA, memory="k0", depth=3))
    assert sorted(n.target for n in tree.neighbours) == sorted(ids(1, 2))
    assert {n.depth for n in tree.neighbours} == {1}
    none = await neighbourhood.neighbours(
        NeighboursInquiry(id="i", mind=ANA, memory="k0", types=[AssociationType.CAUSES])
    )
    assert none.neighbours == []


async def test_archived_and_forgotten_memories_are_not_followed() -> None:
    at = await school()
    await at.teach(CoActivation(mind=ANA, memory_ids=ids(0, 1, 2, 3), reason="used"))
    traces = await at.on.stores.memories.get_traces(ANA, ids(1))
    await at.on.stores.archive.deposit(list(traces.values()), reason="decay", at=0.0, epoch=at.on.epoch)
    await at.on.stores.memories.erase(ANA, ids(1))
    await at.on.take(Forget(mind=ANA, memory_ids=ids(2)))
    tree = await at.on.engine.answering._learning.neighbourhood.neighbours(
        NeighboursInquiry(id="i", mind=ANA, memory="k0", depth=2)
    )
    assert [n.target for n in tree.neighbours] == ids(3)
    assert tree.notes == [
        f"1 associated memory is archived and not followed: {id_of(1)}",
        f"1 associated memory is forgotten and not followed: {id_of(2)}",
    ]


async def test_a_repetition_and_a_fold_on_the_same_memory_lose_nothing() -> None:
    at = await school()
    await at.asked()
    for n in range(5):
        await at.on.take(Percept(mind=ANA, content=SAID[2], key="k2"))
        await at.teach(
            Feedback(mind=ANA, cue_id=f"r{n}", useful=ids(2), cue=CUE, shown=ids(2)),
        )
    memory = await at.memory(2)
    assert (memory.useful_count, memory.access_count) == (5, 10)
    assert memory.rev == 10


async def test_a_repetition_does_not_write_over_what_was_learned_since_it_was_read() -> None:
    """A holder that does not know yet that its lease is gone folds in between the read and the write."""
    at = await school()
    former, epoch = at.on.engine, at.on.epoch
    at.on.again()
    lesson = Feedback(mind=ANA, cue_id="q", useful=ids(2), cue=CUE, shown=ids(2))

    async def late(verb: str, collection: str) -> None:
        if verb == "set_payloads" and collection == "memories":
            at.on.backend.gate = None
            await former.plasticity.fold([Event(0, at.entry(), ANA, lesson)], {0: epoch})

    repeated = at.on.entry(Percept(mind=ANA, content=SAID[2], key="k2"))
    at.on.backend.gate = late
    with pytest.raises(UnavailableError, match="changed by another hand meanwhile"):
        await at.on.commit(repeated)
    at.on.engine.minds.discard()
    for _ in range(2):
        await at.on.commit(repeated)
    memory = await at.memory(2)
    assert (memory.useful_count, memory.access_count, memory.rev) == (1, 2, 2)


async def test_several_repetitions_in_a_batch_are_one_revision() -> None:
    at = await school()
    again = Percept(mind=ANA, content=SAID[2], key="k2")
    await at.on.take(again, again, Forget(mind=ANA, memory_ids=ids(3)), again)
    memory = await at.memory(2)
    assert (memory.access_count, memory.rev) == (3, 2)


async def test_a_report_on_a_thousand_memories_costs_a_bounded_number_of_pairs() -> None:
    at = await school()
    absent = [memory_id(ANA, f"absent {n}") for n in range(990)]
    shown = [*ids(0, 1, 2, 3), *absent]
    await at.teach(Feedback(mind=ANA, cue_id="q", cue=CUE, shown=shown, useful=ids(0, 2)))
    (told,) = at.on.sink.of(UseFolded)
    assert (told.formed, told.missing, told.routed) == (2, 990, 4)
    everything = Feedback(mind=ANA, cue_id="q2", cue=CUE, shown=shown, useful=[*absent[:500], *ids(0, 1)])
    await at.teach(everything)
    assert len((await at.memory(0)).associations) <= 16
