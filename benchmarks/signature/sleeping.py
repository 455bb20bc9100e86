"""Gain from sleep: what was learned apart is known together after a night.

People see after sleep, and not after as long awake, how things relate that they learned apart (Ellenbogen et
al. 2007). Items are about a subject each and name the subject of another; the cue asks in the words of the
first, the answer is the second. Associations form in sleep alone here.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.engine import ANSWERED_WITHIN_S, Bench
from benchmarks.night import slept_to_the_end
from benchmarks.signature.materials import Curve, Materials, Vector, percept
from cognition.client import Mind
from schemas.sleeping import SleepAnswer, SleepInquiry

SETTINGS = ("sleep.while_awake=false", "sleep.enabled=false")
"""Nothing is linked while awake, and nobody falls asleep unless asked to."""

PAIRS, OTHERS = 24, 96
NIGHTS = (0, 1, 2)
CYCLES = 2
DEPTH = 5
MIND = "sleeping"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two items of which the first names what the second is about."""

    asked: str
    idea: Vector
    near: str
    far: str


async def measure(bench: Bench, materials: Materials) -> Curve:
    """How often each of a pair is among the first, after each number of nights."""
    mind = bench.session.mind(MIND)
    pairs = await _learn(bench, mind, materials)
    near, far = [await _found(mind, pairs, "near")], [await _found(mind, pairs, "far")]
    for night in NIGHTS[1:]:
        await _sleep(bench, f"night {night}")
        near.append(await _found(mind, pairs, "near"))
        far.append(await _found(mind, pairs, "far"))
    return Curve(
        title="Gain from sleep",
        x_label="nights",
        y_label=f"share among the first {DEPTH}",
        x=[float(n) for n in NIGHTS],
        series={"one step away": far, "asked for itself": near},
        checks={
            "a night brings together what was learned apart": far[1] > far[0] + 0.5,
            "a second night takes nothing of it": far[2] >= far[1],
            "what is asked for itself is found as before": all(n >= near[0] for n in near),
        },
        reference="Ellenbogen et al. 2007",
    )


async def _learn(bench: Bench, mind: Mind, materials: Materials) -> list[Pair]:
    """Pairs among items that have to do with nothing, all far from each other in meaning."""
    percepts, pairs = [], []
    for n in range(PAIRS):
        subject, asked = materials.words(2), materials.words(2)
        vector = materials.vector()
        first, second = f"{n}/near", f"{n}/far"
        text = f"{asked} {subject}"
        percepts.append(percept(mind, first, text, vector, subject=materials.words(2)))
        about = f"{subject} {materials.words(3)}"
        percepts.append(percept(mind, second, about, materials.vector(), subject=subject))
        pairs.append(Pair(asked, materials.near(vector, 0.3), first, second))
    for n in range(OTHERS):
        subject = materials.words(2)
        text = f"{subject} {materials.words(3)}"
        percepts.append(percept(mind, f"other/{n}", text, materials.vector(), subject=subject))
    order = materials.chance.permutation(len(percepts))
    await bench.perceive_all([percepts[n] for n in order], lambda _: None)
    return pairs


async def _sleep(bench: Bench, night: str) -> None:
    daemon = bench.session.daemon
    assert daemon is not None, "a benchmark runs the engine in its own process"
    begun = await daemon.answering.answer(SleepInquiry(id=night, mind=MIND, cycles=CYCLES))
    assert isinstance(begun, SleepAnswer), f"{MIND} cannot sleep: {begun}"
    await slept_to_the_end(daemon, begun.report)


async def _found(mind: Mind, pairs: list[Pair], which: str) -> float:
    hits = 0
    for pair in pairs:
        answer = await mind.recall(
            pair.asked,
            vector=pair.idea.tobytes(),
            limit=DEPTH,
            without=["working_memory"],
            deadline_s=ANSWERED_WITHIN_S,
        )
        hits += getattr(pair, which) in {recalled.memory.key for recalled in answer.recalled}
    return hits / len(pairs)
