"""One pass of a set through the daemon's own segmenter: where each percept is in the end, and why.

Percepts in order as one mind. It must not know what the figures are that are made of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.data import Dataset, Sensed
from benchmarks.engine import EngineChoice, opened
from benchmarks.progress import Progress
from schemas.episode import Episode
from schemas.percept import BoundaryMark

NO_ECHO = "attention.echo_window_s=0"
"""Annotated dialogues repeat short utterances; each must stay a percept of its own to be placed."""

COARSE = "episodes.scale=both"
"""With this among the settings the coarse episodes are told, else the fine ones: those are the same with and
without coarse ones."""

SWITCHES: Mapping[str, str] = {
    "learned": "episodes.learned=false",
    "running_z": "episodes.running_z=false",
    "cue": "episodes.cue=false",
    "prediction_error": "episodes.prediction_error=false",
    "late": "episodes.late=0",
}
"""The slow map and all that it teaches; that a gap is held against the last ones; what usually closes and
opens an episode; boundaries of meaning at all; that a boundary is put late."""

CAUSES = ("gap", "place", "task", "people", "source")
"""What else may end an episode: all of them one setting."""

PARTS = (*SWITCHES, *CAUSES)


@dataclass(frozen=True, slots=True)
class End:
    """Why an episode ended before a percept."""

    cause: str
    strength: float


@dataclass(slots=True)
class Told:
    """What the mind tells of each percept of a set, in order: its episode, how unexpected it was (of the gap
    before it), how aroused; and of each that begins an episode why the one before it ended."""

    episodes: list[str]
    errors: list[float | None] = field(default_factory=list)
    ends: dict[int, End] = field(default_factory=dict)


def settings_without(names: Collection[str]) -> list[str]:
    """The settings that leave these parts out; `SystemExit` names one that there is not."""
    unknown = sorted(set(names) - set(PARTS))
    if unknown:
        raise SystemExit(f"--without {unknown[0]} is unknown; there are {', '.join(PARTS)}")
    causes = [name for name in CAUSES if name in names]
    together = [f"episodes.without={','.join(causes)}"] if causes else []
    return [*(setting for name, setting in SWITCHES.items() if name in names), *together]


def idle(sensed: Sequence[Sensed]) -> frozenset[str]:
    """The causes that a set says nothing of: leaving them out changes nothing."""
    percepts = [s.percept for s in sensed]
    said = {key for p in percepts for key in p.context}
    found = {key for key in ("place", "task", "people") if key not in said}
    if len({p.source for p in percepts if p.source}) < 2:
        found.add("source")
    if all(p.occurred_at is None for p in percepts):
        found.add("gap")
    return frozenset(found)


async def told(dataset: Dataset, choice: EngineChoice, label: str = "percepts") -> Told:
    """Feed the whole set to a fresh engine, and ask what became of it when nothing moves any more."""
    feeding = Progress(label, len(dataset.sensed))
    async with opened(choice.overridden(NO_ECHO), dataset) as bench:
        receipts = await bench.perceive_all([s.percept for s in dataset.sensed], feeding.step)
        mind = dataset.sensed[-1].percept.mind
        await (await bench.session.mind(mind).mark(BoundaryMark.END)).wait()
        places = await bench.places_of(mind, [receipt.memory_id for receipt in receipts])
        episodes = await bench.episodes(mind, [episode for episode, _ in places])
        coarse = COARSE in choice.overrides
        held = await bench.episodes(mind, [e.parent_id for e in episodes.values() if e.parent_id])
    found = _told(places, episodes)
    return _held(found, episodes, held) if coarse else found


def _held(found: Told, episodes: Mapping[str, Episode], coarse: Mapping[str, Episode]) -> Told:
    """The same with the coarse episode of each percept, and why that ended."""
    parents = [episodes[name].parent_id or name for name in found.episodes]
    turns = [n for n in range(1, len(parents)) if parents[n] != parents[n - 1]]
    ended = {n: coarse[parents[n - 1]] for n in turns}
    ends = {n: End(str(e.boundary_type), e.boundary_strength) for n, e in ended.items()}
    return Told(parents, found.errors, ends)


def _told(places: Sequence[tuple[str, int]], episodes: Mapping[str, Episode]) -> Told:
    found = Told([episode for episode, _ in places])
    for number, (name, position) in enumerate(places):
        course = episodes[name].prediction_errors
        found.errors.append(course[position] if position < len(course) else None)
        before = places[number - 1][0] if number else name
        if before != name:
            ended = episodes[before]
            found.ends[number] = End(str(ended.boundary_type), ended.boundary_strength)
    return found
