"""How the vectors that are searched are kept beside their originals, and what is asked about it.

The originals always stay, so that any kind can be changed to any other and back. Must not know any engine.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from schemas.base import Message
from schemas.percept import MindName


class QuantizationKind(enum.StrEnum):
    """How the searched vectors are compressed: not at all, to 8 bits, to 4 after a rotation, to 1."""

    NONE = "none"
    INT8 = "int8"
    TURBO = "turbo"
    BINARY = "binary"


BYTES: Final[Mapping[QuantizationKind, float]] = {
    QuantizationKind.NONE: 4.0,
    QuantizationKind.INT8: 1.0,
    QuantizationKind.TURBO: 0.5,
    QuantizationKind.BINARY: 0.125,
}
"""Bytes a dimension that a search reads: float32, 8 bits, 4 bits, 1 bit."""

OVERSAMPLING: Final[Mapping[QuantizationKind, float]] = {
    QuantizationKind.NONE: 1.0,
    QuantizationKind.INT8: 2.0,
    QuantizationKind.TURBO: 2.0,
    QuantizationKind.BINARY: 4.0,
}
"""How many times the limit is found by the compressed vectors and scored anew by the originals, where no
other is set: the least with which each holds its floor (`python -m benchmarks quantize`, ADR 30)."""

FLOORS: Final[Mapping[QuantizationKind, float]] = {
    QuantizationKind.NONE: 0.99,
    QuantizationKind.INT8: 0.99,
    QuantizationKind.TURBO: 0.99,
    QuantizationKind.BINARY: 0.95,
}
"""Share of the recall@10 that the originals have in the same index, below which a kind is not recommended and
an alarm is raised, where no other floor is set."""

SAMPLE_MAX: Final = 256
"""Vectors of one answer: 786 KB."""


class Quantization(Message, frozen=True, kw_only=True):
    """How the searched vectors of a collection are kept, and how they are searched.

    `kind` None: as they are kept already, and not compressed where the collection is new. `always_ram` pins
    the compressed ones; `quantile` is the share of values that int8 tells apart, the rest is clipped;
    `rescore` scores what was found by the originals, of `oversampling` times as many as are asked for
    (0: as is usual for the kind).
    """

    kind: QuantizationKind | None = None
    always_ram: bool = True
    quantile: float = 0.99
    rescore: bool = True
    oversampling: float = 0.0

    def settled(self, stored: Quantization | None) -> Quantization:
        """As it is wanted where a kind is; else as it is stored; else not compressed."""
        if self.kind is not None:
            return self
        return stored or msgspec.structs.replace(self, kind=QuantizationKind.NONE)

    def keeps_as(self, other: Quantization) -> bool:
        """Whether what is kept is the same; how it is searched may differ."""
        if QuantizationKind.NONE in (self.kind, other.kind):
            return self.kind is other.kind
        return (self.kind, self.always_ram, self.quantile) == (other.kind, other.always_ram, other.quantile)

    @property
    def factor(self) -> float:
        """The oversampling in force."""
        return self.oversampling or OVERSAMPLING[self.kind or QuantizationKind.NONE]


PLAIN: Final = Quantization(kind=QuantizationKind.NONE)


class Kept(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How one collection is kept: now, and before the last change (None where it never changed).

    `due` says that this is so from the next building of indexes on, until then it is as `before`.
    """

    collection: str
    points: int = 0
    quantization: Quantization = Quantization()
    before: QuantizationKind | None = None
    due: bool = False


class QuantizationInquiry(Message, frozen=True, kw_only=True):
    """How the searched vectors are kept. With `apply` it is changed first, in the collections that are named,
    or in those that grow large. A change takes as long as building the indexes, and is not waited for."""

    id: str
    deadline_s: Annotated[float, msgspec.Meta(gt=0.0, le=300.0)] = 10.0
    apply: Quantization | None = None
    collections: list[str] = []

    @property
    def mind(self) -> str:
        """None: what it is routed by."""
        return ""


class QuantizationAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """How each collection is kept."""

    inquiry_id: str
    kept: list[Kept] = []


class SampleInquiry(Message, frozen=True, kw_only=True):
    """The next vectors of a mind's memories as they are searched, in the order of ids (which are random), and
    those of its kept cues: for measuring."""

    id: str
    mind: MindName
    deadline_s: Annotated[float, msgspec.Meta(gt=0.0, le=300.0)] = 10.0
    offset: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=SAMPLE_MAX)] = SAMPLE_MAX


class SampleAnswer(Message, frozen=True, kw_only=True, omit_defaults=False):
    """`vectors` and `cues`: little-endian float32, 768 each. Cues come with the first page alone, and none
    where the daemon does not embed. An empty `offset`: this was the last page."""

    inquiry_id: str
    mind: str
    vectors: bytes = b""
    cues: bytes = b""
    offset: str = ""
