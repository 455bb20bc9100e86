"""Event-boundary advantage: what stands at a boundary is remembered better than what goes on.

Objects on the screen as an event ends and another begins are recognised better later (Swallow, Zacks &
Abrams 2009; Heusser, Ezzyat, Shiff & Davachi 2018). Events here are runs of items about one theme, that
nothing marks; each theme follows another. Measured is the retrievability that the mind tells of each
item six days later, by its place in its event, and, beside it, how often a vague cue (one that has little
to do with it) brings it back first.
"""

from __future__ import annotations

import time

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, Vector, percept, unit
from cognition.client import Mind
from schemas.percept import Percept

EVENTS, ITEMS = 24, 6
SPREAD = 0.9
"""How far an item lies from the theme of its event: cosine .55 between two of them."""
NOISE, CUES = 8.0, 6
"""How far a cue lies from its item: about one in two comes first; how many cues each item has."""
AGE_S = 6 * 86_400.0
MIND = "boundary"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Themes one after another; what stands first in each is at a boundary that the meaning alone makes."""
    mind = bench.session.mind(MIND)
    began = time.time() - AGE_S
    vectors: dict[tuple[int, int], Vector] = {}
    percepts: list[Percept] = []
    for event in range(EVENTS):
        theme = materials.vector()
        for place in range(ITEMS):
            vectors[event, place] = vector = unit(theme + SPREAD * materials.vector())
            at = began + 10.0 * len(percepts)
            text = materials.words(3)
            percepts.append(percept(mind, f"{event}/{place}", text, vector, begins=False, occurred_at=at))
    await bench.perceive_all(percepts, lambda _: None)
    scored = [key for key in vectors if key[0]]
    told = {key: await _retrievability(mind, key) for key in scored}
    found = {key: await _found(mind, key, vectors[key], materials) for key in scored}
    return _curve(_by_place(told), _by_place(found))


def _curve(told: list[float], found: list[float]) -> Curve:
    inside, going_on = told[1:-1], sum(found[1:]) / (ITEMS - 1)
    better = "more" if found[0] > going_on else "less"
    return Curve(
        title="Event-boundary advantage",
        x_label="place in the event (0: the first after the boundary)",
        y_label="relative to what goes on (= 1)",
        x=[float(place) for place in range(ITEMS)],
        series={
            "retrievability after six days": _relative(told),
            "how often a vague cue finds it": _relative(found),
        },
        checks={
            "what opens an event is kept better than all that goes on": told[0] > max(told[1:]),
            "by more than those inside differ": told[0] - max(inside) > max(inside) - min(inside),
        },
        reference="Swallow, Zacks & Abrams 2009; Heusser et al. 2018",
        notes=[
            f"what opens an event is found by a vague cue {better} often than what goes on: "
            f"{found[0]:.2f}, {going_on:.2f}",
            f"retrievability: opens {told[0]:.3f}, goes on {max(inside):.3f} at most, ends {told[-1]:.3f}",
        ],
    )


def _relative(values: list[float]) -> list[float]:
    inside = sum(values[1:]) / (ITEMS - 1)
    return [value / inside for value in values]


async def _retrievability(mind: Mind, key: tuple[int, int]) -> float:
    return (await mind.memory(key=f"{key[0]}/{key[1]}")).retrievability


async def _found(mind: Mind, key: tuple[int, int], vector: Vector, materials: Materials) -> float:
    """The share of vague cues that bring this item back before all others."""
    first = 0
    for _ in range(CUES):
        cue = materials.near(vector, NOISE)
        answer = await mind.recall(vector=cue.tobytes(), limit=1, without=["working_memory"])
        first += bool(answer.recalled) and answer.recalled[0].memory.key == f"{key[0]}/{key[1]}"
    return first / CUES


def _by_place(values: dict[tuple[int, int], float]) -> list[float]:
    rows: list[list[float]] = [[] for _ in range(ITEMS)]
    for (_, place), value in values.items():
        rows[place].append(value)
    return [sum(row) / len(row) for row in rows]
