"""Where one episode ends and the next begins."""

import dataclasses
import itertools

import numpy as np
import pytest

from cognition.errors import SettingsError
from cognition.mechanisms.causes import ALWAYS, BEGUN, COARSE_GAPS, SHIFT, SUPPORT
from cognition.mechanisms.coarse import CHILDREN_MAX
from cognition.mechanisms.observation import Cut, Observation
from cognition.mechanisms.prediction import PredictionError
from cognition.mechanisms.profiles import ASSISTANT, CONVERSATION, PROFILES, SENSORS, Profile, profile_of
from cognition.mechanisms.running_z import PRIOR_MEAN
from cognition.mechanisms.segmentation import Segmenter
from schemas.episode import Boundary, BoundaryType, EpisodeScale
from schemas.percept import BoundaryMark

SAME = np.array([1.0, 0.0, 0.0], dtype=np.float32)
OTHER = np.array([0.0, 1.0, 0.0], dtype=np.float32)
_NUMBERS = itertools.count()


def seen(at: float = 0.0, vector: np.ndarray = SAME, **fields: object) -> Observation:
    return Observation(entry=f"e{next(_NUMBERS)}", at=at, vector=vector, **fields)  # type: ignore[arg-type]


def put(segmenter: Segmenter, observation: Observation) -> Boundary | None:
    """The boundary right before this percept."""
    cuts = segmenter.observe(observation)
    return next((cut.boundary for cut in cuts if cut.entry == observation.entry), None)


def marked(segmenter: Segmenter, mark: BoundaryMark, label: str = "") -> Boundary | None:
    return segmenter.mark(mark, label)[1]


def ticked(segmenter: Segmenter, now: float) -> Boundary | None:
    return segmenter.tick(now)[1]


def cause(profile: Profile, *observations: Observation) -> BoundaryType | None:
    """The cause of the cut before the last of these, which must be the only one."""
    segmenter = Segmenter(profile)
    boundaries = [put(segmenter, each) for each in observations]
    assert boundaries[:-1] == [None] * (len(boundaries) - 1)
    return boundaries[-1].type if boundaries[-1] else None


def test_the_first_percept_opens_without_a_boundary() -> None:
    segmenter = Segmenter()
    first = seen(5.0)
    assert not segmenter.is_open
    assert put(segmenter, first) is None
    assert (segmenter.is_open, segmenter.first_entry, segmenter.started_at) == (True, first.entry, 5.0)


def test_begin_cuts_before_and_names_the_new_episode() -> None:
    segmenter = Segmenter()
    put(segmenter, seen(label="old"))
    boundary = put(segmenter, seen(mark=BoundaryMark.BEGIN, label="survey"))
    assert boundary is not None
    assert (boundary.type, boundary.trigger) == (BoundaryType.EXPLICIT, "survey")
    assert (segmenter.label, segmenter.count) == ("survey", 1)


def test_end_cuts_after() -> None:
    segmenter = Segmenter()
    put(segmenter, seen())
    assert put(segmenter, seen(mark=BoundaryMark.END)) is None
    assert segmenter.count == 2
    assert segmenter.notify_at() == 0.0
    boundary = put(segmenter, seen())
    assert boundary is not None
    assert (boundary.type, segmenter.count) == (BoundaryType.EXPLICIT, 1)


def test_an_end_may_be_closed_by_the_next_tick() -> None:
    segmenter = Segmenter()
    put(segmenter, seen(7.0, mark=BoundaryMark.END))
    boundary = ticked(segmenter, 7.0)
    assert boundary is not None
    assert boundary.type is BoundaryType.EXPLICIT
    assert put(segmenter, seen(8.0)) is None


