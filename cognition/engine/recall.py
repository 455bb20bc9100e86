"""Recall: a cue comes in, the memories that it brings back go out, with the reasons.

One round trip to the store, whatever the number of memories: candidates (the best by each vector) with the
exact scores of their union, and, read while those are weighed, the memories that will probably answer.
One more for those that answer after all; one where associations lead to others, and one where facts of
candidates are not at hand. The archive is searched beside awake memory, and read where something surfaces.
Recall reads; it never writes, and what it teaches travels as an event of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.engine.knowing import Knowing
from cognition.engine.liveness import CONTEXT, TOP, Liveness
from cognition.engine.meaning import Meant, meant, narrowed
from cognition.engine.mind import Mind
from cognition.engine.minds import Minds
from cognition.engine.naming import named
from cognition.engine.options import RecallOptions
from cognition.engine.scoping import in_fine_episodes
from cognition.engine.spreading import Web
from cognition.engine.standing import standing
from cognition.engine.surfacing import WHY as SURFACED
from cognition.engine.surfacing import Surfacing, surfaces
from cognition.engine.tongues import Tongues
from cognition.engine.weighing import (
    LEXICAL,
    MECHANISMS,
    MENTION,
    SPREADING,
    WORKING_MEMORY,
    Candidates,
    Ranked,
    Ranking,
    named_episodes,
    preferred_episodes,
    prefers,
    rank,
    unasked,
)
from cognition.errors import BadCueError, BadPerceptError, MindStoppedError
from cognition.mechanisms import ranking
from cognition.mechanisms.evidence import query_weights
from cognition.mechanisms.outstanding import outstanding
from cognition.mechanisms.text import token_estimate
from cognition.mechanisms.vectors import decode_vector
from cognition.ports.clock import Clock
from cognition.ports.dates import DateReader
from cognition.ports.embedder import Embedder
from cognition.ports.stores import Facts, Found, Likely, Probe, Scope, Stores
from cognition.tasks import at_once
from schemas.cue import Cue, FilterMode
from schemas.memory import Memory
from schemas.recollection import Recalled, RecalledAbstraction, Recollection

Dense = NDArray[np.float32]

NO_EPISODE = "no episode is open"
"""Stands for an episode that no memory is of, where a strict filter means the open one and none is."""

BUDGET_REACH = 4
"""With a token budget, up to limit x 4 candidates are looked at for what still fits (a choice: what
ranks lower is rarely worth its tokens, and whole memories are fetched for it)."""


AHEAD_MORE = 10
"""Memories read ahead beyond the limit, for those that rise by what is weighed besides meaning and words.
Of 330 cues with a limit of 10, 80 had to read once more with 4 of them, 16 with 10, none with 20."""

FACTS_AT_HAND = 0.5
"""Share of a mind's memories of which facts are at hand from which on they are not asked for with the search:
what is missing then comes by a round trip of its own."""


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
        tongues: Tongues,
        dates: DateReader | None = None,
        liveness: Liveness | None = None,
        surfacing: Surfacing | None = None,
        knowing: Knowing | None = None,
    ) -> None:
        self._knowing = knowing
        self._surfacing = surfacing
        self._stores = stores
        self._minds = minds
        self._embedder = embedder
        self._clock = clock
        self._options = options
        self._tongues = tongues
        self._dates = dates
        self._liveness = liveness

    @property
    def embeds(self) -> bool:
        """Whether a cue may be words alone."""
        return self._embedder is not None

    async def answer(self, cue: Cue, *, observed: bool = True) -> Recollection:
        """What this mind remembers. Raises `BadCueError`, `MindStoppedError`, store errors. What nobody
        asked for is not `observed`: it does not count among what mechanisms did."""
        began = self._clock.monotonic()
        self._check(cue)
        cue = self._for_all(cue)
        mind = await self._minds.look(cue.mind)
        if mind.stopped:
            raise MindStoppedError(
                f"mind {cue.mind!r} is stopped: {mind.stopped}",
                remedy="See `cognition identity verify`.",
            )
        if not mind.lexicon.n:
            reason = "has no memories yet" if not mind.sleep.archived else "has archived all its memories"
            return self._nothing(cue, f"this mind {reason}", began)
        cue = await in_fine_episodes(cue, mind, self._stores)
        meaning = await meant(cue, self._tongues.of(cue.mind).speech, self._dates, now=self._clock.now())
        probe = await self._probe(cue, mind, meaning)
        found, archived = await self._searched(cue, mind, probe)
        if not found.ids:
            return self._nothing(cue, "no memory satisfies the filters", began)
        ranked = self._rank(cue, mind, probe, found, meaning)
        if self._spreads(cue):
            ranked = await self._spread(cue, mind, probe, found, meaning, ranked)
        if cue.abstain_below and (best := ranked.best(1)[0].score) < cue.abstain_below:
            reason = f"the best score {best:.3f} is below abstain_below = {cue.abstain_below}"
            return self._nothing(cue, reason, began, candidates=len(ranked))
        if cue.exact:
            scores = [r.score for r in ranked.best(cue.limit)]
            if not (standing_out := outstanding(scores)):
                reason = f"nothing stands out: the best score is {scores[0]:.3f}"
                return self._nothing(cue, reason, began, candidates=len(ranked))
            cue = msgspec.structs.replace(cue, limit=standing_out)
        recalled, notes = await self._fetch(cue, mind, found, ranked)
        if observed:
            self._look_at(cue, ranked, recalled)
        if archived is not None:
            recalled = await self._surfaced(cue, mind, probe, meaning, recalled, archived, noted=observed)
        known = await self._knowing.answer(cue, mind, probe) if self._knowing is not None else []
        if not recalled and cue.token_budget is not None:
            looked_at = min(len(ranked), cue.limit * BUDGET_REACH)
            reason = f"none of the best {looked_at} fits token_budget = {cue.token_budget}"
            return self._nothing(cue, reason, began, candidates=len(ranked))
        return Recollection(
            cue_id=cue.id,
            mind=cue.mind,
            recalled=recalled,
            candidates=len(ranked),
            took_ms=(self._clock.monotonic() - began) * 1e3,
            notes=[*self._unmet(cue, mind), *self._unknown(cue, known), *notes],
            abstractions=known,
        )

    def _look_at(self, cue: Cue, ranked: Ranking, recalled: Sequence[Recalled]) -> None:
        """Have the liveness told what acted in this recall, if it looks at it; the answer does not wait."""
        if self._liveness is not None and self._liveness.due():
            look = partial(self._looked, self._liveness, cue, ranked, recalled, self._clock.now())
            self._liveness.later(look)

    def _looked(
        self, liveness: Liveness, cue: Cue, ranked: Ranking, recalled: Sequence[Recalled], at: float
    ) -> None:
        """What acted in a recall."""
        acted = set(ranked.swayed(TOP))
        analyzer = self._tongues.of(cue.mind)
        asked = analyzer.evidence_terms(cue.content, "").keys()
        lexical = ranked.values(LEXICAL)
        for memory in (r.memory for r in recalled[:TOP] if lexical[r.memory.id] > 0.0):
            if asked.isdisjoint(analyzer.evidence_terms(memory.content, memory.actor)):
                acted.add(CONTEXT)
        off = {*cue.without, *unasked(cue)}
        if not self._spreads(cue):
            off.add(SPREADING)
        liveness.recalled(acted, off, at)

    def _spreads(self, cue: Cue) -> bool:
        """Whether what was found lends activation: not where the answer is to be exact. What is associated
        with it stands beside the answer (precisionMemBench after a night: 34 exact answers, 32 with it)."""
        return SPREADING not in cue.without and bool(self._options.spreading_depth) and not cue.exact

    def _check(self, cue: Cue) -> None:
        if not cue.content.strip() and cue.vector is None:
            raise BadCueError("the cue has neither content nor vector", remedy="Give one of them.")
        unknown = set(cue.without) - MECHANISMS
        if unknown:
            raise BadCueError(
                f"without = {sorted(unknown)} names no mechanism",
                remedy=f"Use any of {', '.join(sorted(MECHANISMS))}.",
            )

    def _for_all(self, cue: Cue) -> Cue:
        """The cue, without what the settings leave out of every one."""
        if not self._options.without:
            return cue
        return msgspec.structs.replace(cue, without=sorted({*cue.without, *self._options.without}))

    def _nothing(self, cue: Cue, reason: str, began: float, *, candidates: int = 0) -> Recollection:
        return Recollection(
            cue_id=cue.id,
            mind=cue.mind,
            abstained=reason,
            candidates=candidates,
            took_ms=(self._clock.monotonic() - began) * 1e3,
        )

    # --- the cue as vectors ---------------------------------------------------------------

    async def _probe(self, cue: Cue, mind: Mind, meaning: Meant) -> Probe:
        terms = list(self._tongues.of(cue.mind).evidence_terms(cue.content, ""))
        weights = query_weights(terms, mind.lexicon.idf(terms).tolist()) if terms else {}
        naming = self._options.candidates if mind.linking.subjects and MENTION not in cue.without else 0
        scope = self._scope(cue, mind, meaning)
        return Probe(vector=await self._vector(cue), terms=weights, scope=scope, naming=naming)

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

    def _scope(self, cue: Cue, mind: Mind, meaning: Meant) -> Scope:
        chosen = narrowed(cue, meaning.spans)
        if cue.episode is None or cue.episode.mode is not FilterMode.STRICT:
            return Scope(filter=chosen)
        return Scope(filter=chosen, episodes=named_episodes(cue.episode, mind) or (NO_EPISODE,))

    # --- candidates ---------------------------------------------------------------------------

    async def _searched(self, cue: Cue, mind: Mind, probe: Probe) -> tuple[Candidates, Found | None]:
        """The candidates, and what of the archive may answer: both asked for at once."""
        if self._surfacing is None or not self._surfacing.asks(cue, mind.sleep.archived, probe):
            return await self._candidates(cue, mind, probe), None
        archived: list[Found] = []

        async def look(surfacing: Surfacing) -> None:
            archived.append(await surfacing.found(cue, probe))

        async with at_once() as searches:
            searches.start_soon(look, self._surfacing)
            found = await self._candidates(cue, mind, probe)
        return found, archived[0]

    async def _candidates(self, cue: Cue, mind: Mind, probe: Probe) -> Candidates:
        """The union of what each vector finds; a soft episode filter also searches inside it,
        and working memory joins where no filter could exclude it (read your own writes)."""
        probes = [probe]
        if inside := preferred_episodes(cue, mind):
            probes.append(replace(probe, scope=Scope(probe.scope.filter, inside)))
        also: list[str] = []
        if WORKING_MEMORY not in cue.without and probe.scope == Scope():
            also = [item.memory_id for item in mind.working.items]
        limit = max(self._options.candidates, cue.limit)
        facts = self._minds.facts
        known, since = facts.of(mind.name), facts.changes
        found = await self._stores.memories.probe(
            mind.name,
            probes,
            limit=limit,
            also=also,
            with_facts=len(known) < mind.living * FACTS_AT_HAND,
            likely=self._likely(cue, mind, probe),
        )
        read = dict(found.facts)
        if unknown := [i for i in found.ids if i not in read and i not in known]:
            read.update(await self._stores.memories.facts(mind.name, unknown))
        facts.add(mind.name, read, since=since)
        return self._with_facts(mind, probe, found, [read.get(i) or known.get(i) for i in found.ids])

    def _likely(self, cue: Cue, mind: Mind, probe: Probe) -> Likely:
        """Which memories will probably answer: the first by meaning and words alone, and a few more for
        what else is weighed."""
        limit = cue.limit * (1 if cue.token_budget is None else BUDGET_REACH) + AHEAD_MORE
        _, sd = mind.lexicon.lexical_moments(probe.terms)
        return Likely(limit, 1.0 / ranking.DENSE_SD, self._options.lexical_weight / sd)

    def _with_facts(
        self, mind: Mind, probe: Probe, found: Found, facts: Sequence[Facts | None]
    ) -> Candidates:
        """What was found, with its facts; what has none is gone meanwhile."""
        held = [fact for fact in facts if fact is not None]
        ids, dense, lexical = found.ids, found.dense, found.lexical
        if len(held) < len(ids):
            places = [n for n, fact in enumerate(facts) if fact is not None]
            ids, dense, lexical = [ids[n] for n in places], dense[places], lexical[places]
        subjects = [fact.subject for fact in held] if probe.naming else []
        analyzer = self._tongues.of(mind.name)
        return Candidates(
            ids=ids,
            dense=dense.astype(np.float64),
            lexical=lexical.astype(np.float64),
            facts=held,
            named=named(probe.terms, subjects, mind.lexicon, analyzer) if probe.naming else None,
            ahead=found.ahead,
        )

    # --- weighing -----------------------------------------------------------------------------

    def _rank(self, cue: Cue, mind: Mind, probe: Probe, found: Candidates, meaning: Meant) -> Ranking:
        weight = self._options.lexical_weight
        return rank(cue, mind, probe, found, meaning, lexical_weight=weight, now=self._clock.now())

    async def _spread(
        self, cue: Cue, mind: Mind, probe: Probe, found: Candidates, meaning: Meant, ranked: Ranking
    ) -> Ranking:
        """What was found lends activation along its associations; what they reach joins, under the same
        filters. One round trip more where that is new, none where nothing is associated."""
        if not any(fact.associations for fact in found.facts):
            return ranked
        web = Web(ranked, self._clock.now(), mind.sleep.homeostasis)
        if not web.edges:
            return ranked
        if new := web.joining(ranked.facts()):
            facts = self._minds.facts
            since = facts.changes
            scored = await self._stores.memories.score(mind.name, probe, new)
            facts.add(mind.name, scored.facts, since=since)
            joining = self._with_facts(mind, probe, scored, [scored.facts.get(i) for i in scored.ids])
            ranked = self._rank(cue, mind, probe, found.joined(joining), meaning)
        return web.over(ranked, depth=self._options.spreading_depth)

    # --- the answer ----------------------------------------------------------------------------

    async def _read(self, mind: Mind, found: Candidates, memory_ids: Sequence[str]) -> dict[str, Memory]:
        """These memories: those that were read while they were weighed, and the others."""
        memories = await found.ahead(memory_ids) if found.ahead is not None else {}
        if missing := [i for i in memory_ids if i not in memories]:
            memories |= await self._stores.memories.get(mind.name, missing)
        return memories

    async def _fetch(
        self, cue: Cue, mind: Mind, found: Candidates, ranked: Ranking
    ) -> tuple[list[Recalled], list[str]]:
        """The memories that answer, best first, within limit and token budget, and what to note.

        With a budget, the best limit x `BUDGET_REACH` are gone through in order of rank: what no
        longer fits is passed over, until `limit` are taken.
        """
        reach = cue.limit * (1 if cue.token_budget is None else BUDGET_REACH)
        best = ranked.best(reach)
        memories = await self._read(mind, found, [r.memory_id for r in best])
        best = [r for r in best if r.memory_id in memories]
        asked = self._tongues.of(cue.mind).telling(cue.content)
        if cue.token_budget is None:
            return [self._recalled(cue, ranked, r, memories[r.memory_id], asked) for r in best], []
        costs = [token_estimate(memories[r.memory_id].content) for r in best]
        kept = ranking.within_budget(costs, cue.token_budget, cue.limit)
        recalled = [self._recalled(cue, ranked, best[i], memories[best[i].memory_id], asked) for i in kept]
        passed = kept[-1] + 1 - len(kept) if kept else 0
        note = f"{passed} that ranked higher did not fit token_budget = {cue.token_budget}"
        return recalled, [note] if passed else []

    async def _surfaced(
        self,
        cue: Cue,
        mind: Mind,
        probe: Probe,
        meaning: Meant,
        recalled: list[Recalled],
        found: Found,
        *,
        noted: bool,
    ) -> list[Recalled]:
        """What is recalled, and what this cue brings back from the archive: for good, if it is `noted`.
        A round trip more only where the cue is strong enough for something there."""
        assert self._surfacing is not None
        candidates = self._with_facts(mind, probe, found, [found.facts.get(i) for i in found.ids])
        ranked = self._rank(cue, mind, probe, candidates, meaning)
        awake = {r.memory.id for r in recalled}
        strong = [r for r in ranked.best(len(found.ids)) if surfaces(r.memory_id, r.score, awake)]
        memories = await self._surfacing.memories(mind.name, [r.memory_id for r in strong])
        archived = [
            msgspec.structs.replace(self._recalled(cue, ranked, r, memories[r.memory_id], {}), why=SURFACED)
            for r in strong
            if r.memory_id in memories
        ]
        return self._surfacing.joined(cue, recalled, archived, noted=noted)

    def _unmet(self, cue: Cue, mind: Mind) -> list[str]:
        """What the cue wished and the mind could not give."""
        notes = [note] if (note := self._minds.foreign(mind)) else []
        if prefers(cue) and not preferred_episodes(cue, mind):
            notes.append("no episode is open: none was preferred")
        return notes

    def _unknown(self, cue: Cue, known: Sequence[RecalledAbstraction]) -> list[str]:
        return self._knowing.note(cue, known) if self._knowing is not None else []

    def _recalled(
        self, cue: Cue, ranking: Ranking, ranked: Ranked, memory: Memory, asked: Mapping[str, int]
    ) -> Recalled:
        shared: list[str] = []
        if asked:
            said = self._tongues.of(memory.mind).said_terms(memory.content, memory.actor)
            shared = [word for word, term in asked.items() if term in said]
        return Recalled(
            memory=memory,
            score=ranked.score,
            why=ranking.why(ranked, shared),
            parts=[*ranking.parts(ranked), *standing(memory, self._clock.now())] if cue.explain else [],
        )
