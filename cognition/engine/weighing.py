"""Weighing: what speaks for each candidate of a cue, on one scale, and the reasons in words.

Takes exact scores that were already fetched; asks no store. The formula is `mechanisms.ranking`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cognition.engine.mind import Mind
from cognition.mechanisms import ranking
from cognition.ports.stores import Probe, Scored
from schemas.cue import Cue, EpisodeFilter, FilterMode
from schemas.recollection import ScorePart

DENSE, LEXICAL, EPISODE, WORKING_MEMORY = "dense", "lexical", "episode", "working_memory"
MECHANISMS = frozenset({DENSE, LEXICAL, EPISODE, WORKING_MEMORY})
"""What a cue may switch off by name (`Cue.without`)."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate with its evidence: the sum, the score in 0..1, and the parts."""

    memory_id: str
    evidence: float
    score: float
    parts: tuple[ScorePart, ...]


def rank(cue: Cue, mind: Mind, probe: Probe, scored: Sequence[Scored], *, dense_share: float) -> list[Ranked]:
    """The candidates, best first; equals in the order of their ids."""
    if not scored:
        return []
    mean = float(probe.vector @ mind.lexicon.mean_vector)
    dense = ranking.dense_z(np.array([s.dense for s in scored]), mean)
    lexical_mean, lexical_sd = mind.lexicon.lexical_moments(probe.terms)
    lexical = ranking.lexical_z(np.array([s.lexical for s in scored]), lexical_mean, lexical_sd)
    share = _share(cue, dense_share)
    preferred = preferred_episodes(cue, mind)
    rows = []
    for candidate, d, x in zip(scored, dense.tolist(), lexical.tolist(), strict=True):
        parts = [
            ranking.part(DENSE, candidate.dense, d, share),
            ranking.part(LEXICAL, candidate.lexical, x, 1.0 - share),
        ]
        if preferred and cue.episode is not None:
            same = candidate.episode_id in preferred
            parts.append(ranking.factor(EPISODE, float(same), 1.0 if same else cue.episode.factor))
        rows.append(Ranked(candidate.memory_id, ranking.evidence(parts), ranking.score(parts), tuple(parts)))
    return sorted(rows, key=lambda r: (-r.score, -r.evidence, r.memory_id))


def _share(cue: Cue, dense_share: float) -> float:
    """Weight of the dense z-score; with one kind of evidence off, the other counts alone."""
    if DENSE in cue.without:
        return 0.0
    return 1.0 if LEXICAL in cue.without or not cue.content.strip() else dense_share


def prefers(cue: Cue) -> bool:
    """Whether a soft episode filter acts."""
    return cue.episode is not None and cue.episode.mode is FilterMode.SOFT and EPISODE not in cue.without


def preferred_episodes(cue: Cue, mind: Mind) -> tuple[str, ...]:
    """The episodes that a soft filter prefers; none where it means the open one and none is open."""
    return named_episodes(cue.episode, mind) if cue.episode is not None and prefers(cue) else ()


def named_episodes(wanted: EpisodeFilter, mind: Mind) -> tuple[str, ...]:
    """The episodes that a filter names; none named means the open one, if any."""
    if wanted.ids:
        return tuple(wanted.ids)
    return (mind.episode.id,) if mind.episode is not None else ()


def why(parts: Sequence[ScorePart], shared: Sequence[str]) -> str:
    """One line that a person reads: what spoke for this memory."""
    values: Mapping[str, ScorePart] = {p.name: p for p in parts}
    reasons = []
    if DENSE in values and values[DENSE].weight:
        reasons.append(f"meaning {values[DENSE].value:.2f}")
    if shared:
        reasons.append("words " + ", ".join(shared[:5]))
    if EPISODE in values and values[EPISODE].value:
        reasons.append("same episode")
    return "; ".join(reasons) or "nearest of what there is"
