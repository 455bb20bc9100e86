"""Crossing a boundary: what becomes of the episodes of a mind where one ends.

The segmenter says where; here the open episode closes, the next one opens, and where the boundary lies a
few percepts back their memories move. What was stored before a crash is kept to. Must not know what a memory
says.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from cognition.engine.arrivals import Arrival
from cognition.engine.facts import FactsCache
from cognition.engine.ledger import Committed, Ledger, unbound
from cognition.engine.mind import Mind
from cognition.engine.open_episode import Member
from cognition.engine.revising import Place, promote, revise
from cognition.engine.traces import patched, with_memory
from cognition.mechanisms.observation import Cut, Observation
from cognition.mechanisms.thread import goes_on
from cognition.ports.clock import Clock
from schemas.episode import Boundary, BoundaryType, EpisodeScale
from schemas.events import Outcome, Receipt
from schemas.identifiers import coarse_episode_id, episode_id
from schemas.memory import Memory
from schemas.percept import Percept

Dense = NDArray[np.float32]

NONE_ANY_MORE = Boundary(type=BoundaryType.EXPLICIT, trigger="there are no coarse episodes any more")
"""What ends a coarse episode in which no fine one is open, once `episodes.scale` leaves them out."""


class Crossing:
    """Takes the episodes of minds over their boundaries."""

    def __init__(self, facts: FactsCache, clock: Clock) -> None:
        self._facts = facts
        self._clock = clock

    def enter(
        self,
        mind: Mind,
        arrival: Arrival,
        vector: Dense,
        ledger: Ledger,
        done: Committed,
        *,
        known: Memory | None = None,
    ) -> None:
        """Put the boundaries that are known with this percept, and open an episode where none is open.

        For a memory that was written before, its stored episode decides where the two differ.
        """
        percept = arrival.entry.message
        assert isinstance(percept, Percept)
        cuts = mind.segmenter.observe(
            Observation(
                entry=arrival.entry.id,
                at=arrival.at,
                vector=vector,
                source=percept.source,
                context=percept.context,
                mark=percept.boundary,
                label=percept.boundary_label,
                name=arrival.memory_id,
            )
        )
        if mind.episode is not None:
            mind.episode.judge(mind.segmenter.judged)
        known_id = known.episode_id if known is not None else ""
        if known is not None and mind.episode is not None:
            fine = [cut for cut in cuts if cut.scale is EpisodeScale.FINE]
            fine, known_id = as_stored(mind, arrival.entry.id, fine, known.episode_id)
            cuts = [*fine, *(cut for cut in cuts if cut.scale is EpisodeScale.COARSE)]
        for cut in cuts:
            self.cut(mind, cut, arrival, ledger, done, known_id)
        if mind.episode is None:
            if mind.lapses:
                self.close_coarse(mind, NONE_ANY_MORE, arrival, ledger, continues=False)
            label = mind.segmenter.label
            opened = mind.open_episode(arrival.entry.id, arrival.at, label, known_id=known_id)
            done.opened.append((mind.name, opened))
        elif percept.boundary_label:
            mind.episode.given_label = percept.boundary_label

    def cut(
        self, mind: Mind, cut: Cut, arrival: Arrival, ledger: Ledger, done: Committed, known_id: str = ""
    ) -> None:
        """One boundary: before this percept the open episode closes, further back its last members move."""
        if cut.scale is EpisodeScale.COARSE:
            self._promote(mind, cut, arrival, ledger)
            return
        if mind.episode is None:
            return
        if cut.entry == arrival.entry.id:
            self.close(mind, cut.boundary, arrival, ledger, done, continues=True, known_episode=known_id)
            return
        epoch = ledger.epochs[arrival.entry.partition]
        previous = mind.episode.id
        revised = revise(mind, cut, epoch=epoch)
        if revised is None:
            return
        ledger.episodes[previous] = revised.closed
        if revised.lapsed is not None:
            ledger.episodes[revised.lapsed[0].id] = revised.lapsed
        done.closed.append(revised.closed[0])
        done.opened.append((mind.name, revised.opened))
        self._facts.move(mind.name, revised.places, revised.opened)
        for each in revised.members:
            self._move(mind, each.memory_id, revised.places[each.memory_id], revised.places, ledger)
            done.moved.append((arrival.entry.partition, self._moved(mind, each, revised.opened)))

    def _promote(self, mind: Mind, cut: Cut, arrival: Arrival, ledger: Ledger) -> None:
        """One coarse boundary: before this percept, or where a fine episode began; fine ones move."""
        if mind.coarse is None:
            return
        if cut.entry == arrival.entry.id and mind.episode is None:
            self.close_coarse(mind, cut.boundary, arrival, ledger, continues=True)
            return
        promoted = promote(mind, cut, epoch=ledger.epochs[arrival.entry.partition])
        if promoted is not None:
            ledger.episodes[promoted.closed[0].id] = promoted.closed
            for child in promoted.children:
                ledger.hold(mind.name, child, promoted.opened)

    def close_coarse(
        self, mind: Mind, boundary: Boundary, arrival: Arrival, ledger: Ledger, *, continues: bool
    ) -> None:
        """Write the open coarse episode for good; no fine one is open."""
        assert mind.coarse is not None
        next_id = coarse_episode_id(mind.name, arrival.entry.id) if continues else None
        record = mind.coarse.closed(
            mind.name, boundary, next_id, epoch=ledger.epochs[arrival.entry.partition]
        )
        ledger.episodes[mind.coarse.id] = record
        mind.coarse = None

    def _move(
        self, mind: Mind, memory_id: str, place: Place, together: Collection[str], ledger: Ledger
    ) -> None:
        """A memory belongs to another episode, with these beside it."""
        fields = {"episode_id": place.episode_id, "position": place.position}
        known = ledger.known.get(memory_id)
        if known is not None:
            bound = unbound(known.associations, together)
            known = ledger.known[memory_id] = patched(known, {**fields, "associations": bound})
        if memory_id in ledger.traces:
            assert known is not None
            ledger.traces[memory_id] = with_memory(ledger.traces[memory_id], known)
        else:
            ledger.moves.setdefault(mind.name, {})[memory_id] = fields
            ledger.unbound.setdefault(mind.name, {})[memory_id] = frozenset(together)

    def placed(self, mind: Mind, known: Memory, ledger: Ledger) -> Memory:
        """A memory that was written before a crash, where it belongs now: the store follows."""
        assert mind.episode is not None
        place = Place(mind.episode.id, mind.episode.count)
        if (known.episode_id, known.position) == place:
            return known
        together = {each.memory_id for each in mind.episode.members}
        self._move(mind, known.id, place, together, ledger)
        self._facts.move(mind.name, [known.id], place.episode_id)
        return ledger.known[known.id]

    def _moved(self, mind: Mind, each: Member, episode: str) -> Receipt:
        return Receipt(
            mind=mind.name,
            entry=each.entry,
            outcome=Outcome.ENCODED,
            memory_id=each.memory_id,
            episode_id=episode,
            salience=each.salience,
            reason="what followed showed that another episode began before it",
            recallable_at=self._clock.now(),
        )

    def close(
        self,
        mind: Mind,
        boundary: Boundary,
        arrival: Arrival,
        ledger: Ledger,
        done: Committed,
        *,
        continues: bool,
        known_episode: str = "",
    ) -> None:
        """Write the open episode for good; working memory keeps its most salient third."""
        episode = mind.episode
        assert episode is not None
        epoch = ledger.epochs[arrival.entry.partition]
        next_id = (known_episode or episode_id(mind.name, arrival.entry.id)) if continues else None
        record = episode.closed(mind.name, boundary, next_id, epoch=epoch)
        ledger.episodes[episode.id] = record
        done.closed.append(record[0])
        mind.ended(episode)
        mind.episode = None
        if mind.lapses:
            self.close_coarse(mind, boundary, arrival, ledger, continues=False)
        mind.working.at_boundary()
        if not goes_on(boundary.type):
            mind.thread.end()


def as_stored(mind: Mind, entry: str, cuts: Sequence[Cut], stored: str) -> tuple[list[Cut], str]:
    """The boundaries that agree with the episode in which a memory was written before a crash, and the id
    under which the one that begins with this entry is known.

    The mind folds as it did before, from almost the same numbers (what is stored has half the
    precision). A memory that moved later is in the open episode for now and will move again.
    """
    assert mind.episode is not None
    if stored == mind.episode.id:
        return [], ""
    last = cuts[-1].entry if cuts else ""
    earlier = stored == mind.episode.previous_id
    if last == entry:
        return list(cuts), "" if earlier else stored
    if last and stored == episode_id(mind.name, last):
        return list(cuts), ""
    if earlier:
        return [], ""
    if stored in {episode_id(mind.name, each) for each in (entry, *(m.entry for m in mind.episode.members))}:
        return list(cuts), ""
    again = Boundary(type=BoundaryType.PREDICTION_ERROR, trigger="as stored")
    return [Cut(again, entry)], stored
