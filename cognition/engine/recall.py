"""Recall: a cue comes in, the memories that it brings back go out, with the reasons.

Three round trips to the store, whatever the number of memories: candidates (the best by each
vector), the exact scores of their union, and the memories that answer. Recall reads; it never
writes, and what it teaches travels as an event of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cognition.engine.mind import Mind
from cognition.engine.minds import Minds
from cognition.engine.options import RecallOptions
from cognition.errors import BadCueError, BadPerceptError, MindStoppedError
from cognition.mechanisms import ranking
from cognition.mechanisms.evidence import query_weights
from cognition.mechanisms.text import Analyzer, token_estimate, words
from cognition.mechanisms.vectors import decode_vector
from cognition.ports.clock import Clock
from cognition.ports.embedder import Embedder
from cognition.ports.stores import Probe, Scope, Scored, Stores
from schemas.cue import Cue, EpisodeFilter, FilterMode
from schemas.memory import Memory
from schemas.recollection import Recalled, Recollection, ScorePart

Dense = NDArray[np.float32]

DENSE, LEXICAL, EPISODE = "dense", "lexical", "episode"
MECHANISMS = frozenset({DENSE, LEXICAL, EPISODE, "working_memory"})
"""What a cue may switch off by name (`Cue.without`)."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate with its evidence: the sum, the score in 0..1, and the parts."""

    memory_id: str
    evidence: float
    score: float
    parts: tuple[ScorePart, ...]


