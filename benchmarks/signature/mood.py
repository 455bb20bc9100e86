"""Mood congruence: what felt as one feels now comes more easily.

Glad people recall more glad things, sad people more sad ones (Bower 1981). Pairs of memories that are
alike but for their feeling are asked for in a glad mood, in a sad one, and in none.
"""

from __future__ import annotations

from typing import Any

from benchmarks.engine import Bench
from benchmarks.signature.materials import Curve, Materials, Vector, evidence_by_key, percept
from cognition.client import Mind
from schemas.cue import Mood

PAIRS = 32
UNLIKE = (0.4, 0.8)
"""How far the two of a pair lie from what is asked, by chance: likeness alone favours either."""
FEELING = {"glad": 0.7, "sad": -0.7}
MOODS: dict[str, Mood | None] = {
    "sad": Mood(valence=-0.7, arousal=0.6),
    "none": None,
    "glad": Mood(valence=0.7, arousal=0.6),
}
MIND = "mood"


async def measure(bench: Bench, materials: Materials) -> Curve:
    """The share of pairs of which the glad one came first, by the mood of the cue."""
    mind = bench.session.mind(MIND)
    themes = [materials.vector() for _ in range(PAIRS)]
    percepts = [
        percept(
            mind,
            f"{number}/{feeling}",
            materials.words(3),
            materials.near(theme, materials.chance.uniform(*UNLIKE)),
            valence=valence,
            arousal=0.6,
        )
        for number, theme in enumerate(themes)
        for feeling, valence in FEELING.items()
    ]
    await bench.perceive_all(percepts, lambda _: None)
    glad = [await _glad_first(mind, themes, mood) for mood in MOODS.values()]
    sad, none, happy = glad
    return Curve(
        title="Mood congruence",
        x_label="mood of the cue (valence)",
        y_label="share of pairs whose glad memory comes first",
        x=[0.0 if mood is None else mood.valence for mood in MOODS.values()],
        series={"engine": glad},
        checks={
            "glad moods favour glad memories": happy > none,
            "sad moods favour sad memories": sad < none,
            "as far one way as the other": abs((happy - none) - (none - sad)) < 0.35,
            "likeness still counts: no mood decides alone": sad > 0.0 and happy < 1.0,
        },
        reference="Bower 1981",
    )


async def _glad_first(mind: Mind, themes: list[Vector], mood: Mood | None) -> float:
    first = 0
    for number, theme in enumerate(themes):
        asked: dict[str, Any] = {"vector": theme.tobytes(), "limit": 2 * PAIRS, "explain": True, "mood": mood}
        found = evidence_by_key(await mind.recall(without=["working_memory"], **asked))
        first += found[f"{number}/glad"] > found[f"{number}/sad"]
    return first / PAIRS
