"""The open episode's running account, and what it says of the whole when it closes.

Knows members as they come, in sums and a few candidates; it keeps no list of them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cognition.mechanisms.salience import emotional_intensity
from cognition.mechanisms.vectors import DIMENSION, Dense
from schemas.episode import EmotionalSummary

CANDIDATES_MAX = 16
"""Members whose words may name the episode; each costs about 1.8 KB while it is open."""

MERGED_MAX = 6
"""Candidates of an account of several episodes: what names the whole is among the best of its parts."""

PREVIEW_LENGTH_MAX = 240
"""Characters of a candidate's content that are kept."""

LABEL_LENGTH_MAX = 60
GIST_LENGTH_MAX = 400
GIST_MEMBERS = 3
"""A label is one phrase; a gist the opening of the three most central members."""

GIST_PARTED = " / "
"""Between the phrases of a gist."""

MEAN_NORM_MIN = 1e-6
"""A shorter mean has no direction: the members cancel out."""

NEUTRAL_RADIUS = 0.1
"""Feelings nearer than this to the centre of the circumplex have no name."""

_EMOTIONS = ("happy", "excited", "alert", "distressed", "unhappy", "sad", "tired", "calm")
_SENTENCE_END = re.compile(r"(?<=[.!?;。！？])\s+|\n+")
_SHORT_PHRASE = 16


class _Candidate(NamedTuple):
    merit: float
    number: int
    salience: float
    preview: str
    vector: NDArray[np.float16]


