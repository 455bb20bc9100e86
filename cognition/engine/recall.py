"""Recall: a cue comes in, the memories that it brings back go out, with the reasons.

At most three round trips to the store, one after another, whatever is asked and however many memories there
are; usually one. `finding` asks awake memory and says what each trip is for, and `scoping` takes one of them
where a cue names a coarse episode; the archive and what recurs are asked beside it, in two.
Recall reads; it never writes, and what it teaches travels as an event of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from cognition.engine.finding import Finding, Sources, Trips, reach
from cognition.engine.knowing import Knowing
from cognition.engine.liveness import CONTEXT, TOP, Liveness
from cognition.engine.meaning import Meant, meant, narrowed, told
from cognition.engine.mind import Mind
from cognition.engine.minds import Minds
from cognition.engine.options import RecallOptions
from cognition.engine.scoping import Scoping
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
from cognition.ports.stores import Probe, Scope, Stores
from cognition.tasks import at_once
from schemas.cue import Cue, FilterMode
from schemas.memory import Memory
from schemas.recollection import Recalled, RecalledAbstraction, Recollection

Dense = NDArray[np.float32]

NO_EPISODE = "no episode is open"
"""Stands for an episode that no memory is of, where a strict filter means the open one and none is."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One cue as it is answered."""

    cue: Cue
    mind: Mind
    meaning: Meant
    probe: Probe
    finding: Finding


