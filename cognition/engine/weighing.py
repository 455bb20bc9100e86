"""Weighing: what speaks for each candidate of a cue, on one scale, and the reasons in words.

Takes exact scores that were already fetched; asks no store. The formula is `mechanisms.ranking`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cognition.engine.meaning import Meant
from cognition.engine.mind import Mind
from cognition.mechanisms import asking, dates, ranking
from cognition.mechanisms.plasticity import UNUSED_WEIGHT, faded, route_gain
from cognition.mechanisms.superseding import DEMOTION, holds
from cognition.ports.stores import Facts, Probe
from schemas.cue import Cue, EpisodeFilter, FilterMode
from schemas.percept import seconds
from schemas.recollection import ScorePart

DENSE, LEXICAL, ACTOR, TIME, EPISODE_PRIOR = "dense", "lexical", "actor", "time", "episode_prior"
EPISODE, WORKING_MEMORY, MENTION, SPREADING = "episode", "working_memory", "mention", "spreading"
ROUTES, UNUSED = "routes", "unused"
MOOD, CONTEXT_MATCH = "mood", "context_match"
SUPERSEDED = "superseded"
MECHANISMS = frozenset(
    {DENSE, LEXICAL, ACTOR, TIME, EPISODE_PRIOR, EPISODE, WORKING_MEMORY, ROUTES, MENTION, SPREADING}
    | {MOOD, CONTEXT_MATCH, SUPERSEDED}
)
"""What a cue may switch off by name (`Cue.without`)."""

NEAR = 0.5
"""Nearness to the named date from which it is given as a reason: within five days after it."""


class Kind(NamedTuple):
    """One kind of evidence for all candidates: raw values (n,), z-scores (n,), weight; and for what
    came by association (n,) the paths."""

    name: str
    values: ranking.Scores
    z: ranking.Scores
    weight: float
    paths: Sequence[tuple[tuple[str, ...], ...]] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """What was found for a cue: (n,) ids, exact scores and facts, in the same order; `named` says how
    clearly the cue names what each is about, where that was looked at."""

    ids: Sequence[str]
    dense: ranking.Scores
    lexical: ranking.Scores
    facts: Sequence[Facts]
    named: ranking.Scores | None = None

    def joined(self, others: Candidates) -> Candidates:
        """These and others that were found later."""
        named = [found.named for found in (self, others) if found.named is not None]
        return Candidates(
            ids=[*self.ids, *others.ids],
            dense=np.concatenate((self.dense, others.dense)),
            lexical=np.concatenate((self.lexical, others.lexical)),
            facts=[*self.facts, *others.facts],
            named=np.concatenate(named) if len(named) == 2 else None,
        )


class Ranking:
    """All candidates of one cue, weighed: their order, and the parts of any of them on request.

    Attributes
    ----------
    order : places of the candidates, best first; equals in the order of their ids.
    """

    def __init__(self, found: Candidates, kinds: Sequence[Kind], factors: ranking.Scores | None) -> None:
        self._found = found
        self._kinds = kinds
        self._factors = factors
        self._listed: list[tuple[str, list[float], list[float], float]] | None = None
        self._total = _sum(kinds)
        score = ranking.squashed(self._total)
        self._score: ranking.Scores = score if factors is None else score * factors
        self.order = _best_first(self._score, self._total, found.ids)

    def __len__(self) -> int:
        return len(self.order)

    def evidence(self) -> dict[str, float]:
        """The sum of each candidate's evidence."""
        return dict(zip(self._found.ids, self._total.tolist(), strict=True))

    def facts(self) -> dict[str, Facts]:
        """What is known of each candidate."""
        return dict(zip(self._found.ids, self._found.facts, strict=True))

    def with_kind(self, kind: Kind) -> Ranking:
        """The same with one more kind of evidence."""
        return Ranking(self._found, [*self._kinds, kind], self._factors)

    def values(self, name: str) -> dict[str, float]:
        """Each candidate's raw value of one kind of evidence; 0 where that kind did not act."""
        found = next((kind.values for kind in self._kinds if kind.name == name), np.zeros(len(self)))
        return dict(zip(self._found.ids, found.tolist(), strict=True))

    def swayed(self, count: int) -> frozenset[str]:
        """The kinds without any one of which the first `count` would be others, or in another order."""
        first = _first(self._total, self._factors, count)
        acted = set()
        for kind in self._kinds:
            if kind.weight and _first(self._without(kind), self._factors, count) != first:
                acted.add(ROUTES if kind.name == UNUSED else kind.name)
        if self._factors is not None and _first(self._total, None, count) != first:
            acted.add(EPISODE)
        return frozenset(acted)

    def _without(self, kind: Kind) -> ranking.Scores:
        """The sum of the evidence but for one kind; the episode prior is about what is left."""
        rest = [other for other in self._kinds if other is not kind]
        prior = next((other for other in rest if other.name == EPISODE_PRIOR), None)
        if prior is not None and kind.name != SPREADING:
            rest = [other for other in rest if other is not prior]
            direct = [other.weight * other.z for other in rest if other.name != SPREADING]
            episodes = [facts.episode_id for facts in self._found.facts]
            best, z = ranking.episode_prior(np.sum(direct, axis=0), episodes)
            rest.append(Kind(EPISODE_PRIOR, best, z, prior.weight))
        return _sum(rest)

    def best(self, count: int) -> list[Ranked]:
        """The first of them."""
        return [
            Ranked(self._found.ids[place], float(self._score[place]), place) for place in self.order[:count]
        ]

    def parts(self, ranked: Ranked) -> list[ScorePart]:
        """What the score of one of them is made of."""
        place = ranked.place
        parts = [
            ranking.part(
                k.name,
                float(k.values[place]),
                float(k.z[place]),
                k.weight,
                k.paths[place] if k.paths else (),
            )
            for k in self._kinds
        ]
        if self._factors is not None:
            times = float(self._factors[place])
            parts.append(ranking.factor(EPISODE, float(times == 1.0), times))
        return parts

    def why(self, ranked: Ranked, shared: Sequence[str]) -> str:
        """One line that a person reads: what spoke for this memory."""
        place = ranked.place
        if self._listed is None:
            self._listed = [(k.name, k.values.tolist(), k.z.tolist(), k.weight) for k in self._kinds]
        spoke = {name: (values[place], z[place]) for name, values, z, _ in self._listed if values[place]}
        reasons = [
            f"meaning {v[place]:.2f}" for name, v, _, weight in self._listed if name == DENSE and weight
        ]
        if shared:
            reasons.append("words " + ", ".join(shared[:5]))
        if ACTOR in spoke:
            reasons.append("whom the cue means")
        if TIME in spoke and spoke[TIME][0] >= NEAR:
            reasons.append("near the date")
        if self._factors is not None and self._factors[place] == 1.0:
            reasons.append("same episode")
        if MENTION in spoke:
            reasons.append("what the cue names")
        if SPREADING in spoke and spoke[SPREADING][1]:
            reasons.append("associated with what was found")
        if SUPERSEDED in spoke:
            reasons.append("superseded since")
        return "; ".join(reasons) or "nearest of what there is"


