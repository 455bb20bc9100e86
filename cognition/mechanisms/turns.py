"""Turns: what the memories of one thread hand to each other, so that each is found by what it meant.

"Yes, in Lisbon!" answers a question that holds all of its words; the next turn tells more of the same.
Knows the term counts of the last few turns, in order; knows no store, no vectors, no language.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cognition.mechanisms.evidence import (
    CONTEXT_MIN,
    GATE_LENGTH,
    gate,
    length_norm,
    noisy_or,
    on_grid,
    saturated,
)

REACH = 4
"""Turns back that a reply reaches, and so the predecessors that one more turn may change."""

REPLY_DECAY = 0.5
"""What is left of a reply's link for each turn that its speaker already spent on it (ADR 14)."""

GIVEN_SHARE = 0.8
"""Of a question's evidence, what it loses once its reply takes all of it (ADR 14)."""

NEED = 1.25
"""A reply needs its question more than it needs its neighbours: all of it up to 31 terms, not 25. With 1
leaving out conservation gained LoCoMo .002 of R@1; with 1.25 LoCoMo is .4584/.7505/.8335, BEAM
.2793/.5473/.620, with 1.5 .4594 and .2708 of R@1 (ADR 14)."""

NEAR = 2
"""Turns to either side whose words count as context."""

NEAR_SHARE = 0.3
NEAR_DECAY = 0.5
"""Of a neighbour's evidence, what the next turn has of it, and what is left one turn further (ADR 14)."""

MECHANISMS = frozenset({"drift", "lexical_context", "length_gate", "conservation", "question_inheritance"})
"""What may be left out at encoding, by name (`minds.without`)."""

Changes = dict[int, tuple[float, float]]
"""Term -> its weight before and after; 0 where it is absent."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which ingredients act. The defaults are the whole rule; `rule_without` leaves some out."""

    gate_length: float = GATE_LENGTH
    near_share: float = NEAR_SHARE
    inherits: bool = True
    conserves: bool = True


def rule_without(names: Collection[str]) -> Rule:
    """The rule without these mechanisms (of `MECHANISMS`)."""
    return Rule(
        gate_length=math.inf if "length_gate" in names else GATE_LENGTH,
        near_share=0.0 if "lexical_context" in names else NEAR_SHARE,
        inherits="question_inheritance" not in names,
        conserves="conservation" not in names,
    )


@dataclass(slots=True)
class Turn:
    """One memory of the thread: its own term counts, and what it gave and was given so far.

    `norm` is K, `gate` g, `run` how many turns its actor had spoken just before it, `given` d (what
    its replies took), `shared` g x by term; `own` is e by term and `weights` what is stored of it.
    """

    memory_id: str
    actor: str
    stated: dict[int, int]
    asked: dict[int, int]
    norm: float
    gate: float
    run: int = 0
    given: float = 0.0
    shared: dict[int, float] = field(default_factory=dict)
    own: dict[int, float] = field(default_factory=dict)
    weights: dict[int, float] = field(default_factory=dict)

    def remember(self) -> None:
        """Own evidence: asked words count less the more of them was handed to the replies."""
        norm, left = self.norm, 1.0 - GIVEN_SHARE * self.given
        self.own = {term: tf / (tf + norm) for term, tf in self.stated.items()}
        for term, asked in self.asked.items():
            self.own[term] = saturated(self.stated.get(term, 0) + left * asked, norm)

    def weigh(self) -> None:
        """Give every term of which the memory speaks its weight."""
        shared = self.shared
        weights = {term: on_grid(own) for term, own in self.own.items() if term not in shared}
        for term, value in shared.items():
            own = self.own.get(term)
            if own is not None or value >= CONTEXT_MIN:
                weights[term] = noisy_or(own or 0.0, value)
        self.weights = weights

    def weigh_again(self, terms: Iterable[int]) -> Changes:
        """The same for some terms; what changed."""
        changes: Changes = {}
        weights, shared = self.weights, self.shared
        for term in terms:
            own, value = self.own.get(term), shared.get(term, 0.0)
            if own is not None or value >= CONTEXT_MIN:
                before, after = weights.get(term, 0.0), noisy_or(own or 0.0, value)
                if before != after:
                    weights[term] = after
                    changes[term] = (before, after)
        return changes


