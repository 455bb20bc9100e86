"""Causes: what else than the meaning speaks for a boundary before a percept, in the units of its score.

One score at both scales: the prediction error in units of z, and so much for each cause. At the fine
scale some of them are enough by themselves. Knows no percepts and no episodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.episode import BoundaryType

SHIFT = 2.0
"""What a change of place, task or people, or the end of a task, adds to the score of its gap (measured on
sherlock-events, the one set with places; 1.5 to 3 differ by less than their intervals)."""

SUPPORT = 0.6
"""What a change of source adds, and a silence that is not yet one: half of the fine threshold. An agent
hears voice, calendar and mail of one event, so the source counts only where the meaning changes too."""

ALWAYS = 8.0
"""What an explicit mark counts, and from where on a cause is a boundary at the coarse scale by itself: no
percept of the sets that were measured has a prediction error above 7."""

COARSE_GAPS = 4.0
"""At the coarse scale a silence is one from so many gaps on: two hours at least in conversation, where one
gap is half an hour. By one gap alone the mornings and afternoons of a diary were coarse episodes of a memory
or two each (a choice, ADR 22: no set that was measured has both silences and scenes)."""

MEANT = "the meaning changed"
MEANING, CUE = "meaning", "cue"
MARK, SILENCE, LENGTH, COMPLETION, BEGUN = "mark", "silence", "length", "task completion", "begun"

_USUAL = 8.0
"""A silence adds to the score from this share of the gap on: a stream's own interval is the gap / 8
before anything is known of it (see `rhythm`)."""

TYPES: Mapping[str, BoundaryType] = {
    MEANING: BoundaryType.PREDICTION_ERROR,
    CUE: BoundaryType.PREDICTION_ERROR,
    MARK: BoundaryType.EXPLICIT,
    SILENCE: BoundaryType.TEMPORAL,
    LENGTH: BoundaryType.TEMPORAL,
    COMPLETION: BoundaryType.TASK_COMPLETION,
    "source": BoundaryType.SOURCE_CHANGE,
}
"""The type of each part of a score; every other one is a change of context."""


class Cause(NamedTuple):
    """One cause: its name among the parts of a score, how much it adds to it, what a person reads, and
    whether it is enough by itself at the fine scale."""

    type: BoundaryType
    name: str
    trigger: str
    weight: float
    enough: bool = True

    @property
    def always(self) -> bool:
        """Whether it is a boundary at every scale."""
        return self.weight >= ALWAYS


def shifted(kind: BoundaryType, key: str, trigger: str) -> Cause:
    """Something of the situation changed."""
    if kind is BoundaryType.SOURCE_CHANGE:
        return Cause(kind, key, trigger, SUPPORT, enough=False)
    return Cause(kind, key, trigger, SHIFT)


def completed(trigger: str) -> Cause:
    """The task is over."""
    return Cause(BoundaryType.TASK_COMPLETION, COMPLETION, trigger, SHIFT)


def marked(trigger: str) -> Cause:
    """Somebody says that here is a boundary."""
    return Cause(BoundaryType.EXPLICIT, MARK, trigger, ALWAYS)


def ending(kind: BoundaryType) -> Cause:
    """What was said with the percept before ends its episode."""
    return marked("end") if kind is BoundaryType.EXPLICIT else completed("task done")


def going_on() -> Cause:
    """Somebody said that an event of this name begins, and not yet that it ends: that counts as much against
    a boundary as a mark counts for one."""
    return Cause(BoundaryType.EXPLICIT, BEGUN, "", -ALWAYS, enough=False)


def long(length: int) -> Cause:
    """The episode has as many percepts as one may have."""
    return Cause(BoundaryType.TEMPORAL, LENGTH, f"length {length}", 0.0)


def silent(seconds: float, gap_s: float) -> Cause | None:
    r"""So much time lies between two percepts (negative: it went back), where `gap_s` ends an episode.

    .. math:: w = 2 (1 + \log_2 (t / gap)) \; (t \ge gap), \qquad
              w = .6 \, \ln(8 t / gap) / \ln 8 \; (gap / 8 < t < gap)

    at most `ALWAYS`: eight gaps are a boundary at every scale. None where it adds nothing.
    """
    share = abs(seconds) / gap_s
    trigger = f"{seconds:.0f} s apart"
    if share >= 1.0:
        weight = min(ALWAYS, SHIFT * (1.0 + math.log2(share)))
        return Cause(BoundaryType.TEMPORAL, SILENCE, trigger, weight)
    if share * _USUAL <= 1.0:
        return None
    weight = SUPPORT * math.log(share * _USUAL) / math.log(_USUAL)
    return Cause(BoundaryType.TEMPORAL, SILENCE, trigger, weight, enough=False)


def leading(causes: Iterable[Cause], parts: Mapping[str, float]) -> tuple[BoundaryType, str]:
    """What a boundary of these parts is named after: what speaks most for it, and what a person reads."""
    most = max(parts, key=parts.__getitem__)
    said = {cause.name: cause.trigger for cause in causes}
    return TYPES.get(most, BoundaryType.CONTEXT_SHIFT), said.get(most, MEANT)


def rows(causes: Iterable[Cause]) -> list[list[Any]]:
    """Causes in plain values."""
    return [[str(cause.type), *cause[1:]] for cause in causes]


def from_rows(kept: Iterable[Sequence[Any]]) -> tuple[Cause, ...]:
    """What `rows` wrote."""
    return tuple(Cause(BoundaryType(kind), *rest) for kind, *rest in kept)