class Ranked(NamedTuple):
    """One candidate with its score in 0..1, and its place among the candidates."""

    memory_id: str
    score: float
    place: int


def _sum(kinds: Sequence[Kind]) -> ranking.Scores:
    """The evidence of all kinds for each candidate (n,), at least of one kind."""
    total = kinds[0].weight * kinds[0].z
    for kind in kinds[1:]:
        total = total + kind.weight * kind.z
    return total


def _best_first(score: ranking.Scores, total: ranking.Scores, ids: Sequence[str]) -> list[int]:
    """The places by score; equals by evidence (a score may round to 1), then in the order of their ids."""
    order = np.argsort(-score)
    ordered = score[order]
    if (ordered[1:] < ordered[:-1]).all():
        places: list[int] = order.tolist()
        return places
    rows = sorted(zip((-score).tolist(), (-total).tolist(), ids, range(len(ids)), strict=True))
    return [row[-1] for row in rows]


def _first(total: ranking.Scores, factors: ranking.Scores | None, count: int) -> list[int]:
    """The places of the first `count` by this evidence; equals as they come, every time the same."""
    score = total if factors is None else ranking.squashed(total) * factors
    first: list[int] = np.argsort(-score, kind="stable")[:count].tolist()
    return first


def rank(
    cue: Cue,
    mind: Mind,
    probe: Probe,
    found: Candidates,
    meaning: Meant,
    *,
    lexical_weight: float,
    now: float,
) -> Ranking:
    """The candidates, weighed as of `now`."""
    mean, sd = mind.lexicon.lexical_moments(probe.terms)
    dense = ranking.dense_z(found.dense, float(probe.vector @ mind.lexicon.mean_vector))
    lexical = ranking.lexical_z(found.lexical, mean, sd)
    kinds = [
        Kind(DENSE, found.dense, dense, 0.0 if DENSE in cue.without else 1.0),
        Kind(LEXICAL, found.lexical, lexical, 0.0 if LEXICAL in cue.without else lexical_weight),
        *_learned(cue, probe, found, sd, lexical_weight, now),
        *_meant_actors(cue, found, meaning),
        *_meant_times(cue, found, meaning),
        *_stated(cue, found),
    ]
    kinds += _named_subjects(cue, found, kinds)
    if EPISODE_PRIOR not in cue.without:
        best, z = ranking.episode_prior(_sum(kinds), [f.episode_id for f in found.facts])
        kinds.append(Kind(EPISODE_PRIOR, best, z, ranking.EPISODE_WEIGHT))
    kinds += _outdated(cue, found)
    return Ranking(found, kinds, _doorway(cue, mind, found))


