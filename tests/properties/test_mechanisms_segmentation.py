"""Laws of segmentation: one episode each, deterministic, resumable, and closed early without harm."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.lookahead import LATE
from cognition.mechanisms.segmentation import PROFILES, Cut, Observation, Profile, Segmenter
from schemas.percept import BoundaryMark

DIRECTIONS = np.eye(4, dtype=np.float32)
SITUATIONS = st.dictionaries(
    st.sampled_from(["place", "task", "people", "task_status"]),
    st.sampled_from(["", "a", "b", "done"]),
    max_size=2,
)
STEPS = st.tuples(
    st.sampled_from([0.0, 1.0, 5.0, 40.0, 1_000.0, 1_800.0, 4_000.0, -10.0, -3_000.0]),
    st.integers(0, 3),
    st.sampled_from(["", "chat", "mail"]),
    SITUATIONS,
    st.sampled_from([None, None, None, *BoundaryMark]),
)


@st.composite
def streams(draw: st.DrawFn) -> list[Observation]:
    at, stream = 1e9, []
    for number, (step, direction, source, context, mark) in enumerate(draw(st.lists(STEPS, max_size=40))):
        at += step
        noise = np.float32(0.01) * DIRECTIONS[(direction + number) % 4]
        vector = DIRECTIONS[direction] + noise
        vector /= np.linalg.norm(vector)
        stream.append(Observation(f"e{number}", at, vector.astype(np.float32), source, context, mark))
    return stream


profiles = st.builds(
    lambda profile, late, threshold, coarse: dataclasses.replace(
        profile.coarse if coarse else profile, late=min(late, 2) if coarse else late, threshold=threshold
    ),
    st.sampled_from(list(PROFILES.values())),
    st.sampled_from(LATE),
    st.sampled_from([-0.5, 0.5, 1.2]),
    st.booleans(),
)


def episodes(
    stream: list[Observation], profile: Profile, between: Callable[[Segmenter, Observation], list[Cut]]
) -> list[str]:
    """The first entry of each percept's episode, in the end."""
    segmenter = Segmenter(profile)
    belongs: list[str] = []
    for seen in stream:
        place(belongs, between(segmenter, seen), profile)
        was_open = segmenter.is_open
        cuts = segmenter.observe(seen)
        belongs.append(seen.entry if not was_open else belongs[-1])
        place(belongs, cuts, profile)
        assert segmenter.first_entry == belongs[-1]
        assert segmenter.count == belongs.count(belongs[-1]) <= profile.length_max
    place(belongs, segmenter.mark(BoundaryMark.END)[0], profile)
    return belongs


def place(belongs: list[str], cuts: list[Cut], profile: Profile) -> None:
    """Let episodes begin at these cuts."""
    for cut in cuts:
        first = int(cut.entry[1:])
        assert len(belongs) - 1 - first <= profile.lateness
        belongs[first:] = [cut.entry] * (len(belongs) - first)


def undisturbed(_: Segmenter, __: Observation) -> list[Cut]:
    return []


@given(streams(), profiles)
def test_every_percept_is_in_exactly_one_episode_and_episodes_do_not_interleave(
    stream: list[Observation], profile: Profile
) -> None:
    belongs = episodes(stream, profile, undisturbed)
    assert len(belongs) == len(stream)
    order = list(dict.fromkeys(belongs))
    assert sorted(belongs, key=order.index) == belongs


@given(streams(), profiles)
def test_the_same_stream_gives_the_same_cuts(stream: list[Observation], profile: Profile) -> None:
    assert episodes(stream, profile, undisturbed) == episodes(stream, profile, undisturbed)


@given(streams(), profiles, st.sets(st.integers(0, 40)))
def test_resumed_from_a_snapshot_equals_uninterrupted(
    stream: list[Observation], profile: Profile, stops: set[int]
) -> None:
    def restart(segmenter: Segmenter, seen: Observation) -> Segmenter:
        if int(seen.entry[1:]) not in stops:
            return segmenter
        return Segmenter.restore(
            msgspec.msgpack.decode(msgspec.msgpack.encode(segmenter.snapshot())), profile
        )

    straight, resumed = Segmenter(profile), Segmenter(profile)
    for seen in stream:
        resumed = restart(resumed, seen)
        assert resumed.observe(seen) == straight.observe(seen)
    assert resumed.snapshot() == straight.snapshot()


@given(streams(), profiles)
def test_a_tick_closes_early_but_moves_no_cut(stream: list[Observation], profile: Profile) -> None:
    """As long as the clock does not run ahead of what is still to come."""

    def ticked(segmenter: Segmenter, seen: Observation) -> list[Cut]:
        return segmenter.tick(seen.at)[0]

    assert episodes(stream, profile, ticked) == episodes(stream, profile, undisturbed)


@given(streams(), profiles)
def test_tick_is_due_exactly_from_when_it_says(stream: list[Observation], profile: Profile) -> None:
    segmenter = Segmenter(profile)
    for seen in stream:
        segmenter.observe(seen)
    due = segmenter.notify_at()
    if due is None:
        assert segmenter.tick(1e12)[1] is None
        return
    assert segmenter.tick(np.nextafter(due, 0.0)) == ([], None)
    assert segmenter.tick(due)[1] is not None
    assert segmenter.tick(1e12) == ([], None)