@pytest.mark.parametrize("mark", list(BoundaryMark))
def test_a_mark_without_a_percept_closes_at_once(mark: BoundaryMark) -> None:
    segmenter = Segmenter()
    assert marked(segmenter, mark, "none open") is None
    put(segmenter, seen())
    boundary = marked(segmenter, mark, "lunch")
    assert boundary is not None
    assert boundary.type is BoundaryType.EXPLICIT
    assert not segmenter.is_open
    put(segmenter, seen())
    assert segmenter.label == ("lunch" if mark is BoundaryMark.BEGIN else "")


@pytest.mark.parametrize("later", [1_800.0, 5_000.0, -1_800.0])
def test_silence_and_jumps_back_are_gaps(later: float) -> None:
    assert cause(CONVERSATION, seen(0.0), seen(later)) is BoundaryType.TEMPORAL


@pytest.mark.parametrize("later", [1_799.0, -1_799.0, 0.0])
def test_a_pause_is_no_gap(later: float) -> None:
    assert cause(CONVERSATION, seen(0.0), seen(later)) is None


def test_sensors_fall_silent_sooner() -> None:
    assert cause(SENSORS, seen(0.0), seen(31.0)) is BoundaryType.TEMPORAL


def test_a_late_percept_does_not_set_the_clock_back() -> None:
    segmenter = Segmenter()
    put(segmenter, seen(1_000.0))
    put(segmenter, seen(500.0))
    assert segmenter.last_at == 1_000.0


def test_tick_closes_when_it_is_due_and_not_before() -> None:
    segmenter = Segmenter()
    assert segmenter.notify_at() is None
    assert ticked(segmenter, 1e12) is None
    put(segmenter, seen(100.0))
    assert segmenter.notify_at() == 1_900.0
    assert ticked(segmenter, 1_899.9) is None
    boundary = ticked(segmenter, 1_900.0)
    assert boundary is not None
    assert boundary.type is BoundaryType.TEMPORAL
    assert segmenter.notify_at() is None
    assert put(segmenter, seen(2_000.0)) is None


@pytest.mark.parametrize("key", ["place", "task", "people"])
def test_another_known_situation_is_another_event(key: str) -> None:
    assert (
        cause(CONVERSATION, seen(context={key: "a"}), seen(context={key: "b"})) is BoundaryType.CONTEXT_SHIFT
    )


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"place": "harbour"}, {}),
        ({}, {"place": "harbour"}),
        ({"place": "harbour"}, {"place": " Harbour "}),
        ({"people": "ana, bob"}, {"people": "Bob; Ana"}),
        ({"app": "mail"}, {"app": "chat"}),
    ],
)
def test_what_is_unsaid_or_the_same_is_no_change(first: dict[str, str], then: dict[str, str]) -> None:
    assert cause(CONVERSATION, seen(context=first), seen(context=then)) is None


def test_a_change_is_seen_across_percepts_that_say_nothing() -> None:
    quiet = [seen() for _ in range(3)]
    assert (
        cause(CONVERSATION, seen(context={"place": "harbour"}), *quiet, seen(context={"place": "office"}))
        is BoundaryType.CONTEXT_SHIFT
    )


def test_several_changes_are_one_stronger_boundary() -> None:
    segmenter = Segmenter()
    put(segmenter, seen(source="chat", context={"place": "harbour", "people": "ana"}))
    boundary = put(segmenter, seen(source="mail", context={"place": "office", "people": "bob"}))
    assert boundary is not None
    assert boundary.type is BoundaryType.CONTEXT_SHIFT
    assert {"place", "people", "source", "meaning"} <= boundary.parts.keys()
    assert boundary.strength == sum(boundary.parts.values()) == boundary.scores[-1]
    assert boundary.trigger == "place: 'harbour' -> 'office'"


SLANTED = np.array([0.3, np.sqrt(1.0 - 0.3**2), 0.0], dtype=np.float32)
"""As much like `SAME` as leaves its prediction error alone below the threshold."""