@dataclass(frozen=True, slots=True)
class Taken:
    """What one more turn led to: its own weights, the changes of earlier memories by id, its gate, and
    whether questions handed their evidence to it."""

    weights: dict[int, float]
    changed: dict[str, Changes]
    gate: float
    answers: bool


class Turns:
    """The last turns of a thread, each with the weights that are stored of it.

    With own evidence e and gate g (`evidence`), and rho(i <- j) = .5^k where j lies in the run of turns
    of another actor just before i's own run, at most 4 back, and k own turns were spoken in between:

    .. math::
        d_j = \\max_i \\rho(i \\leftarrow j)\\, \\min(1, 1.25\\, g_i), \\qquad
        e_{jt} = \\mathrm{sat}(tf^{stated}_{jt} + (1 - .8\\, d_j)\\, tf^{asked}_{jt}) \\\\
        x_{it} = \\max(.3 \\cdot .5^{o-1} \\mathrm{sat}(tf_{i \\pm o, t}),\\ o = 1, 2;\\quad
        \\rho(i \\leftarrow j)\\, \\mathrm{sat}(tf^{asked}_{jt})) \\\\
        w_{it} = 1 - (1 - e_{it})(1 - g_i x_{it})

    So a question hands its evidence to its reply, as far as the reply needs it (conservation), and a
    turn that says little takes in the words around it (length gate).

    Invariants: 0 < w <= 1; own terms are always among the weights; what is stored in the end depends
    on the thread alone, not on how it was cut into batches; one more turn changes at most `REACH`
    earlier ones; restored from a snapshot it continues to the last bit.
    """

    __slots__ = ("_full", "_turns", "rule")

    def __init__(self, rule: Rule = Rule()) -> None:
        self.rule = rule
        self._turns: list[Turn] = []
        self._full: list[dict[int, float]] = []

    def take(
        self,
        memory_id: str,
        actor: str,
        stated: Mapping[int, int],
        asked: Mapping[int, int],
        mean_length: float,
    ) -> Taken:
        """The next turn: its term counts (term id -> times) and the mean length of the mind's memories."""
        length = sum(stated.values()) + sum(asked.values())
        turn = Turn(
            memory_id,
            actor,
            dict(stated),
            dict(asked),
            norm=length_norm(length, mean_length),
            gate=gate(length, self.rule.gate_length),
            run=self._run(actor),
        )
        full = _full(turn)
        turn.own = full
        touched: dict[str, set[int]] = {}
        if self.rule.near_share:
            self._near(turn, full, touched)
        answers = self.rule.inherits and self._reply(turn, touched)
        turn.weigh()
        changed = self._changed(touched)
        self._turns.append(turn)
        self._full.append(full)
        del self._turns[: -REACH - 1], self._full[:-NEAR]
        return Taken(turn.weights, changed, turn.gate, answers)

    def end(self) -> None:
        """The thread ends: what comes next has nothing to do with it."""
        self._turns.clear()
        self._full.clear()

    def weights(self, memory_id: str) -> dict[int, float] | None:
        """The weights, kept up to date, of a turn that the last one could change, or of that itself."""
        return next((turn.weights for turn in self._turns if turn.memory_id == memory_id), None)

    def _run(self, actor: str) -> int:
        last = self._turns[-1] if self._turns else None
        return min(last.run + 1, REACH) if last is not None and last.actor == actor else 0

    def _near(self, turn: Turn, full: Mapping[int, float], touched: dict[str, set[int]]) -> None:
        """Words of the turns next to each other, both ways."""
        share = self.rule.near_share
        for earlier, words in zip(self._turns[: -NEAR - 1 : -1], self._full[::-1], strict=True):
            _share(turn, words, share)
            found = _share(earlier, full, share)
            if found:
                touched.setdefault(earlier.memory_id, set()).update(found)
            share *= NEAR_DECAY

    def _reply(self, turn: Turn, touched: dict[str, set[int]]) -> bool:
        """What the turns that this one replies to have asked goes over to it; whether they asked."""
        answers = False
        before = self._turns[: len(self._turns) - turn.run][::-1][: REACH - turn.run]
        rho = REPLY_DECAY**turn.run
        for asking in before:
            if asking.actor != before[0].actor:
                break
            if not asking.asked:
                continue
            answers = True
            _share(turn, {t: saturated(tf, asking.norm) for t, tf in asking.asked.items()}, rho)
            given = rho * (needs(turn.gate) if self.rule.conserves else 1.0)
            if given > asking.given:
                asking.given = given
                asking.remember()
                touched.setdefault(asking.memory_id, set()).update(asking.asked)
        return answers

    def _changed(self, touched: Mapping[str, set[int]]) -> dict[str, Changes]:
        changed: dict[str, Changes] = {}
        for turn in self._turns:
            changes = turn.weigh_again(touched.get(turn.memory_id, ()))
            if changes:
                changed[turn.memory_id] = changes
        return changed

    def snapshot(self) -> list[list[Any]]:
        """The whole state in plain values: a few kilobytes for turns of a few dozen terms."""
        return [
            [t.memory_id, t.actor, t.stated, t.asked, t.norm, t.gate, t.run, t.given, t.shared]
            for t in self._turns[-REACH:]
        ]

    @classmethod
    def restore(cls, state: Sequence[Sequence[Any]], rule: Rule = Rule()) -> Turns:
        """What `snapshot` wrote, under this rule from now on."""
        turns = cls(rule)
        for row in state:
            turn = Turn(*row)
            turn.remember()
            turn.weigh()
            turns._turns.append(turn)
        turns._full = [_full(turn) for turn in turns._turns[-NEAR:]]
        return turns


