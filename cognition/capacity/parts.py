"""What each part of a plan takes: bytes on disk and in memory of one copy, of Valkey, of a daemon.

Sums over `constants`, nothing else: no clock, no machine, no store. Must not know on how many nodes it lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cognition.capacity import constants as c

VECTOR_BYTES: Final[Mapping[str, float]] = {
    "none": c.VECTOR.value,
    "int8": c.INT8.value,
    "turbo": c.TURBO.value,
    "binary": c.BINARY.value,
}
"""What a search reads of a vector, in memory."""

INDEXES: Final = ("held", "disk")
"""Where graphs and indexes of words and fields are: in a node's memory, or read through the machine's cache
(`store.index_on_disk`, of a server alone)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be remembered, and by what. Sizes in bytes, rate a second."""

    memories: float
    minds: float = 1.0
    rate: float = 1.0
    quantization: str = "none"
    replicas: int = 1
    node_ram: float = 16 * 2.0**30
    node_disk: float = 500 * 2.0**30
    node_cores: int = 8
    """Cores of a machine, of one that Qdrant runs on and of one that a daemon runs on."""
    partitions: int = 16
    content: float = 160.0
    words: float = 18.0
    associations: float = 8.0
    with_vectors: bool = False
    indexes: str = "held"
    """One of `INDEXES`."""
    resident: int = 1_000
    """Minds that a daemon keeps in memory (setting minds.resident_max)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that takes room, of one copy: bytes on disk, bytes that belong in memory, and bytes that are
    read from the disk unless the machine's cache has room for them."""

    name: str
    disk: float
    ram: float
    why: str
    cache: float = 0.0


def of_memories(wanted: Wanted) -> list[Line]:
    n, kind = wanted.memories, wanted.quantization
    plain = kind == "none"
    compressed = 0.0 if plain else VECTOR_BYTES[kind]
    payload = c.PAYLOAD.value + wanted.content
    vectors = "searched: in memory" if plain else "scored anew by them: on disk"
    links, found = n * c.LINKS.value, n * wanted.words * c.WORD_FOUND.value
    on_disk = wanted.indexes == "disk"
    return [
        Line("vectors in context", n * c.VECTOR.value, n * c.VECTOR.value if plain else 0.0, vectors),
        Line(f"vectors in {kind}", n * compressed, n * compressed, "searched: in memory"),
        Line("bare vectors", n * c.BARE.value, 0.0, "to derive from again: on disk, never searched"),
        Line("HNSW links", links, 0.0 if on_disk else links, "a graph for each mind", links * on_disk),
        Line(
            "words",
            n * (wanted.words * c.WORD_KEPT.value + c.SUBJECT.value) + found,
            0.0,
            "two sparse vectors, read through the page cache",
            found * on_disk,
        ),
        Line("payload", n * payload, 0.0, "text and figures: on disk"),
        Line("associations", n * wanted.associations * c.ASSOCIATION.value, 0.0, "inside the payload"),
        Line(
            "indexes, ids",
            n * (c.INDEXES.value + c.IDS.value),
            n * (c.ANONYMOUS_DISK if on_disk else c.ANONYMOUS).value,
            "22 payload indexes, which point is where",
            n * c.INDEXES.value * on_disk,
        ),
    ]


def of_minds(wanted: Wanted) -> list[Line]:
    episodes = wanted.memories / c.IN_EPISODE.value
    each = wanted.memories / wanted.minds
    known = c.HEAPS_K.value * (each * wanted.words) ** c.HEAPS_B.value
    state = c.STATE.value + min(known, each * wanted.words) * c.LEXICON.value
    if each >= c.LESSON.value:
        state += c.TAUGHT.value
    return [
        Line("episodes", episodes * c.EPISODE.value, 0.0, f"one of {c.IN_EPISODE.value:.0f} memories"),
        Line(
            "minds", wanted.minds * (c.IDENTITY.value + state), 0.0, "identity, checkpoint, what it learned"
        ),
    ]


def engine_ram(wanted: Wanted) -> float:
    """What an engine takes on each node, whatever is remembered."""
    return (c.ENGINE_DISK if wanted.indexes == "disk" else c.ENGINE).value


def fixed(shards: int, wanted: Wanted) -> list[Line]:
    served = wanted.indexes == "disk"
    empty, log = (c.EMPTY_DISK, c.LOG_DISK) if served else (c.EMPTY, c.LOG)
    disk = empty.value + shards * log.value
    return [
        Line("logs", disk, 0.0, f"write-ahead logs, {shards} shards"),
        Line("engine", 0.0, engine_ram(wanted), "one that is open, on each node"),
    ]


def headroom_of(lines: Sequence[Line], wanted: Wanted) -> Line:
    """Half as much again of vectors and payload, as the vendor reckons: segments that are being rebuilt."""
    more = c.HEADROOM.value - 1.0
    part = 1.0 if wanted.memories <= c.SHARD.value else c.SHARD.value / wanted.memories
    """Of more shards than one not all are rebuilt at once; memory is reckoned whole all the same."""
    disk = sum(line.disk for line in lines[:7]) * more * max(part, 1 / 4)
    ram = sum(line.ram for line in lines[:4]) * more
    return Line("optimiser headroom", disk, ram, "segments that are being rebuilt")


def streams_ram(wanted: Wanted) -> float:
    """What the streams take in Valkey when every partition is as full as it may be."""
    text = wanted.content + (4 * 768 if wanted.with_vectors else 0)
    full = (
        c.BACKLOG.value * (c.ENTRY.value + text)
        + c.DEAD.value * (c.BURIED.value + text)
        + c.RECEIPTS.value * c.RECEIPT.value
        + c.CUES.value * c.ASKED.value
        + c.ANSWERS.value * c.IN_ANSWER.value * (c.RECALLED.value + wanted.content)
        + c.SHOWINGS.value * c.SHOWN.value
        + c.REPORTS.value * c.REPORT.value
    )
    return c.STREAMS.value + wanted.partitions * full + wanted.minds * c.MIRROR.value


def daemon_ram(wanted: Wanted, daemons: int) -> float:
    """What a daemon takes in memory, with as many minds as it may keep there."""
    taught = c.RESIDENT_TAUGHT.value if wanted.memories / wanted.minds >= c.LESSON.value else 0.0
    minds = min(wanted.minds / daemons, wanted.resident)
    return c.DAEMON.value + minds * (c.RESIDENT.value + taught)