def other_source(profile: Profile, vector: np.ndarray) -> list[Cut]:
    """The cuts where a chat of three percepts is followed by four from elsewhere, of this meaning."""
    segmenter = Segmenter(profile)
    chat = [seen(60.0 * n, source="chat") for n in range(3)]
    mail = [seen(60.0 * n, vector, source="mail") for n in range(3, 7)]
    return [cut for each in (*chat, *mail) for cut in segmenter.observe(each)]


def test_a_source_that_changes_counts_where_the_meaning_changes_too() -> None:
    assert other_source(CONVERSATION, SAME) == []
    ((boundary, *_),) = other_source(CONVERSATION, SLANTED)
    assert (boundary.type, boundary.trigger) == (BoundaryType.PREDICTION_ERROR, "source: 'chat' -> 'mail'")
    assert boundary.parts["source"] == SUPPORT
    assert boundary.strength - SUPPORT < boundary.threshold < boundary.strength


def test_sources_that_alternate_are_seen_by_what_follows_and_cut_off_no_single_percept() -> None:
    segmenter = Segmenter()
    turns = [seen(60.0 * n, (SAME, OTHER)[n % 2], source=("voice", "mail")[n % 2]) for n in range(30)]
    assert [cut for each in turns for cut in segmenter.observe(each)] == []


def test_a_slow_stream_is_not_cut_at_every_percept_but_at_its_nights() -> None:
    segmenter, cuts, at = Segmenter(), [], 0.0
    for day in range(6):
        for hour in (8, 10, 12, 14, 16):
            at = (day * 24 + hour) * 3_600.0
            if put(segmenter, seen(at)) is not None:
                cuts.append((day, hour))
    late = [cut for cut in cuts if cut[0] >= 3]
    assert late == [(3, 8), (4, 8), (5, 8)]
    assert segmenter.gap_s > CONVERSATION.gap_s


def test_sources_count_in_conversation_but_alternate_for_an_assistant() -> None:
    assert len(other_source(CONVERSATION, SLANTED)) == 1
    assert other_source(ASSISTANT, SLANTED) == []


def test_a_task_left_ends_before_and_a_task_done_ends_after() -> None:
    task = seen(context={"task": "survey"})
    assert cause(CONVERSATION, task, seen(context={"task": ""})) is BoundaryType.TASK_COMPLETION
    done = seen(context={"task": "survey", "task_status": "Done"})
    assert cause(CONVERSATION, task, done, seen()) is BoundaryType.TASK_COMPLETION
    assert cause(CONVERSATION, seen(context={"task": ""}), seen(context={"task": ""})) is None


def test_a_length_is_bounded() -> None:
    short = dataclasses.replace(CONVERSATION, length_max=3)
    segmenter = Segmenter(short)
    cuts = [put(segmenter, seen()) is not None for _ in range(7)]
    assert cuts == [False, False, False, True, False, False, True]


def test_a_turn_of_topic_is_a_prediction_error() -> None:
    at_once = dataclasses.replace(CONVERSATION, late=0)
    calm = [seen() for _ in range(10)]
    assert cause(at_once, *calm, seen(vector=OTHER)) is BoundaryType.PREDICTION_ERROR
    deaf = dataclasses.replace(at_once, threshold=float("inf"))
    assert cause(deaf, *calm, seen(vector=OTHER)) is None


@pytest.mark.parametrize("late", [2, 4])
def test_a_turn_of_topic_is_known_late_and_put_where_it_was(late: int) -> None:
    segmenter = Segmenter(dataclasses.replace(CONVERSATION, late=late))
    calm, turned = [seen() for _ in range(10)], [seen(vector=OTHER) for _ in range(6)]
    for each in calm:
        assert not segmenter.observe(each)
    found = [(number, cut) for number, each in enumerate(turned) for cut in segmenter.observe(each)]
    ((number, cut),) = found
    assert (number, cut.back, cut.entry) == (late, late, turned[0].entry)
    assert cut.boundary.type is BoundaryType.PREDICTION_ERROR
    assert cut.boundary.strength == max(cut.boundary.scores)
    assert (segmenter.first_entry, segmenter.count) == (turned[0].entry, len(turned))


