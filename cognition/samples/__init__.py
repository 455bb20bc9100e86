"""Six weeks of three minds, and ten cues to ask of them: what the demonstration perceives.

`ana` assists a product designer in Porto, `workshop` keeps a bicycle repair shop in Utrecht,
`rover` drives through a greenhouse. This module reads the files; it must not know what is
done with them.
"""

from __future__ import annotations

from importlib import resources

import msgspec

from schemas import wire
from schemas.base import Message
from schemas.cue import Cue
from schemas.identifiers import cue_id
from schemas.percept import Percept

MINDS = ("ana", "workshop", "rover")


class SampleCue(Message, frozen=True, kw_only=True):
    """A cue, what it is an example of, and the keys that a good answer holds (none: nothing fits)."""

    label: str
    cue: Cue
    expect: list[str]


class _Expectation(Message, frozen=True, kw_only=True):
    label: str
    expect: list[str]


def lines(name: str) -> list[bytes]:
    """The file as it is shipped: one JSON object a line, ready for field ``j`` of a stream entry."""
    return (resources.files(__name__) / f"{name}.jsonl").read_bytes().splitlines()


def read(name: str) -> list[Percept]:
    """The percepts of one of `MINDS`, in the order in which they happened."""
    return [wire.decode_json(Percept, line) for line in lines(name)]


def read_cues() -> list[SampleCue]:
    """The ten cues, in the order in which they are asked. Their ids are the same in every run."""
    return [_sample_cue(number, line) for number, line in enumerate(lines("cues"), start=1)]


def _sample_cue(number: int, line: bytes) -> SampleCue:
    fields = msgspec.json.decode(line)
    fields["id"] = cue_id(fields["mind"], f"sample-{number}")
    expectation = wire.decode_json(_Expectation, line)
    return SampleCue(
        label=expectation.label,
        cue=wire.decode_json(Cue, msgspec.json.encode(fields)),
        expect=expectation.expect,
    )
