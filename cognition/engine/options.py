"""What a person may set of the engine: limits and thresholds, each with its default."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from cognition.mechanisms.attention import FORGET_BELOW, WINDOW_PERCEPTS, WINDOW_S, Mode, Rules
from cognition.mechanisms.salience import CONSOLIDATE_FROM
from schemas.base import Config

ModeName = Literal["retain", "compete"]
LanguageName = Literal["english", "german", "spanish", "french", "plain"]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Unit = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


Cause = Literal["gap", "place", "task", "people", "source"]
"""What may end an episode beside meaning and marks, by name."""


class EpisodeOptions(Config, frozen=True, kw_only=True):
    """How the flow is cut into episodes. A boundary of meaning may be put up to `late` percepts back (0, 2
    or 4: what follows shows it better); `learned` off judges by the plain cosine
    alone, `cue` off does not count what closes and opens episodes, `running_z` off does not hold
    a gap against the last ones of its stream (ADR 18, 19). The `scale` both holds fine episodes in coarse
    ones (ADR 22).
    `without` names what counts for no boundary: a silence, or a change of these."""

    profile: Literal["conversation", "assistant", "sensors"] = "conversation"
    prediction_error: bool = True
    late: Literal[0, 2, 4] = 2
    learned: bool = True
    cue: bool = True
    running_z: bool = True
    scale: Literal["fine", "both"] = "both"
    without: tuple[Cause, ...] = ()
    idle_check_s: Positive = 30.0


class AttentionOptions(Config, frozen=True, kw_only=True):
    """What becomes of a percept.

    Within `echo_window_s` of event time the same content by the same actor is an echo: it
    strengthens the memory that exists. A percept may claim to come from at most
    `future_max_s` ahead of the clock.

    `mode` retain: everything admitted becomes a memory, but for `archive_low_salience`, which archives what
    lies below `forget_below`. compete: within a window (`window_s` of event time, or `window_percepts`) the
    best and what reaches `consolidate_from` become memories, what lies below `forget_below` is archived,
    the rest lives in the stream alone. `modes` (mind -> mode) says otherwise for single minds.
    """

    mode: ModeName = "retain"
    modes: dict[str, ModeName] = {}
    archive_low_salience: bool = False
    forget_below: Unit = FORGET_BELOW
    consolidate_from: Unit = CONSOLIDATE_FROM
    window_s: Positive = WINDOW_S
    window_percepts: Count = WINDOW_PERCEPTS

    echo_window_s: Annotated[float, msgspec.Meta(ge=0.0)] = 60.0
    echo_entries_max: Count = 256
    future_max_s: Positive = 86_400.0

    def __post_init__(self) -> None:
        if self.forget_below > self.consolidate_from:
            raise ValueError(
                f"forget_below {self.forget_below:g} is above consolidate_from {self.consolidate_from:g}: "
                "what is forgotten would be consolidated"
            )

    def rules_of(self, mind: str) -> Rules:
        """How this mind attends."""
        return Rules(
            mode=Mode(self.modes.get(mind, self.mode)),
            archive=self.archive_low_salience,
            forget_below=self.forget_below,
            consolidate_from=self.consolidate_from,
            window_s=self.window_s,
            window_percepts=self.window_percepts,
        )


AtCue = Literal[
    "dense",
    "lexical",
    "actor",
    "time",
    "episode_prior",
    "episode",
    "working_memory",
    "routes",
    "mention",
    "spreading",
    "mood",
    "context_match",
    "superseded",
]
"""What acts at the cue, by name: `weighing.MECHANISMS`."""

InMind = Literal[
    "drift",
    "lexical_context",
    "length_gate",
    "conservation",
    "question_inheritance",
    "temporal",
    "emotional",
    "mention",
    "routes",
    "co_activation",
]
"""What acts on memories, by name: as they are encoded, in the background, and as reports are folded in."""


class RecallOptions(Config, frozen=True, kw_only=True):
    """How cues are answered. `lexical_weight` is that of shared words, against 1 of meaning; activation
    spreads over `spreading_depth` associations in a row, over none where it is 0. `without` is left out of
    every cue, beside what the cue itself leaves out."""

    lexical_weight: Positive = 0.5
    candidates: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 30
    spreading_depth: Annotated[int, msgspec.Meta(ge=0, le=3)] = 1
    concurrency: Count = 16
    without: tuple[AtCue, ...] = ()


class MindOptions(Config, frozen=True, kw_only=True):
    """How minds are held in memory and written down.

    What was encoded survives the death of the process at once, and loss of power from the next
    checkpoint on; until then its entries are not acknowledged and would be delivered again.
    `language` is what a mind speaks unless `languages` (mind -> language) says otherwise (ADR 17).
    `without` names what is left out: of what a memory takes in as it is encoded (ADR 14) or is bound to,
    and of what is formed and learned later (`mention`, `routes`, `co_activation`; what there is stays, and
    still acts at the cue unless `recall.without` says otherwise).
    `facts_max` memories are known by actor, time and episode without asking the store (300 bytes each).
    """

    resident_max: Count = 1_000
    facts_max: Count = 100_000
    working_memory: Annotated[int, msgspec.Meta(ge=3, le=9)] = 7
    checkpoint_s: Positive = 3.0
    checkpoint_entries: Count = 8_192
    without: tuple[InMind, ...] = ()
    language: LanguageName = "english"
    languages: dict[str, LanguageName] = {}

    def language_of(self, mind: str) -> LanguageName:
        """The language that this mind speaks."""
        return self.languages.get(mind, self.language)