def _learned(
    cue: Cue, probe: Probe, found: Candidates, sd: float, lexical_weight: float, now: float
) -> list[Kind]:
    """What the words of cues have taught of the candidates; absent where nothing was reported of them."""
    if ROUTES in cue.without or not any(f.routes or f.unused for f in found.facts):
        return []
    kept = [faded(now - f.learned_at) for f in found.facts]
    gain = np.array([route_gain(f.routes, probe.terms, k) for f, k in zip(found.facts, kept, strict=True)])
    vain = np.array([f.unused * k for f, k in zip(found.facts, kept, strict=True)])
    return [
        Kind(ROUTES, gain, gain / sd, lexical_weight),
        Kind(UNUSED, vain, -np.log1p(vain), UNUSED_WEIGHT),
    ]


def _meant_actors(cue: Cue, found: Candidates, meaning: Meant) -> list[Kind]:
    """Whether the cue means a candidate's actor, among the actors of the candidates; absent where it
    means none."""
    if ACTOR in cue.without:
        return []
    actors = [f.actor for f in found.facts]
    named = asking.named_actors(meaning.said, {actor for actor in actors if actor})
    if not named and not meaning.oneself:
        return []
    match = np.array([asking.actor_match(actor, named, cue.actor, meaning.oneself) for actor in actors])
    return [Kind(ACTOR, match, match, ranking.ACTOR_WEIGHT)] if match.any() else []


def _meant_times(cue: Cue, found: Candidates, meaning: Meant) -> list[Kind]:
    """How near each candidate lies to the date that the cue names; absent where it names none."""
    if TIME in cue.without or not meaning.spans:
        return []
    near = np.array([dates.time_match(f.occurred_at, meaning.spans) for f in found.facts])
    return [Kind(TIME, near, near, ranking.TIME_WEIGHT)]


def _stated(cue: Cue, found: Candidates) -> list[Kind]:
    """The mood and the surroundings that the cue states, each absent where it states none."""
    kinds = []
    if cue.mood is not None and MOOD not in cue.without:
        felt = np.array([(f.valence, f.arousal) for f in found.facts])
        alike = ranking.mood_congruence(felt, cue.mood)
        kinds.append(Kind(MOOD, alike, alike, ranking.MOOD_WEIGHT))
    if cue.context and CONTEXT_MATCH not in cue.without:
        same = np.array([ranking.context_match(f.context, cue.context) for f in found.facts])
        kinds.append(Kind(CONTEXT_MATCH, same, same, ranking.CONTEXT_WEIGHT))
    return kinds


def _outdated(cue: Cue, found: Candidates) -> list[Kind]:
    """What says how it was, and not how it is, or was at the moment that the cue asks for; absent where all
    of them hold. Looked at last: it lowers a memory, and not the episode that it is of."""
    if SUPERSEDED in cue.without or all(f.superseded_at is None for f in found.facts):
        return []
    as_of = seconds(cue.as_of) if cue.as_of is not None else None
    old = np.array([float(not holds(f.superseded_at, as_of)) for f in found.facts])
    return [Kind(SUPERSEDED, old, -old, DEMOTION)] if old.any() else []


def _named_subjects(cue: Cue, found: Candidates, kinds: Sequence[Kind]) -> list[Kind]:
    """How clearly the cue names what each candidate is about; absent where it names nothing. Counts in
    units of the best evidence so far: it lifts what is wholly named beside that."""
    if MENTION in cue.without or found.named is None or not found.named.any():
        return []
    best = float(_sum(kinds).max())
    return [Kind(MENTION, found.named, found.named, ranking.MENTION_WEIGHT * max(0.0, best))]


def _doorway(cue: Cue, mind: Mind, found: Candidates) -> ranking.Scores | None:
    """The factors of a soft episode filter, where one acts."""
    preferred = preferred_episodes(cue, mind)
    if cue.episode is None or not preferred:
        return None
    return np.array([1.0 if f.episode_id in preferred else cue.episode.factor for f in found.facts])


def unasked(cue: Cue) -> frozenset[str]:
    """What has nothing to look at, since this cue does not state it."""
    stated = {MOOD: cue.mood is not None, CONTEXT_MATCH: bool(cue.context), EPISODE: prefers(cue)}
    return frozenset(name for name, given in stated.items() if not given)


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
