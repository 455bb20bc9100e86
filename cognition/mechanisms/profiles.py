"""Profiles: what ends an episode in one kind of stream. Knows settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cognition.errors import SettingsError

LENGTH_MAX = 500
"""Percepts of one episode; a longer one is cut, so that nothing about an episode is unbounded."""

THRESHOLD = 1.2
"""Score of the prediction error, in units of z, above which a gap can be a boundary (measured on
DialSeg711 and TIAGE with what the stream has taught; see benchmarks/README.md)."""

COARSE_SHARE = 5.0 / 3.0
"""The threshold of the coarse scale is so many times the fine one's: 2.0 in conversation. Read off
sherlock-events, the one set with places: Pk / F1 / F1 within one .243 / .481 / .558, where each change of
place is a boundary .281 / .393 / .479."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What ends an episode in one kind of stream.

    `gap_s` : silence in event time, seconds. `watched` : context keys (and ``source``) whose change
    is a boundary. `threshold` : z of the prediction error, above which it is one (infinity: never).
    `length_min` : percepts before prediction error may cut; `length_max` : percepts at most. `late` :
    by how many percepts a boundary of meaning may come late (0, 2 or 4): what follows shows it better.
    `cue` : whether what usually closes and opens an episode counts. `running` : whether a gap is held against
    the last ones of its stream. `coarse` : whether boundaries between larger episodes are told too.
    """

    name: str
    gap_s: float
    watched: tuple[str, ...]
    threshold: float = THRESHOLD
    length_min: int = 2
    length_max: int = LENGTH_MAX
    late: int = 2
    cue: bool = True
    coarse: bool = False
    running: bool = True

    @property
    def coarse_threshold(self) -> float:
        """Score above which a gap can be a boundary at the coarse scale."""
        return COARSE_SHARE * self.threshold


CONVERSATION = Profile("conversation", 1_800.0, ("place", "task", "people", "source"))
ASSISTANT = Profile("assistant", 1_800.0, ("place", "task", "people"))
SENSORS = Profile("sensors", 30.0, ("place", "task", "people"), threshold=3.0)
PROFILES: Mapping[str, Profile] = {p.name: p for p in (CONVERSATION, ASSISTANT, SENSORS)}
"""Conversation: 30 min of silence, or longer in a stream of a slower rhythm. Assistant: the same, but
sources alternate (user, tools) and do not count. Sensors: 30 s, sources interleave, high threshold."""


def profile_of(name: str) -> Profile:
    """The profile of this name; raises `SettingsError` that lists those there are."""
    if name not in PROFILES:
        raise SettingsError(f"segmentation profile {name!r} is unknown", remedy="Use " + ", ".join(PROFILES))
    return PROFILES[name]