class EpisodeTally:
    """Sums over the members of an open episode, in constant space.

    Invariants: independent of how often it is asked; restored from a snapshot it continues to
    the last bit; the centroid is the mean of all members, whatever their number.
    """

    __slots__ = (
        *("_best", "_centroid", "_feeling", "_last", "_sum", "count", "ended_at", "peak_arousal"),
        *("peak_valence", "started_at", "valence_sum"),
    )

    def __init__(self, dimension: int = DIMENSION) -> None:
        self.count = 0
        self.started_at = math.inf
        self.ended_at = -math.inf
        self.peak_valence = 0.0
        self.peak_arousal = 0.0
        self.valence_sum = 0.0
        self._feeling = (0.0, 0.0, 0.0)
        self._sum: NDArray[np.float32] = np.zeros(dimension, dtype=np.float32)
        self._last: Dense | None = None
        self._centroid: Dense | None = None
        self._best: list[_Candidate] = []

    def add(
        self, vector: Dense, valence: float, arousal: float, content: str, salience: float, at: float
    ) -> None:
        """Count one member: vector (d,) of unit length, feeling, words, salience 0..1, event time in s."""
        self._consider(vector, content, salience)
        np.add(self._sum, vector, out=self._sum)
        self._last = vector
        self._centroid = None
        self.count += 1
        self.started_at = min(self.started_at, at)
        self.ended_at = max(self.ended_at, at)
        if abs(valence) > abs(self.peak_valence):
            self.peak_valence = valence
        self.peak_arousal = max(self.peak_arousal, arousal)
        self.valence_sum += valence
        felt = emotional_intensity(valence, arousal)
        if felt:
            total, pleasure, activation = self._feeling
            self._feeling = total + felt, pleasure + felt * valence, activation + felt * (2.0 * arousal - 1.0)

    def merge(self, other: EpisodeTally) -> None:
        """Count all members of another account after those of this one."""
        if not other.count:
            return
        np.add(self._sum, other._sum, out=self._sum)
        self._last, self._centroid = other._last, None
        after = [each._replace(number=self.count + each.number) for each in other._best]
        best = sorted([*self._best, *after], key=lambda each: (-each.merit, each.number))[:MERGED_MAX]
        self._best = sorted(best, key=lambda each: each.number)
        self.count += other.count
        self.started_at = min(self.started_at, other.started_at)
        self.ended_at = max(self.ended_at, other.ended_at)
        if abs(other.peak_valence) > abs(self.peak_valence):
            self.peak_valence = other.peak_valence
        self.peak_arousal = max(self.peak_arousal, other.peak_arousal)
        self.valence_sum += other.valence_sum
        felt, pleasure, activation = self._feeling
        total, x, y = other._feeling
        self._feeling = felt + total, pleasure + x, activation + y

    def copy(self) -> EpisodeTally:
        """Another account of the same members, which goes on by itself."""
        twin = EpisodeTally.__new__(EpisodeTally)
        for name in self.__slots__:
            setattr(twin, name, getattr(self, name))
        twin._sum, twin._best = self._sum.copy(), [*self._best]
        return twin

    def centroid(self) -> Dense | None:
        """Direction of the mean of all members, (d,) of unit length; None while there is none.

        .. math:: \\bar v = \\sum_i v_i \\,/\\, \\lVert \\sum_i v_i \\rVert

        Where the members cancel out (opposites), the last member stands for them: never zeros.
        """
        if self._centroid is None and self._last is not None:
            norm = math.sqrt(float(self._sum.dot(self._sum)))
            if norm / self.count < MEAN_NORM_MIN:
                self._centroid = self._last
            else:
                self._centroid = self._sum * np.float32(1.0 / norm)
        return self._centroid

    def emotion(self) -> EmotionalSummary:
        """Peak valence (of largest magnitude), peak arousal, mean valence, and the dominant feeling.

        Members count by emotional intensity |v| a; the mean's octant in the plane of valence and
        2 a - 1 names the feeling (Russell 1980); near the centre, and without feeling, "neutral".
        """
        if not self.count:
            return EmotionalSummary()
        return EmotionalSummary(
            peak_valence=self.peak_valence,
            peak_arousal=self.peak_arousal,
            mean_valence=self.valence_sum / self.count,
            dominant_emotion=self._dominant(),
        )

    def label(self) -> str:
        """The opening phrase of the member that is most central and salient; "" if none has words."""
        ranked = self._ranked()
        return named(ranked[0].preview) if ranked else ""

    def gist(self) -> str:
        """The opening phrases of the most central members, in the order in which they came."""
        said: dict[str, int] = {}
        for member in self._ranked():
            said.setdefault(opening(member.preview), member.number)
            if len(said) == GIST_MEMBERS:
                break
        return GIST_PARTED.join(sorted(said, key=said.__getitem__))

    def snapshot(self) -> dict[str, Any]:
        """The whole state in plain values, 6 to 35 KB."""
        return {
            "times": [self.started_at, self.ended_at] if self.count else [],
            "count": self.count,
            "emotion": [self.peak_valence, self.peak_arousal, self.valence_sum, *self._feeling],
            "sum": self._sum.astype("<f4").tobytes(),
            "last": b"" if self._last is None else self._last.astype("<f4").tobytes(),
            "best": [[*c[:4], c.vector.astype("<f2").tobytes()] for c in self._best],
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> EpisodeTally:
        """What `snapshot` wrote."""
        sums = np.frombuffer(state["sum"], "<f4").astype(np.float32)
        tally = cls(sums.size)
        tally._sum = sums
        tally.count = state["count"]
        tally.started_at, tally.ended_at = state["times"] or (math.inf, -math.inf)
        tally.peak_valence, tally.peak_arousal, tally.valence_sum, *feeling = state["emotion"]
        tally._feeling = (feeling[0], feeling[1], feeling[2])
        tally._last = np.frombuffer(state["last"], "<f4").astype(np.float32) if state["last"] else None
        tally._best = [
            _Candidate(merit, number, salience, preview, np.frombuffer(data, "<f2").astype(np.float16))
            for merit, number, salience, preview, data in state["best"]
        ]
        return tally

    def _consider(self, vector: Dense, content: str, salience: float) -> None:
        """Keep the member as a candidate if it has words and is nearer than the least of those kept."""
        if not content:
            return
        centroid = self.centroid()
        near = 0.5 if centroid is None else float(vector.dot(centroid))
        merit = 0.5 * near + 0.5 * salience
        if len(self._best) == CANDIDATES_MAX:
            least = min(self._best)
            if merit <= least.merit:
                return
            self._best.remove(least)
        half = vector.astype(np.float16)
        self._best.append(_Candidate(merit, self.count, salience, content[:PREVIEW_LENGTH_MAX], half))

    def _ranked(self) -> list[_Candidate]:
        """Candidates by nearness to the true centroid and salience, best first; asides come last."""
        centroid = self.centroid()
        if centroid is None or not self._best:
            return []
        near = np.stack([c.vector for c in self._best]).astype(np.float32) @ centroid
        merits = [0.5 * n + 0.5 * c.salience for n, c in zip(near.tolist(), self._best, strict=True)]
        order = sorted(
            range(len(merits)),
            key=lambda i: (aside(self._best[i].preview), -merits[i], self._best[i].number),
        )
        return [self._best[i] for i in order]

    def _dominant(self) -> str:
        total, pleasure, activation = self._feeling
        if total == 0.0:
            return "neutral"
        x, y = pleasure / total, activation / total
        if math.hypot(x, y) < NEUTRAL_RADIUS:
            return "neutral"
        return _EMOTIONS[round(math.atan2(y, x) / (math.pi / 4.0)) % 8]


def aside(preview: str) -> bool:
    """Whether words are too few to say what an episode is about, where others say more."""
    return len(preview) < _SHORT_PHRASE


def named(content: str) -> str:
    """What a member says as the label of its episode."""
    return phrase(content[:PREVIEW_LENGTH_MAX], LABEL_LENGTH_MAX)


def opening(content: str) -> str:
    """What a member says in the gist of its episode."""
    return phrase(content[:PREVIEW_LENGTH_MAX], GIST_LENGTH_MAX // GIST_MEMBERS - len(GIST_PARTED))


def phrase(text: str, length_max: int) -> str:
    """The opening of a text: whole sentences while short, cut at a word within `length_max` characters."""
    opening = ""
    for sentence in _SENTENCE_END.split(text.strip()):
        opening = f"{opening} {sentence.strip()}".strip()
        if len(opening) >= _SHORT_PHRASE:
            break
    if len(opening) <= length_max:
        return opening.rstrip(".;,: ")
    cut = opening[: length_max - 1]
    return cut.rpartition(" ")[0].rstrip(".;,: ") + "…" if " " in cut else cut + "…"
