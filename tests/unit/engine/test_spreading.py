"""What was found brings along what it is associated with, behind the gates, under the same filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import RecallOptions
from cognition.engine.spreading import edges_of
from cognition.mechanisms.homeostasis import CYCLE_FACTOR, Downscaling
from cognition.mechanisms.spreading import MENTION_GATE, SOURCES
from cognition.mechanisms.synapses import LEARNED
from schemas.association import Association, AssociationType, Relation
from schemas.cue import CueFilter, EpisodeFilter, FilterMode, Mood
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Forget, Percept
from schemas.recollection import Recalled, Recollection
from tests.unit.engine.bench import ANA, UNBOUND, Bench, bench, vector
from tests.unit.engine.test_association import linked

BEGIN = BoundaryMark.BEGIN
FILM, DIRECTOR, CUE = "The Ferry Keeper", "Aldo Brenner", "who made the film The Ferry Keeper?"


async def cinema(*, depth: int = 1, crowd: int = 40) -> Bench:
    """A film that names its director, whose own passage shares nothing with the cue; few candidates."""
    on = await bench(options=Options(recall=RecallOptions(candidates=2, spreading_depth=depth)))
    film = f"{FILM}. A film that was made by {DIRECTOR}."
    director = f"{DIRECTOR}. Born in Trieste, he died young."
    await on.take(
        Percept(mind=ANA, key=FILM, subject=FILM, content=film, vector=vector(0), boundary=BEGIN),
        Percept(mind=ANA, key=DIRECTOR, subject=DIRECTOR, content=director, vector=vector(5), boundary=BEGIN),
        *(
            Percept(
                mind=ANA,
                key=f"n{n}",
                content=f"Of number {n}, {n * 7} and {n * 31}.",
                vector=vector(0, 9 + n),
                boundary=BEGIN,
            )
            for n in range(crowd)
        ),
    )
    await linked(on)
    return on


async def ask(on: Bench, **fields: Any) -> Recollection:
    return await on.recall(CUE, vector=vector(0), **fields)


def of(answer: Recollection, key: str) -> Recalled:
    return next(r for r in answer.recalled if r.memory.key == key)


def keys(answer: Recollection) -> list[str]:
    return [r.memory.key for r in answer.recalled]


async def test_what_is_named_by_what_was_found_joins_with_its_path() -> None:
    on = await cinema()
    plain = await ask(on, limit=20, without=["working_memory", "spreading"])
    answer = await ask(on, limit=2, explain=True)
    assert DIRECTOR not in keys(plain)
    assert keys(answer) == [FILM, DIRECTOR]
    part = next(p for p in of(answer, DIRECTOR).parts if p.name == "spreading")
    assert part.paths == [[memory_id(ANA, FILM)]]
    assert part.contribution == pytest.approx(part.weight * part.z)
    assert 0.0 < part.value < 1.0
    assert "associated" in of(answer, DIRECTOR).why


async def test_the_best_direct_hit_stays_the_best_and_its_score_too() -> None:
    on = await cinema()
    plain = await ask(on, without=["spreading"])
    answer = await ask(on)
    assert answer.recalled[0].memory.id == plain.recalled[0].memory.id
    assert answer.recalled[0].score == plain.recalled[0].score


async def test_a_subject_that_the_cue_names_counts() -> None:
    on = await cinema()
    parts = {p.name: p for p in (await ask(on, explain=True)).recalled[0].parts}
    assert parts["mention"].value == pytest.approx(1.0, abs=0.3)
    assert parts["mention"].contribution > 0.0
    off = (await ask(on, explain=True, without=["mention"])).recalled[0].parts
    assert "mention" not in {p.name for p in off}


async def test_what_joins_must_satisfy_the_same_filters() -> None:
    on = await cinema()
    only = CueFilter(subjects=[FILM])
    assert keys(await ask(on, filter=only)) == [FILM]
    strict = EpisodeFilter(ids=["another episode"], mode=FilterMode.STRICT)
    assert keys(await ask(on, episode=strict)) == []


async def test_an_association_to_what_was_erased_is_not_followed() -> None:
    on = await cinema()
    await on.take(Forget(mind=ANA, memory_ids=[memory_id(ANA, DIRECTOR)]))
    found = (await on.stores.memories.get(ANA, [memory_id(ANA, FILM)]))[memory_id(ANA, FILM)]
    assert memory_id(ANA, DIRECTOR) in {a.target_id for a in found.associations}
    assert DIRECTOR not in keys(await ask(on, limit=50))


async def test_an_association_to_what_was_archived_is_not_followed() -> None:
    on = await cinema()
    gone = memory_id(ANA, DIRECTOR)
    traces = await on.stores.memories.get_traces(ANA, [gone])
    await on.stores.archive.deposit(list(traces.values()), reason="decay", at=on.clock.now(), epoch=on.epoch)
    await on.stores.memories.erase(ANA, [gone])
    on.engine.minds.facts.drop(ANA, [gone])
    assert DIRECTOR not in keys(await ask(on, limit=50))


@pytest.mark.parametrize("weight", [7, "NaN", -3, None])
async def test_a_weight_spoiled_by_hand_neither_breaks_nor_rules(weight: object) -> None:
    on = await cinema()
    raw = {"target_id": memory_id(ANA, DIRECTOR), "weight": weight, "type": "semantic"}
    await on.stores.backend.set_payload("memories", [memory_id(ANA, FILM)], {"associations": [raw]})
    on.engine.minds.facts.clear()
    answer = await ask(on, limit=3)
    assert keys(answer)[0] == FILM
    assert all(0.0 <= r.score <= 1.0 for r in answer.recalled)


@pytest.mark.parametrize("target", ["not an id", "", 7, None])
async def test_a_target_spoiled_by_hand_leads_nowhere(target: object) -> None:
    on = await cinema()
    rows: list[object] = [
        {"target_id": target, "weight": 1.0, "type": "semantic"},
        {"target_id": memory_id(ANA, DIRECTOR), "weight": 1.0, "type": "semantic"},
    ]
    await on.stores.backend.set_payload("memories", [memory_id(ANA, FILM)], {"associations": rows})
    on.engine.minds.facts.clear()
    assert keys(await ask(on, limit=2)) == [FILM, DIRECTOR]


async def test_a_cycle_of_associations_ends() -> None:
    on = await cinema(depth=3)
    film, director = memory_id(ANA, FILM), memory_id(ANA, DIRECTOR)
    back = Association(target_id=film, weight=1.0, type=AssociationType.SEMANTIC)
    assert await on.stores.associations.write(ANA, {director: (0, [back])}, epoch=on.epoch)
    on.engine.minds.facts.clear()
    assert keys(await ask(on, limit=2)) == [FILM, DIRECTOR]


class Looked(tuple[Association, ...]):
    """An array of associations that counts how many of them are looked at."""

    edges = 0

    def __iter__(self) -> Iterator[Association]:
        Looked.edges += len(self)
        return super().__iter__()


@dataclass
class Cost:
    """What a cue that meets a hub costs and brings back."""

    calls: list[str]
    edges: int
    answer: Recollection


_MET: dict[int, Cost] = {}


async def met(crowd: int) -> Cost:
    """A hub that so many memories are part of, and a cue that finds some of these; each made once."""
    if crowd not in _MET:
        _MET[crowd] = await _meeting(crowd)
    return _MET[crowd]


async def _meeting(crowd: int) -> Cost:
    on = await bench(options=UNBOUND)
    relation = Relation(type=AssociationType.PART_OF, target="hub", weight=1.0)
    await on.say("All things end here.", key="hub", vector=vector(700))
    for start in range(0, crowd, 500):
        await on.take(
            *(
                Percept(
                    mind=ANA,
                    key=f"f{n}",
                    content=f"A film about a ferry, take {n}.",
                    vector=vector(n % 600, 600 + n // 600),
                    relations=[relation],
                )
                for n in range(start, min(crowd, start + 500))
            )
        )
    facts = on.engine.minds.facts
    known = facts.of(ANA)
    counting = {i: replace(f, associations=Looked(f.associations)) for i, f in known.items()}
    facts.add(ANA, counting, since=facts.changes)
    calls: list[str] = []

    async def noting(verb: str, collection: str) -> None:
        calls.append(f"{verb} {collection}")

    on.backend.gate = noting
    Looked.edges = 0
    answer = await on.recall("a film about a ferry, take 3", vector=vector(3, 600), limit=60, explain=True)
    return Cost(calls, Looked.edges, answer)


async def test_a_hub_of_ten_thousand_associations_costs_a_cue_what_one_of_three_hundred_does() -> None:
    """Each of the crowd holds one: as many are looked at as there are memories that lend activation."""
    few, many = await met(300), await met(10_000)
    assert many.calls == few.calls
    assert 0 < many.edges <= SOURCES


@pytest.mark.parametrize("crowd", [60, 10_000])
async def test_a_hub_does_not_take_over(crowd: int) -> None:
    answer = (await met(crowd)).answer
    place = keys(answer).index("hub")
    assert place > 0
    assert of(answer, "hub").score < answer.recalled[0].score
    part = next(p for p in of(answer, "hub").parts if p.name == "spreading")
    assert part.value <= 0.5
    assert all(memory_id(ANA, "hub") not in path for path in part.paths)


async def test_what_everybody_names_does_not_take_over() -> None:
    """Sixty of two hundred name one subject: it comes after the one that answers, and lends nothing on."""
    on = await bench(options=UNBOUND)
    ferry = "Blue Star Ferries"
    await on.say("Founded long ago in a small harbour town.", key="hub", subject=ferry)
    words = [f"word{n}" for n in range(300)]
    for n in range(200):
        said = " ".join(words[(n * 7 + k * 31) % 300] for k in range(6))
        named = f"Passenger number{n} of {ferry} drank {said}." if n < 60 else f"Nobody drank {said}."
        await on.say(named, key=f"c{n}")
    await linked(on)
    for n in range(0, 60, 12):
        answer = await on.recall(f"What did passenger number{n} drink?", limit=50, explain=True)
        assert keys(answer)[0] == f"c{n}"
        part = next(p for p in of(answer, "hub").parts if p.name == "spreading")
        assert 0.0 < part.value <= MENTION_GATE.reach
        assert of(answer, "hub").score < answer.recalled[0].score
        others = (p for r in answer.recalled for p in r.parts if p.name == "spreading")
        assert all(memory_id(ANA, "hub") not in path for p in others for path in p.paths)


async def test_order_in_time_does_not_spread() -> None:
    on = await cinema()
    late = Association(target_id=memory_id(ANA, "n3"), weight=1.0, type=AssociationType.TEMPORAL)
    used = Association(
        target_id=memory_id(ANA, "n4"), weight=1.0, type=LEARNED, last_coactivated=on.clock.now()
    )
    film = memory_id(ANA, FILM)
    read = (await on.stores.associations.read(ANA, [film]))[film]
    assert await on.stores.associations.write(ANA, {film: (read.rev, [late, used])}, epoch=on.epoch)
    on.engine.minds.facts.clear()
    found = keys(await ask(on, limit=3))
    assert "n4" in found
    assert "n3" not in found


async def test_depth_nought_switches_spreading_off() -> None:
    on = await cinema(depth=0)
    assert DIRECTOR not in keys(await ask(on, limit=20, without=["working_memory"]))


async def test_a_mind_without_associations_pays_nothing() -> None:
    on = await bench()
    await on.take(*(Percept(mind=ANA, content=f"tea number {n}") for n in range(5)))
    calls: list[str] = []

    async def noting(verb: str, collection: str) -> None:
        calls.append(f"{verb} {collection}")

    on.backend.gate = noting
    await on.recall("tea number 3")
    with_all, calls = calls, []
    await on.recall("tea number 3", without=["spreading", "mention"])
    assert with_all == calls


async def test_what_joins_costs_one_call_more() -> None:
    on = await cinema()
    gathers = 0

    async def counting(verb: str, _: str) -> None:
        nonlocal gathers
        gathers += verb == "query"

    await ask(on, without=["working_memory"])
    on.backend.gate = counting
    await ask(on, without=["working_memory", "spreading"])
    plain, gathers = gathers, 0
    await ask(on, without=["working_memory"])
    assert plain < gathers <= 2 * plain


async def test_what_felt_alike_and_was_surrounded_alike_comes_more_easily() -> None:
    on = await bench()
    said = "we sat in the garden and spoke of the boat"
    glad = {"valence": 0.8, "arousal": 0.6, "context": {"place": "home"}}
    sad = {"valence": -0.8, "arousal": 0.6, "context": {"place": "office"}}
    await on.take(
        Percept(mind=ANA, key="glad", content=said + " one", vector=vector(1), **glad),
        Percept(mind=ANA, key="sad", content=said + " two", vector=vector(1), **sad),
    )
    cue = {"content": said, "vector": vector(1), "explain": True}
    for key, feeling, place in (("glad", 0.7, "home"), ("sad", -0.7, "office")):
        assert keys(await on.recall(mood=Mood(valence=feeling, arousal=0.6), **cue))[0] == key
        answer = await on.recall(context={"place": place}, **cue)
        assert keys(answer)[0] == key
        assert {p.name: p.value for p in answer.recalled[0].parts}["context_match"] == 1.0
    plain = {p.name for p in (await on.recall(**cue)).recalled[0].parts}
    assert plain.isdisjoint({"mood", "context_match"})
    off = await on.recall(
        mood=Mood(valence=0.7), context={"place": "home"}, without=["mood", "context_match"], **cue
    )
    assert {p.name for p in off.recalled[0].parts} == plain


async def test_an_explanation_shows_readiness_and_trust_without_weighing_them() -> None:
    on = await bench()
    await on.say("green tea", trust=0.5)
    parts = {p.name: p for p in (await on.recall("green tea", explain=True)).recalled[0].parts}
    shown = [parts[name] for name in ("base_level", "retrievability", "trust")]
    assert [part.value for part in shown] == [0.0, 1.0, 0.5]
    assert {part.contribution for part in shown} == {0.0}
    on.clock.advance(86_400.0)
    later = {p.name: p for p in (await on.recall("green tea", explain=True)).recalled[0].parts}
    assert later["base_level"].value == pytest.approx(-5.683, abs=0.001)
    assert 0.0 < later["retrievability"].value < 1.0


def test_what_was_learned_counts_for_less_after_every_cycle_and_nothing_else_does() -> None:
    learned = Association(target_id="b", weight=0.5, type=LEARNED, last_coactivated=100.0)
    told = Association(target_id="c", weight=0.5, type=AssociationType.CAUSES, given=True)
    mention = Association(target_id="d", weight=0.5, type=AssociationType.SEMANTIC)
    cycles = Downscaling((90.0, 200.0, 300.0))
    before = {e.target: e.weight for e in edges_of([learned, told, mention], 100.0)}
    after = {e.target: e.weight for e in edges_of([learned, told, mention], 100.0, cycles)}
    assert after["b"] == pytest.approx(before["b"] * CYCLE_FACTOR**2)
    assert (after["c"], after["d"]) == (before["c"], before["d"])
