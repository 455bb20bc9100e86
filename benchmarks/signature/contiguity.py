"""Temporal contiguity: what was perceived next comes next to mind, and forward more than backward.

People who recall lists in any order go from an item to one that stood beside it (Kahana 1996). Here each
item of a list is the cue; what it makes likely among the others of its list is given by Luce's choice
over the evidence, P(j) = exp(e_j) / sum exp(e_k), averaged by lag: a conditional response probability.
"""

from __future__ import annotations

import math
from collections import defaultdict

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, evidence_by_key, falls, percept

LISTS, ITEMS, LAGS = 12, 10, 4
MIND = "contiguity"
OFF = ["working_memory"]
"""It would favour the last list, which is another effect (recency)."""


async def measure(bench: Bench, materials: Materials) -> Curve:
    """Lists of unrelated items, each list an episode; each item cues the others of its list."""
    mind = bench.session.mind(MIND)
    items = {
        (row, place): (materials.words(2), materials.vector())
        for row in range(LISTS)
        for place in range(ITEMS)
    }
    await bench.perceive_all(
        [
            percept(mind, _key(row, place), text, vector, begins=place == 0)
            for (row, place), (text, vector) in items.items()
        ],
        _quiet,
    )
    likely: defaultdict[int, list[float]] = defaultdict(list)
    for (row, place), (text, vector) in items.items():
        answer = await mind.recall(
            text, vector=vector.tobytes(), limit=LISTS * ITEMS, explain=True, without=OFF
        )
        found = evidence_by_key(answer)
        raw = {other - place: found.get(_key(row, other), 0.0) for other in range(ITEMS) if other != place}
        whole = sum(math.exp(e) for e in raw.values())
        for lag, e in raw.items():
            likely[lag].append(math.exp(e) / whole)
    return _curve({lag: sum(likely[lag]) / len(likely[lag]) for lag in range(-LAGS, LAGS + 1) if lag})


def _curve(crp: dict[int, float]) -> Curve:
    far = (crp[LAGS] + crp[-LAGS]) / 2
    return Curve(
        title="Temporal contiguity (lag-CRP)",
        x_label="lag",
        y_label="conditional response probability",
        x=[float(lag) for lag in crp],
        series={"engine": list(crp.values())},
        checks={
            "forward more than backward": crp[1] > crp[-1],
            "the next item more than one far off": crp[1] > 1.5 * far,
            "the item before more than one far off": crp[-1] > 1.2 * far,
            "falls with lag, forward": falls([crp[1], crp[2], crp[3]]),
            "falls with lag, backward": falls([crp[-1], crp[-2], crp[-3]]),
        },
        reference="Kahana 1996; Howard & Kahana 2002",
    )


def _key(row: int, place: int) -> str:
    return f"{row}/{place}"


def _quiet(_: int) -> None:
    """Nobody waits for so few."""