BOTH = dataclasses.replace(CONVERSATION, coarse=True)


def coarse_cuts(segmenter: Segmenter, stream: list[Observation]) -> list[tuple[int, Cut]]:
    """The coarse cuts with the number of the percept after which each was known."""
    return [
        (number, cut)
        for number, each in enumerate(stream)
        for cut in segmenter.observe(each)
        if cut.scale is EpisodeScale.COARSE
    ]


def test_on_the_coarse_scale_a_change_of_place_is_evidence() -> None:
    home, away = {"place": "home"}, {"place": "away"}
    segmenter = Segmenter(BOTH)
    calm = [seen(context=home) for _ in range(9)]
    assert not coarse_cuts(segmenter, [*calm, seen(context=away), *calm])
    there = [seen(context=away, vector=OTHER) for _ in range(8)]
    ((number, cut),) = coarse_cuts(segmenter, there)
    assert (number, cut.back, cut.entry) == (4, 4, there[0].entry)
    assert "away" in cut.boundary.trigger or cut.boundary.type is BoundaryType.PREDICTION_ERROR
    assert cut.boundary.parts["place"] == SHIFT
    assert cut.boundary.strength > cut.boundary.threshold == BOTH.coarse_threshold


def test_a_mark_is_a_boundary_at_both_scales_and_a_short_silence_at_the_fine_one_alone() -> None:
    segmenter = Segmenter(BOTH)
    for each in [seen(float(n)) for n in range(8)]:
        segmenter.observe(each)
    paused = segmenter.observe(seen(2_000.0))
    assert [cut.scale for cut in paused] == [EpisodeScale.FINE]
    marked_here = segmenter.observe(seen(2_001.0, mark=BoundaryMark.BEGIN, label="survey"))
    assert [(cut.scale, cut.label) for cut in marked_here] == [
        (EpisodeScale.FINE, "survey"),
        (EpisodeScale.COARSE, "survey"),
    ]
    at = 2_001.0 + 8 * COARSE_GAPS * segmenter.gap_s
    long_after = segmenter.observe(seen(at))
    assert [cut.scale for cut in long_after] == [EpisodeScale.FINE, EpisodeScale.COARSE], (
        "also without an end"
    )
    assert {cut.boundary.type for cut in long_after} == {BoundaryType.TEMPORAL}


def a_trip(
    begins: BoundaryMark | None, ends: BoundaryMark | None, after: int = 3, name: str = "trip"
) -> list[Cut]:
    """The coarse cuts of a day at home, two days away with a night between them, and one more at home, the
    `after`th; the days are six hours long, only the last is about something else, and what is marked is the
    time away."""
    segmenter, stream = Segmenter(BOTH), []
    for day, place in ((0, "home"), (1, "train"), (2, "hotel"), (after, "home")):
        for hour in range(6):
            mark = begins if (day, hour) == (1, 0) else ends if (day, hour) == (2, 5) else None
            context = {"place": place, "people": "ana" if place == "home" else "ana, bob"}
            about = OTHER if day == after else SAME
            stream.append(
                seen(
                    3_600.0 * (24 * day + hour), about, context=context, mark=mark, label=name if mark else ""
                )
            )
    return [cut for _, cut in coarse_cuts(segmenter, stream)]


def test_what_was_begun_by_name_goes_on_at_the_coarse_scale_until_its_end() -> None:
    apart = [cut.boundary.type for cut in a_trip(None, None)]
    assert apart == [BoundaryType.TEMPORAL] * 3
    whole = a_trip(BoundaryMark.BEGIN, BoundaryMark.END)
    assert [cut.boundary.type for cut in whole] == [BoundaryType.EXPLICIT] * 2, "not at its night"
    nameless = a_trip(BoundaryMark.BEGIN, None, name="")
    assert [cut.boundary.type for cut in nameless] == [BoundaryType.EXPLICIT, *apart[1:]], "a cut and no more"


