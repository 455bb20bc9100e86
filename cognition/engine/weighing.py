"""Weighing: what speaks for each candidate of a cue, on one scale, and the reasons in words.

Takes exact scores that were already fetched; asks no store. The formula is `mechanisms.ranking`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cognition.engine.mind import Mind
from cognition.mechanisms import asking, ranking
from cognition.ports.stores import Probe, Scored
from schemas.cue import Cue, EpisodeFilter, FilterMode
from schemas.percept import seconds
from schemas.recollection import ScorePart

DENSE, LEXICAL, ACTOR, TIME, EPISODE_PRIOR = "dense", "lexical", "actor", "time", "episode_prior"
EPISODE, WORKING_MEMORY = "episode", "working_memory"
MECHANISMS = frozenset({DENSE, LEXICAL, ACTOR, TIME, EPISODE_PRIOR, EPISODE, WORKING_MEMORY})
"""What a cue may switch off by name (`Cue.without`)."""

NEAR = 0.5
"""Nearness to the named date from which it is given as a reason: within five days after it."""


class Kind(NamedTuple):
    """One kind of evidence for all candidates: raw values (n,), z-scores (n,), weight."""

    name: str
    values: ranking.Scores
    z: ranking.Scores
    weight: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate with its evidence: the sum, the score in 0..1, and the parts."""

    memory_id: str
    evidence: float
    score: float
    parts: tuple[ScorePart, ...]


def rank(
    cue: Cue, mind: Mind, probe: Probe, scored: Sequence[Scored], *, dense_share: float, now: float
) -> list[Ranked]:
    """The candidates, best first; equals in the order of their ids."""
    if not scored:
        return []
    kinds = [
        *_likeness(cue, mind, probe, scored, dense_share),
        *_meant_actors(cue, scored),
        *_meant_times(cue, scored, now),
    ]
    if EPISODE_PRIOR not in cue.without:
        sums = np.sum([kind.weight * kind.z for kind in kinds], axis=0)
        best, z = ranking.episode_prior(sums, [s.episode_id for s in scored])
        kinds.append(Kind(EPISODE_PRIOR, best, z, ranking.EPISODE_WEIGHT))
    rows = []
    for place, candidate in enumerate(scored):
        parts = [ranking.part(k.name, float(k.values[place]), float(k.z[place]), k.weight) for k in kinds]
        parts += _doorway(cue, mind, candidate)
        rows.append(Ranked(candidate.memory_id, ranking.evidence(parts), ranking.score(parts), tuple(parts)))
    return sorted(rows, key=lambda r: (-r.score, -r.evidence, r.memory_id))


def _likeness(
    cue: Cue, mind: Mind, probe: Probe, scored: Sequence[Scored], dense_share: float
) -> tuple[Kind, Kind]:
    """Both scores; with one of them off, the other counts alone."""
    share = dense_share
    if DENSE in cue.without:
        share = 0.0
    elif LEXICAL in cue.without or not cue.content.strip():
        share = 1.0
    cosine, shared = np.array([s.dense for s in scored]), np.array([s.lexical for s in scored])
    dense = ranking.dense_z(cosine, float(probe.vector @ mind.lexicon.mean_vector))
    lexical = ranking.lexical_z(shared, *mind.lexicon.lexical_moments(probe.terms))
    return Kind(DENSE, cosine, dense, share), Kind(LEXICAL, shared, lexical, 1.0 - share)


def _meant_actors(cue: Cue, scored: Sequence[Scored]) -> list[Kind]:
    """Whether the cue means a candidate's actor, among the actors of the candidates; absent where it
    means none."""
    if ACTOR in cue.without:
        return []
    named = asking.named_actors(cue.content, {s.actor for s in scored if s.actor})
    oneself = bool(cue.actor) and asking.speaks_first_person(cue.content)
    match = np.array([asking.actor_match(s.actor, named, cue.actor, oneself) for s in scored])
    return [Kind(ACTOR, match, match, ranking.ACTOR_WEIGHT)] if match.any() else []


def _meant_times(cue: Cue, scored: Sequence[Scored], now: float) -> list[Kind]:
    """How near each candidate lies to the date that the cue names; absent where it names none."""
    asked_at = seconds(cue.at) if cue.at is not None else now
    spans = () if TIME in cue.without else asking.dated(cue.content, asked_at)
    if not spans:
        return []
    near = np.array([asking.time_match(s.occurred_at, spans) for s in scored])
    return [Kind(TIME, near, near, ranking.TIME_WEIGHT)]


def _doorway(cue: Cue, mind: Mind, candidate: Scored) -> list[ScorePart]:
    """The factor of a soft episode filter."""
    preferred = preferred_episodes(cue, mind)
    if cue.episode is None or not preferred:
        return []
    same = candidate.episode_id in preferred
    return [ranking.factor(EPISODE, float(same), 1.0 if same else cue.episode.factor)]


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
    if ACTOR in values and values[ACTOR].value:
        reasons.append("whom the cue means")
    if TIME in values and values[TIME].value >= NEAR:
        reasons.append("near the date")
    if EPISODE in values and values[EPISODE].value:
        reasons.append("same episode")
    return "; ".join(reasons) or "nearest of what there is"
