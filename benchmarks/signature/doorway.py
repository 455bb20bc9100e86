"""Doorway effect: recall across an event boundary is harder, and no more than harder.

Who walks through a door knows less of what was on the other side than who walks as far within one room
(Radvansky & Copeland 2006); cued with a sentence, people recall the one before it less often where an
event ended between the two (Ezzyat & Davachi 2011). A study of 2021 found no doorway effect, so it may not
be strong (McFadyen et al. 2021). Here each room is an event by its place alone. The item held now is the
cue; what it makes likely of what lies one, two or three steps back is given by Luce's choice, apart for
steps within the room and through the door. And how much of what was at hand still is after the door.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, Vector, evidence_by_key, percept
from cognition.client import Mind
from schemas.percept import Percept

ROOMS, ITEMS = 10, 7
STEPS = (1, 2, 3)
MIND, WALKER = "doorway", "doorway-walker"
OFF = ["working_memory"]
"""It holds the last room alone; what it keeps at a door is measured by itself."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that was seen in a room."""

    room: int
    place: int
    text: str
    vector: Vector

    @property
    def key(self) -> str:
        return f"{self.room}/{self.place}"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """A walk through rooms of unrelated things, then each thing cues those before it."""
    mind = bench.session.mind(MIND)
    things = [
        Thing(room, place, materials.words(2), materials.vector())
        for room in range(ROOMS)
        for place in range(ITEMS)
    ]
    await bench.perceive_all([_seen(mind, each) for each in things], lambda _: None)
    inside: defaultdict[int, list[float]] = defaultdict(list)
    across: defaultdict[int, list[float]] = defaultdict(list)
    itself = 0
    for at, cue in enumerate(things):
        likely = await _likely(mind, cue)
        itself += max(likely, key=likely.__getitem__) == cue.key
        for step in STEPS:
            if at >= step:
                before = things[at - step]
                others = {key: p for key, p in likely.items() if key != cue.key}
                share = others.get(before.key, 0.0) / sum(others.values())
                (inside if before.room == cue.room else across)[step].append(share)
    stayed, left = await _at_hand(bench, materials)
    return _curve(_means(inside), _means(across), itself / len(things), stayed, left)


def _curve(inside: list[float], across: list[float], itself: float, stayed: int, left: int) -> Curve:
    pairs = list(zip(inside, across, strict=True))
    return Curve(
        title="Doorway effect",
        x_label="steps back",
        y_label="probability that it comes to mind",
        x=[float(step) for step in STEPS],
        series={"in the same room": inside, "through a door": across},
        checks={
            "harder through a door, at every distance": all(far < near for near, far in pairs),
            "soft: it can still come": all(far > 0.0 for far in across),
            f"soft: asked for itself, what lies behind doors comes first ({itself:.2f})": itself > 0.95,
            f"at hand after a door {left}, after as many steps without {stayed}": 0 < left < stayed,
        },
        reference="Radvansky & Copeland 2006; Ezzyat & Davachi 2011",
    )


async def _likely(mind: Mind, cue: Thing) -> dict[str, float]:
    """exp of the evidence of everything that this thing brings to mind."""
    answer = await mind.recall(
        cue.text, vector=cue.vector.tobytes(), limit=ROOMS * ITEMS, explain=True, without=OFF
    )
    return {key: math.exp(e) for key, e in evidence_by_key(answer).items()}


async def _at_hand(bench: Bench, materials: Materials) -> tuple[int, int]:
    """Of the things seen so far, how many are active one step further in the same room, and one step
    further through a door."""
    counts = []
    for name, last in ((f"{WALKER}-stays", 0), (f"{WALKER}-leaves", 1)):
        mind = bench.session.mind(name)
        things = [Thing(0, place, materials.words(2), materials.vector()) for place in range(ITEMS - 1)]
        things.append(Thing(last, ITEMS - 1, materials.words(2), materials.vector()))
        await bench.perceive_all([_seen(mind, each) for each in things], lambda _: None)
        before = {each.text for each in things[:-1]}
        counts.append(sum(memory.content in before for memory in (await mind.recent()).memories))
    return counts[0], counts[1]


def _seen(mind: Mind, thing: Thing) -> Percept:
    place = {"place": f"room {thing.room}"}
    return percept(mind, thing.key, thing.text, thing.vector, begins=False, context=place)


def _means(found: dict[int, list[float]]) -> list[float]:
    return [sum(found[step]) / len(found[step]) for step in STEPS]