def test_what_was_begun_and_never_ended_ends_when_enough_speaks_for_it() -> None:
    began, ended = (cut.boundary for cut in a_trip(BoundaryMark.BEGIN, None, after=5))
    assert began.type is BoundaryType.EXPLICIT
    assert ended.parts[BEGUN] == -ALWAYS
    assert ended.strength == sum(ended.parts.values()) > ended.threshold == BOTH.coarse_threshold


def test_a_coarse_episode_holds_so_many_fine_ones_and_no_more() -> None:
    segmenter = Segmenter(BOTH)
    stream = [seen(context={"place": ("home", "away")[n % 2]}) for n in range(3 * CHILDREN_MAX)]
    found = [cut.entry for _, cut in coarse_cuts(segmenter, stream)]
    assert found == [stream[CHILDREN_MAX].entry, stream[2 * CHILDREN_MAX].entry]
    assert segmenter.figures()["coarse_holds"] == CHILDREN_MAX


def test_what_waits_is_decided_when_the_stretch_ends() -> None:
    segmenter = Segmenter()
    for each in [seen() for _ in range(10)]:
        segmenter.observe(each)
    turned = seen(vector=OTHER)
    assert not segmenter.observe(turned)
    cuts, boundary = segmenter.mark(BoundaryMark.END)
    assert [cut.entry for cut in cuts] == [turned.entry]
    assert boundary is not None


def test_prediction_error_does_not_cut_off_a_single_percept() -> None:
    segmenter = Segmenter(dataclasses.replace(CONVERSATION, threshold=-10.0, late=0))
    cuts = [put(segmenter, seen()) is not None for _ in range(5)]
    assert cuts == [False, False, True, False, True]


def test_an_aside_does_not_end_the_topic_it_returns_to() -> None:
    error = PredictionError(ahead=False)
    for vector in (SAME, SAME, SAME):
        error.observe(vector)
    assert score(error, OTHER) > 1.5
    assert score(error, SAME) < 0.0


def score(error: PredictionError, vector: np.ndarray) -> float:
    gap = error.observe(vector)
    return gap.score if gap is not None else 0.0


def test_the_first_gap_is_judged_by_the_prior() -> None:
    error = PredictionError(ahead=False)
    assert error.observe(SAME) is None
    assert score(error, OTHER) == pytest.approx((0.0 - PRIOR_MEAN) / 0.2, rel=0.06)


def test_what_all_topics_share_is_no_continuity() -> None:
    """Two topics that differ little against a common background are told apart once it is known."""
    background = np.array([0.0, 0.0, 5.0], dtype=np.float32)
    one, two = (v / np.linalg.norm(v) for v in (SAME + background, OTHER + background))
    assert one @ two > 0.95
    error = PredictionError(ahead=False)
    for turn in range(200):
        error.observe(one if turn // 10 % 2 else two)
    assert score(error, two) > 1.5
    assert score(error, two) < 0.0


def test_a_stream_that_repeats_itself_is_no_surprise() -> None:
    rng = np.random.default_rng(3)
    error = PredictionError(ahead=False)
    noise = rng.standard_normal((4_500, 3)).astype(np.float32) * np.float32(1e-6)
    scores = [score(error, (SAME + n) / np.linalg.norm(SAME + n)) for n in noise]
    assert max(scores[1:]) <= 0.01


def test_after_another_cut_the_next_vector_continues_nothing() -> None:
    error = PredictionError()
    error.observe(SAME)
    assert error.end() == []
    assert error.observe(OTHER) is None


def test_profiles_are_known_by_name() -> None:
    assert {profile_of(name) for name in PROFILES} == {CONVERSATION, ASSISTANT, SENSORS}
    with pytest.raises(SettingsError, match=r"'chat' is unknown.*conversation, assistant, sensors"):
        profile_of("chat")