@dataclass(frozen=True, slots=True)
class _Awake:
    """What awake memory answers; the cue with the limit that was kept to."""

    cue: Cue
    ranked: Ranking
    recalled: list[Recalled]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Nothing:
    """Why a cue gets no answer, of so many candidates."""

    reason: str
    candidates: int = 0


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
        self._sources = Sources(stores.memories, minds.facts, options)
        self._scoping = Scoping(stores.episodes)
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
        trips = Trips()
        cue = await self._scoping.in_fine_episodes(cue, mind, trips)
        meaning = await meant(cue, self._tongues.of(cue.mind).speech, self._dates, now=self._clock.now())
        probe = await self._probe(cue, mind, meaning)
        finding = Finding(self._sources, self._tongues.of(cue.mind), mind, probe, trips)
        asked = _Asked(cue, mind, meaning, probe, finding)
        unmet = self._unmet(cue, mind, meaning)
        archived: list[Recalled] = []
        known: list[RecalledAbstraction] = []
        if beside := self._beside(asked, archived, known):
            async with at_once() as together:
                for task in beside:
                    together.start_soon(task)
                awake = await self._awake(asked)
        else:
            awake = await self._awake(asked)
        if isinstance(awake, _Nothing):
            back = self._only_surfaced(cue, archived, noted=observed)
            return self._nothing(
                cue, awake.reason, began, candidates=awake.candidates, recalled=back, notes=unmet
            )
        if observed:
            self._look_at(awake.cue, awake.ranked, awake.recalled)
        recalled = awake.recalled
        if archived:
            assert self._surfacing is not None
            recalled = self._surfacing.joined(awake.cue, recalled, archived, noted=observed)
        if not recalled and cue.token_budget is not None:
            looked_at = min(len(awake.ranked), reach(awake.cue))
            reason = f"none of the best {looked_at} fits token_budget = {cue.token_budget}"
            return self._nothing(cue, reason, began, candidates=len(awake.ranked), notes=unmet)
        return Recollection(
            cue_id=cue.id,
            mind=cue.mind,
            recalled=recalled,
            candidates=len(awake.ranked),
            took_ms=(self._clock.monotonic() - began) * 1e3,
            notes=[*unmet, *self._unknown(cue, known), *awake.notes],
            abstractions=known,
        )

    async def _awake(self, asked: _Asked) -> _Awake | _Nothing:
        """What awake memory answers: candidates, weighed, those that associations lead to among them, and
        of these the memories that are told."""
        cue = asked.cue
        found = await asked.finding.candidates(cue)
        if not found.ids:
            return _Nothing("no memory satisfies the filters")
        ranked = self._rank(asked, found)
        if self._spreads(cue):
            ranked = await self._spread(asked, found, ranked)
        if cue.abstain_below and (best := ranked.best(1)[0].score) < cue.abstain_below:
            reason = f"the best score {best:.3f} is below abstain_below = {cue.abstain_below}"
            return _Nothing(reason, len(ranked))
        if cue.exact:
            scores = [r.score for r in ranked.best(cue.limit)]
            if not (standing_out := outstanding(scores)):
                return _Nothing(f"nothing stands out: the best score is {scores[0]:.3f}", len(ranked))
            cue = msgspec.structs.replace(cue, limit=standing_out)
        recalled, notes = await self._fetch(cue, asked.finding, ranked)
        return _Awake(cue, ranked, recalled, notes)

    def _beside(
        self, asked: _Asked, archived: list[Recalled], known: list[RecalledAbstraction]
    ) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """What is asked of the archive and of what recurs while awake memory is asked, each a search and a
        read: so no cue waits longer for it."""
        tasks: list[Callable[[], Coroutine[Any, Any, None]]] = []
        surfacing, knowing = self._surfacing, self._knowing
        if surfacing is not None and surfacing.asks(asked.cue, asked.mind.sleep.archived, asked.probe):
            tasks.append(partial(self._surface, asked, surfacing, archived))
        if knowing is not None and knowing.asks(asked.cue):
            tasks.append(partial(self._know, asked, knowing, known))
        return tasks

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

    def _only_surfaced(self, cue: Cue, archived: Sequence[Recalled], *, noted: bool) -> list[Recalled]:
        """What the archive answers where awake memory is silent."""
        strong = [r for r in archived if r.score >= cue.abstain_below and not cue.exact]
        if self._surfacing is None or not strong:
            return []
        return self._surfacing.joined(cue, [], strong, noted=noted)

    def _nothing(
        self,
        cue: Cue,
        reason: str,
        began: float,
        *,
        candidates: int = 0,
        recalled: Sequence[Recalled] = (),
        notes: Sequence[str] = (),
    ) -> Recollection:
        """Why awake memory is silent; it is no silence where something was `recalled` all the same."""
        return Recollection(
            cue_id=cue.id,
            mind=cue.mind,
            recalled=list(recalled),
            abstained="" if recalled else reason,
            notes=[*notes, *([f"awake memory is silent: {reason}"] if recalled else [])],
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

    # --- weighing -----------------------------------------------------------------------------

    def _rank(self, asked: _Asked, found: Candidates) -> Ranking:
        weight, now = self._options.lexical_weight, self._clock.now()
        return rank(asked.cue, asked.mind, asked.probe, found, asked.meaning, lexical_weight=weight, now=now)

    async def _spread(self, asked: _Asked, found: Candidates, ranked: Ranking) -> Ranking:
        """What was found lends activation along its associations; what they reach joins, under the same
        filters. One round trip more where that is new, none where nothing is associated."""
        if not any(fact.associations for fact in found.facts):
            return ranked
        web = Web(ranked, self._clock.now(), asked.mind.sleep.homeostasis)
        if not web.edges:
            return ranked
        if new := web.joining(ranked.facts()):
            first = reach(asked.cue)
            likely = [*(r.memory_id for r in ranked.best(first)), *web.reached(ranked.facts()), *new[:first]]
            ranked = self._rank(asked, await asked.finding.joining(found, new, likely))
        return web.over(ranked, depth=self._options.spreading_depth)

    # --- the answer ----------------------------------------------------------------------------

    async def _fetch(self, cue: Cue, finding: Finding, ranked: Ranking) -> tuple[list[Recalled], list[str]]:
        """The memories that answer, best first, within limit and token budget, and what to note.

        With a budget, the best limit x `BUDGET_REACH` are gone through in order of rank: what no
        longer fits is passed over, until `limit` are taken.
        """
        best = ranked.best(reach(cue))
        memories = await finding.read([r.memory_id for r in best])
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

    async def _surface(self, asked: _Asked, surfacing: Surfacing, archived: list[Recalled]) -> None:
        """What this cue is strong enough for in the archive. Read only where there is something."""
        cue, mind = asked.cue, asked.mind
        found = await surfacing.found(cue, asked.probe)
        facts = [found.facts.get(i) for i in found.ids]
        ranked = self._rank(asked, asked.finding.with_facts(found, facts))
        strong = [r for r in ranked.best(len(found.ids)) if surfaces(r.score)]
        memories = await surfacing.memories(mind.name, [r.memory_id for r in strong])
        archived += [
            msgspec.structs.replace(self._recalled(cue, ranked, r, memories[r.memory_id], {}), why=SURFACED)
            for r in strong
            if r.memory_id in memories
        ]

    async def _know(self, asked: _Asked, knowing: Knowing, known: list[RecalledAbstraction]) -> None:
        known += await knowing.answer(asked.cue, asked.mind, asked.probe)

    def _unmet(self, cue: Cue, mind: Mind, meaning: Meant) -> list[str]:
        """What the cue wished and the mind could not give, and how the time in it was read that filtered."""
        notes = [note] if (note := self._minds.foreign(mind)) else []
        if prefers(cue) and not preferred_episodes(cue, mind):
            notes.append("no episode is open: none was preferred")
        if note := told(cue, meaning.spans):
            notes.append(note)
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