def handed_over(
    stated: Mapping[int, int], asked: Mapping[int, int], weights: Mapping[int, float], mean_length: float
) -> float:
    """How far its replies took over what a turn asks, by its stored weights: d, 0..1; 0 if it asks nothing.

    .. math::
        d \\approx \\max_t \\frac{1}{.8}\\left(1 -
        \\frac{K w_t / (1 - w_t) - tf^{stated}_t}{tf^{asked}_t}\\right)

    A word that the turn also has from around it says too little, so the largest counts (on LoCoMo and BEAM
    .03 from d on average).

    Parameters
    ----------
    stated, asked : its term counts. weights : of its terms, as stored (`Turn.weights`).
    mean_length : of the mind's memories when it came.
    """
    norm = length_norm(sum(stated.values()) + sum(asked.values()), mean_length)
    given = 0.0
    for term, count in asked.items():
        weight = weights.get(term, 1.0)
        if weight < 1.0:
            left = (norm * weight / (1.0 - weight) - stated.get(term, 0)) / count
            given = max(given, (1.0 - left) / GIVEN_SHARE)
    return min(1.0, given)


def needs(gate: float) -> float:
    """How much of its question a reply of this gate needs, 0..1."""
    return min(1.0, NEED * gate)


def _full(turn: Turn) -> dict[int, float]:
    """Evidence of all of a turn's words, however they were meant."""
    norm, asked = turn.norm, turn.asked
    full = {term: tf / (tf + norm) for term, tf in turn.stated.items()}
    for term, tf in asked.items():
        full[term] = saturated(tf + turn.stated.get(term, 0), norm)
    return full


def _share(turn: Turn, words: Mapping[int, float], share: float) -> list[int]:
    """Let a turn have its share of these words; the terms for which it is more than it had.

    What can neither stand alone nor add to a word of its own is not held.
    """
    factor, own, shared = share * turn.gate, turn.own, turn.shared
    alone = bool(words) and factor * max(words.values()) >= CONTEXT_MIN
    found = []
    for term in words if alone else words.keys() & own.keys():
        value = factor * words[term]
        if (value >= CONTEXT_MIN or term in own) and value > shared.get(term, 0.0):
            shared[term] = value
            found.append(term)
    return found