class Recall:
    """Answers cues. Many may run at once."""

    def __init__(
        self,
        stores: Stores,
        minds: Minds,
        embedder: Embedder | None,
        clock: Clock,
        options: RecallOptions,
        *,
        analyzer: Analyzer,
    ) -> None:
        self._stores = stores
        self._minds = minds
        self._embedder = embedder
        self._clock = clock
        self._options = options
        self._analyzer = analyzer

    async def answer(self, cue: Cue) -> Recollection:
        """What this mind remembers. Raises `BadCueError`, `MindStoppedError`, store errors."""
        began = self._clock.monotonic()
        self._check(cue)
        mind = await self._minds.look(cue.mind)
        if mind.stopped:
            raise MindStoppedError(
                f"mind {cue.mind!r} is stopped: {mind.stopped}",
                remedy="See `cognition identity verify`.",
            )
        if not mind.lexicon.n:
            return self._nothing(cue, "this mind has no memories yet", began)
        probe = await self._probe(cue, mind)
        ids = await self._candidates(cue, mind, probe)
        scored = await self._stores.memories.score(mind.name, probe, ids) if ids else {}
        ranked = self._rank(cue, mind, probe, list(scored.values()))
        best = ranked[0].score if ranked else 0.0
        if not ranked:
            return self._nothing(cue, "no memory satisfies the filters", began)
        if best < cue.abstain_below:
            reason = f"the best score {best:.3f} is below abstain_below = {cue.abstain_below}"
            return self._nothing(cue, reason, began, candidates=len(ranked))
        recalled = await self._fetch(cue, mind, ranked)
        if not recalled and cue.token_budget is not None:
            reason = f"none of the best fits token_budget = {cue.token_budget}"
            return self._nothing(cue, reason, began, candidates=len(ranked))
        return Recollection(
            cue_id=cue.id,
            mind=cue.mind,
            recalled=recalled,
            candidates=len(ranked),
            took_ms=(self._clock.monotonic() - began) * 1e3,
        )

    def _check(self, cue: Cue) -> None:
        if not cue.content.strip() and cue.vector is None:
            raise BadCueError("the cue has neither content nor vector", remedy="Give one of them.")
        unknown = set(cue.without) - MECHANISMS
        if unknown:
            raise BadCueError(
                f"without = {sorted(unknown)} names no mechanism",
                remedy=f"Use any of {', '.join(sorted(MECHANISMS))}.",
            )

    def _nothing(self, cue: Cue, reason: str, began: float, *, candidates: int = 0) -> Recollection:
        return Recollection(
            cue_id=cue.id,
            mind=cue.mind,
            abstained=reason,
            candidates=candidates,
            took_ms=(self._clock.monotonic() - began) * 1e3,
        )

    # --- the cue as vectors ---------------------------------------------------------------

    async def _probe(self, cue: Cue, mind: Mind) -> Probe:
        terms = list(self._analyzer.evidence_terms(cue.content, ""))
        weights = query_weights(terms, mind.lexicon.idf(terms).tolist()) if terms else {}
        return Probe(vector=await self._vector(cue), terms=weights, scope=self._scope(cue, mind))

    async def _vector(self, cue: Cue) -> Dense:
        if cue.vector is not None:
            try:
                return decode_vector(cue.vector)
            except BadPerceptError as error:
                raise BadCueError(str(error)) from error
        if self._embedder is None:
            raise BadCueError(
                "this daemon runs without an embedder and the cue has no vector",
                remedy="Give `vector`, or start the daemon with embedding.enabled = true.",
            )
        vector: Dense = (await self._embedder.embed([cue.content]))[0]
        return vector

    def _scope(self, cue: Cue, mind: Mind) -> Scope:
        strict = cue.episode is not None and cue.episode.mode is FilterMode.STRICT
        episodes = wanted_episodes(cue.episode, mind) if strict else ()
        return Scope(filter=cue.filter, episodes=episodes)

    # --- candidates ---------------------------------------------------------------------------

    async def _candidates(self, cue: Cue, mind: Mind, probe: Probe) -> list[str]:
        """The union of what each vector finds; a soft episode filter also searches inside it,
        and working memory joins where no filter could exclude it (read your own writes)."""
        probes = [probe]
        soft = cue.episode is not None and cue.episode.mode is FilterMode.SOFT
        inside = wanted_episodes(cue.episode, mind) if soft else ()
        if inside:
            probes.append(Probe(probe.vector, probe.terms, Scope(cue.filter, inside)))
        limit = max(self._options.candidates, cue.limit)
        found = await self._stores.memories.candidates(mind.name, probes, limit=limit)
        ids = dict.fromkeys(i for ids in found for i in ids)
        if "working_memory" not in cue.without and probe.scope == Scope():
            ids.update(dict.fromkeys(item.memory_id for item in mind.working.items))
        return list(ids)

    # --- ranking ------------------------------------------------------------------------------

    def _rank(self, cue: Cue, mind: Mind, probe: Probe, scored: Sequence[Scored]) -> list[Ranked]:
        if not scored:
            return []
        mean = float(probe.vector @ mind.lexicon.mean_vector)
        dense = ranking.dense_z(np.array([s.dense for s in scored]), mean)
        lexical_mean, lexical_sd = mind.lexicon.lexical_moments(probe.terms)
        lexical = ranking.lexical_z(np.array([s.lexical for s in scored]), lexical_mean, lexical_sd)
        share = self._share(cue)
        rows = [
            self._evidence(cue, mind, s, float(d), float(x), share)
            for s, d, x in zip(scored, dense, lexical, strict=True)
        ]
        return sorted(rows, key=lambda r: (-r.score, -r.evidence, r.memory_id))

    def _share(self, cue: Cue) -> float:
        """Weight of the dense z-score; with one kind of evidence off, the other counts alone."""
        if DENSE in cue.without:
            return 0.0
        return 1.0 if LEXICAL in cue.without or not cue.content.strip() else self._options.dense_share

    def _evidence(
        self, cue: Cue, mind: Mind, scored: Scored, dense: float, lexical: float, share: float
    ) -> Ranked:
        parts = [
            ScorePart(name=DENSE, value=scored.dense, weight=share, contribution=share * dense),
            ScorePart(
                name=LEXICAL, value=scored.lexical, weight=1 - share, contribution=(1 - share) * lexical
            ),
        ]
        evidence = sum(p.contribution for p in parts)
        score = ranking.squash(evidence)
        if cue.episode is not None and cue.episode.mode is FilterMode.SOFT and EPISODE not in cue.without:
            same = scored.episode_id in wanted_episodes(cue.episode, mind)
            factor = 1.0 if same else cue.episode.factor
            parts.append(ScorePart(name=EPISODE, value=float(same), weight=factor, contribution=0.0))
            score = ranking.cross_episode(score, same, cue.episode.factor)
        return Ranked(scored.memory_id, evidence, score, tuple(parts))

    # --- the answer ----------------------------------------------------------------------------

    async def _fetch(self, cue: Cue, mind: Mind, ranked: Sequence[Ranked]) -> list[Recalled]:
        """The memories that answer, best first, within limit, mood disc and token budget."""
        wanted = [r.memory_id for r in ranked[: cue.limit]]
        memories = await self._stores.memories.get(mind.name, wanted)
        recalled = [self._recalled(cue, r, memories[r.memory_id]) for r in ranked if r.memory_id in memories]
        if cue.token_budget is None:
            return recalled
        costs = [token_estimate(r.memory.content) for r in recalled]
        kept = ranking.within_budget(costs, cue.token_budget)
        return [recalled[i] for i in kept]

    def _recalled(self, cue: Cue, ranked: Ranked, memory: Memory) -> Recalled:
        shared = self._shared_words(cue, memory)
        return Recalled(
            memory=memory,
            score=ranked.score,
            why=why(ranked.parts, shared),
            parts=list(ranked.parts) if cue.explain else [],
        )

    def _shared_words(self, cue: Cue, memory: Memory) -> list[str]:
        if not cue.content:
            return []
        said = self._analyzer.evidence_terms(memory.content, memory.actor).keys()
        asked = dict.fromkeys(words(cue.content))
        return [word for word in asked if said & self._analyzer.evidence_terms(word).keys()]


def wanted_episodes(wanted: EpisodeFilter | None, mind: Mind) -> tuple[str, ...]:
    """The episodes that a filter names; none named means the open one."""
    if wanted is None:
        return ()
    if wanted.ids:
        return tuple(wanted.ids)
    return (mind.episode.id,) if mind.episode is not None else ("no episode is open",)


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
