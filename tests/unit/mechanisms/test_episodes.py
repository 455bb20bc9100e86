"""What an episode says of itself when it closes."""

import math

import numpy as np
import pytest

from cognition.mechanisms.episodes import CANDIDATES_MAX, EpisodeTally, phrase
from schemas.episode import EmotionalSummary

E = np.eye(8, dtype=np.float32)


def add(
    tally: EpisodeTally,
    vector: np.ndarray,
    content: str = "",
    *,
    valence: float = 0.0,
    arousal: float = 0.5,
    salience: float = 0.5,
    at: float = 0.0,
) -> None:
    tally.add(vector, valence, arousal, content, salience, at)


def test_an_empty_episode_has_no_centre_and_no_words() -> None:
    tally = EpisodeTally(8)
    assert tally.centroid() is None
    assert (tally.label(), tally.gist(), tally.emotion()) == ("", "", EmotionalSummary())


def test_the_centroid_is_the_mean_of_all_members() -> None:
    tally = EpisodeTally(8)
    for vector in (E[0], E[0], E[1]):
        add(tally, vector)
    assert tally.centroid() == pytest.approx(np.array([2, 1, 0, 0, 0, 0, 0, 0]) / math.sqrt(5))
    add(tally, E[1])
    assert tally.centroid() == pytest.approx((E[0] + E[1]) / math.sqrt(2))


def test_opposites_are_stood_for_by_the_last_never_by_zeros() -> None:
    tally = EpisodeTally(8)
    add(tally, E[0])
    add(tally, -E[0])
    assert np.array_equal(tally.centroid(), -E[0])


def test_feelings_are_summed_up() -> None:
    tally = EpisodeTally(8)
    add(tally, E[0], valence=0.4, arousal=0.9)
    add(tally, E[0], valence=-0.8, arousal=0.6)
    add(tally, E[0], valence=0.1, arousal=0.1)
    summary = tally.emotion()
    assert (summary.peak_valence, summary.peak_arousal) == (-0.8, 0.9)
    assert summary.mean_valence == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("valence", "arousal", "name"),
    [
        (0.9, 0.5, "happy"),
        (0.8, 0.9, "excited"),
        (0.1, 1.0, "alert"),
        (-0.8, 0.9, "distressed"),
        (-0.9, 0.5, "unhappy"),
        (-0.7, 0.15, "sad"),
        (-0.1, 0.05, "tired"),
        (0.7, 0.15, "calm"),
        (0.05, 0.5, "neutral"),
        (0.0, 1.0, "neutral"),
    ],
)
def test_each_octant_of_the_circumplex_has_a_name(valence: float, arousal: float, name: str) -> None:
    tally = EpisodeTally(8)
    add(tally, E[0], valence=valence, arousal=arousal)
    add(tally, E[0])
    assert tally.emotion().dominant_emotion == name


def test_the_label_is_a_phrase_of_the_most_central_member() -> None:
    tally = EpisodeTally(8)
    add(tally, E[3], "By the way, the kettle is broken.")
    for _ in range(5):
        add(tally, E[0], "Ok.")
    add(tally, E[0], "We painted the boat today. It took long.", salience=0.6)
    add(tally, E[0], "The boat needs another coat.")
    assert tally.label() == "We painted the boat today"


def test_salience_decides_among_the_equally_central() -> None:
    tally = EpisodeTally(8)
    add(tally, E[0], "The weather at the harbour was fine.")
    add(tally, E[0], "Carolina won the regatta of the year.", salience=0.9)
    assert tally.label() == "Carolina won the regatta of the year"


def test_the_gist_keeps_the_order_and_says_nothing_twice() -> None:
    tally = EpisodeTally(8)
    add(tally, E[0], "First we sanded the hull down.")
    add(tally, E[0], "First we sanded the hull down.", salience=0.9)
    add(tally, E[0], "Then we painted the whole boat.", salience=0.8)
    assert tally.gist() == "First we sanded the hull down / Then we painted the whole boat"


def test_candidates_are_bounded_and_the_central_ones_stay() -> None:
    tally = EpisodeTally(8)
    for number in range(4 * CANDIDATES_MAX):
        vector = E[0] if number % 2 else E[1 + number % 7]
        add(tally, vector, f"Member number {number} of the episode says this.")
    assert len(tally._best) == CANDIDATES_MAX
    number = int(tally.label().split()[2])
    assert number % 2


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Yes. We went to the harbour. And home.", "Yes. We went to the harbour"),
        ("one two three four five six seven", "one two three four…"),
        ("x" * 50, "x" * 19 + "…"),
        ("First line of the text\nsecond", "First line of the…"),
        ("   ", ""),
    ],
)
def test_a_phrase_opens_the_text(text: str, cut: str) -> None:
    assert phrase(text, 20 if cut.endswith("…") else 60) == cut


def test_a_snapshot_goes_on_as_if_nothing_had_happened() -> None:
    rng = np.random.default_rng(7)
    rows = rng.standard_normal((60, 8)).astype(np.float32)
    straight, resumed = EpisodeTally(8), EpisodeTally(8)
    for number, row in enumerate(rows):
        for tally in (straight, resumed):
            add(
                tally,
                row,
                f"text {number} of some length here",
                valence=float(row[0]) / 9,
                salience=number % 3 / 3,
            )
        resumed = EpisodeTally.restore(resumed.snapshot())
    assert resumed.snapshot() == straight.snapshot()
    assert (resumed.label(), resumed.gist(), resumed.emotion()) == (
        straight.label(),
        straight.gist(),
        straight.emotion(),
    )
    assert EpisodeTally.restore(EpisodeTally(8).snapshot()).centroid() is None


def test_a_copy_goes_on_by_itself() -> None:
    rng = np.random.default_rng(8)
    rows = rng.standard_normal((40, 8)).astype(np.float32)
    tally, alone = EpisodeTally(8), EpisodeTally(8)
    for number, row in enumerate(rows[:20]):
        for each in (tally, alone):
            add(each, row, f"text {number} of some length here", valence=float(row[0]) / 9)
    before, twin = tally.snapshot(), tally.copy()
    assert twin.snapshot() == before
    for number, row in enumerate(rows[20:]):
        for each in (twin, alone):
            add(each, row, f"more {number} of some length here", salience=0.9)
    assert tally.snapshot() == before
    assert twin.snapshot() == alone.snapshot()
