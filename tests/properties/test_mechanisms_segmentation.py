"""Laws of segmentation: one episode each, deterministic, resumable, and closed early without harm."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cognition.mechanisms.coarse import BACK_MAX, CHILDREN_MAX
from cognition.mechanisms.lookahead import LATE
from cognition.mechanisms.observation import Cut, Observation
from cognition.mechanisms.profiles import PROFILES, Profile
from cognition.mechanisms.segmentation import Segmenter
from schemas.episode import Boundary, BoundaryType, EpisodeScale
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
        profile, late=late, threshold=threshold, coarse=coarse
    ),
    st.sampled_from(list(PROFILES.values())),
    st.sampled_from(LATE),
    st.sampled_from([-0.5, 0.5, 1.2]),
    st.booleans(),
)


class Told:
    """The first entry of each percept's episode, fine and coarse, as far as cuts tell."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.fine: list[str] = []
        self.coarse: list[str] = []

    def enter(self, entry: str, *, opens: bool, alone: bool) -> None:
        """A percept joins what is open."""
        self.fine.append(entry if opens else self.fine[-1])
        self.coarse.append(entry if alone else self.coarse[-1])

    def place(self, cuts: list[Cut]) -> None:
        """Let episodes begin at these cuts."""
        for cut in cuts:
            first = int(cut.entry[1:])
            back = len(self.fine) - 1 - first
            if cut.scale is EpisodeScale.COARSE:
                assert back <= BACK_MAX
                assert self.fine[first] == cut.entry, "a coarse boundary is a fine one"
                self.coarse[first:] = [cut.entry] * (back + 1)
            else:
                assert back <= self.profile.late
                self.fine[first:] = [cut.entry] * (back + 1)


def episodes(
    stream: list[Observation],
    profile: Profile,
    between: Callable[[Segmenter, Observation], tuple[list[Cut], Boundary | None]],
) -> tuple[list[str], list[str]]:
    """The first entry of each percept's fine and coarse episode, in the end."""
    segmenter, told = Segmenter(profile), Told(profile)
    alone = True
    for seen in stream:
        cuts, closed = between(segmenter, seen)
        told.place(cuts)
        alone = alone or (closed is not None and closed.type is BoundaryType.EXPLICIT)
        opens = not segmenter.is_open
        cuts = segmenter.observe(seen)
        told.enter(seen.entry, opens=opens, alone=alone)
        alone = False
        told.place(cuts)
        assert segmenter.first_entry == told.fine[-1]
        assert segmenter.count == told.fine.count(told.fine[-1]) <= profile.length_max
        if profile.coarse:
            held = dict.fromkeys(told.fine[told.coarse.index(told.coarse[-1]) :])
            assert len(held) == segmenter.figures()["coarse_holds"] <= CHILDREN_MAX
    told.place(segmenter.mark(BoundaryMark.END)[0])
    return told.fine, told.coarse if profile.coarse else told.fine


def undisturbed(_: Segmenter, __: Observation) -> tuple[list[Cut], Boundary | None]:
    return [], None


@given(streams(), profiles)
def test_every_percept_is_in_exactly_one_episode_and_episodes_do_not_interleave(
    stream: list[Observation], profile: Profile
) -> None:
    for belongs in episodes(stream, profile, undisturbed):
        assert len(belongs) == len(stream)
        order = list(dict.fromkeys(belongs))
        assert sorted(belongs, key=order.index) == belongs


@given(streams(), profiles)
def test_coarse_episodes_hold_whole_fine_ones(stream: list[Observation], profile: Profile) -> None:
    fine, coarse = episodes(stream, dataclasses.replace(profile, coarse=True), undisturbed)
    assert len(set(zip(fine, coarse, strict=True))) == len(set(fine))


@given(streams(), profiles)
def test_what_is_coarse_moves_no_fine_boundary(stream: list[Observation], profile: Profile) -> None:
    both, alone = (dataclasses.replace(profile, coarse=coarse) for coarse in (True, False))
    assert episodes(stream, both, undisturbed)[0] == episodes(stream, alone, undisturbed)[0]


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

    def ticked(segmenter: Segmenter, seen: Observation) -> tuple[list[Cut], Boundary | None]:
        return segmenter.tick(seen.at)

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
