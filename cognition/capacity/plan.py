"""The plan: from what is to be remembered to memory, disk, cores and nodes, and where it breaks first.

Sums over `constants`, nothing else: no clock, no machine, no store. A line is what one copy of everything
takes; copies, headroom and nodes come after.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cognition.capacity import constants as c
from cognition.capacity.units import PlanError

VECTOR_BYTES: Final[Mapping[str, float]] = {
    "none": c.VECTOR.value,
    "int8": c.INT8.value,
    "turbo": c.TURBO.value,
    "binary": c.BINARY.value,
}
"""What a search reads of a vector, in memory."""


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
    partitions: int = 16
    content: float = 160.0
    words: float = 18.0
    associations: float = 8.0
    with_vectors: bool = False
    resident: int = 1_000
    """Minds that a daemon keeps in memory (setting minds.resident_max)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that takes room, of one copy: bytes on disk, bytes that belong in memory."""

    name: str
    disk: float
    ram: float
    why: str


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a resource the plan takes on its nodes, as a share of what there is."""

    name: str
    share: float
    memories: float
    """How many memories these nodes hold until it is used up."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What it takes."""

    wanted: Wanted
    lines: Sequence[Line]
    headroom: Line
    nodes: int
    shards: int
    daemons: int
    daemon_ram: float
    streams_ram: float
    embedding_cores: float
    writing_cores: float
    limits: Sequence[Limit]

    @property
    def disk(self) -> float:
        """On disk, one copy, without headroom: what `du` says of a store at rest."""
        return sum(line.disk for line in self.lines)

    @property
    def ram(self) -> float:
        """That belongs in memory, one copy, without headroom."""
        return sum(line.ram for line in self.lines)

    @property
    def anonymous(self) -> float:
        """Of the memory of one copy what cannot be given up and read again: all but float32 and links."""
        return sum(line.ram for line in self.lines if line.name not in ("vectors in context", "HNSW links"))

    @property
    def disk_in_all(self) -> float:
        """On all nodes, with copies and headroom."""
        return (self.disk + self.headroom.disk) * self.wanted.replicas

    @property
    def ram_in_all(self) -> float:
        """On all nodes, with copies and headroom."""
        return (self.ram + self.headroom.ram) * self.wanted.replicas

    @property
    def breaks_first(self) -> Limit:
        """What is used up first when more is remembered."""
        return min(self.limits, key=lambda limit: limit.memories)


def planned(wanted: Wanted) -> Plan:
    """The plan. Raises `PlanError` for what no number of nodes can do."""
    _require(wanted)
    shards = max(1, math.ceil(wanted.memories / c.SHARD.value))
    lines = [*_of_memories(wanted), *_of_minds(wanted), _fixed(shards)]
    headroom = _headroom(lines, wanted)
    ram = (sum(line.ram for line in lines) + headroom.ram) * wanted.replicas
    disk = (sum(line.disk for line in lines) + headroom.disk) * wanted.replicas
    writing = wanted.rate * wanted.replicas / c.WRITTEN.value
    nodes = max(
        wanted.replicas,
        math.ceil(ram / (c.USABLE.value * wanted.node_ram)),
        math.ceil(disk / wanted.node_disk),
        math.ceil(writing / wanted.node_cores),
    )
    embedding = 0.0 if wanted.with_vectors else wanted.rate / c.EMBEDDED.value
    daemons = max(1, math.ceil(wanted.rate / (c.INGEST.value * 2)))
    return Plan(
        wanted,
        lines,
        headroom,
        nodes,
        max(shards, nodes) if nodes > 1 else shards,
        min(daemons, wanted.partitions),
        _daemon(wanted, min(daemons, wanted.partitions)),
        _streams(wanted),
        embedding,
        writing,
        _limits(wanted, nodes, ram, disk, writing),
    )


def _require(wanted: Wanted) -> None:
    if wanted.quantization not in VECTOR_BYTES:
        raise PlanError(
            f"--quantization {wanted.quantization!r} is none of {', '.join(VECTOR_BYTES)}",
            remedy="Write --quantization int8.",
        )
    for name in ("memories", "minds", "rate", "node_ram", "node_disk"):
        if not getattr(wanted, name) > 0:
            raise PlanError(
                f"--{name.replace('_', '-')} {getattr(wanted, name):g} is not above 0",
                remedy="Say how much there is to be.",
            )
    if wanted.minds > wanted.memories:
        raise PlanError(
            f"--minds {wanted.minds:,.0f} are more than the {wanted.memories:,.0f} memories",
            remedy="Give each mind one memory at least.",
        )
    if not 1 <= wanted.replicas <= 16:
        raise PlanError(f"--replicas {wanted.replicas} is not within 1 to 16", remedy="Write --replicas 2.")


def _of_memories(wanted: Wanted) -> list[Line]:
    n, kind = wanted.memories, wanted.quantization
    plain = kind == "none"
    compressed = 0.0 if plain else VECTOR_BYTES[kind]
    payload = c.PAYLOAD.value + wanted.content
    vectors = "searched: in memory" if plain else "scored anew by them: on disk"
    return [
        Line("vectors in context", n * c.VECTOR.value, n * c.VECTOR.value if plain else 0.0, vectors),
        Line(f"vectors in {kind}", n * compressed, n * compressed, "searched: in memory"),
        Line("bare vectors", n * c.BARE.value, 0.0, "to derive from again: on disk, never searched"),
        Line("HNSW links", n * c.LINKS.value, n * c.LINKS.value, "a graph for each mind"),
        Line(
            "words",
            n * (wanted.words * (c.WORD_KEPT.value + c.WORD_FOUND.value) + c.SUBJECT.value),
            0.0,
            "two sparse vectors, read through the page cache",
        ),
        Line("payload", n * payload, 0.0, "text and figures: on disk"),
        Line("associations", n * wanted.associations * c.ASSOCIATION.value, 0.0, "inside the payload"),
        Line(
            "indexes, ids",
            n * (c.INDEXES.value + c.IDS.value),
            n * c.ANONYMOUS.value,
            "22 payload indexes, which point is where",
        ),
    ]


def _of_minds(wanted: Wanted) -> list[Line]:
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


def _fixed(shards: int) -> Line:
    disk = c.EMPTY.value + shards * c.LOG.value
    return Line("logs", disk, c.ENGINE.value, f"write-ahead logs, {shards} shards; an engine that is open")


def _headroom(lines: Sequence[Line], wanted: Wanted) -> Line:
    """Half as much again of vectors and payload, as the vendor reckons: segments that are being rebuilt."""
    more = c.HEADROOM.value - 1.0
    part = 1.0 if wanted.memories <= c.SHARD.value else c.SHARD.value / wanted.memories
    """Of more shards than one not all are rebuilt at once; memory is reckoned whole all the same."""
    disk = sum(line.disk for line in lines[:7]) * more * max(part, 1 / 4)
    ram = sum(line.ram for line in lines[:4]) * more
    return Line("optimiser headroom", disk, ram, "segments that are being rebuilt")


def _streams(wanted: Wanted) -> float:
    """What the streams take in Valkey when every partition is as full as it may be."""
    entry = c.ENTRY.value + wanted.content + (4 * 768 if wanted.with_vectors else 0)
    full = c.BACKLOG.value * entry + c.RECEIPTS.value * c.RECEIPT.value
    return c.STREAMS.value + wanted.partitions * full + wanted.minds * c.MIRROR.value


def _daemon(wanted: Wanted, daemons: int) -> float:
    """What a daemon takes in memory, with as many minds as it may keep there."""
    taught = c.RESIDENT_TAUGHT.value if wanted.memories / wanted.minds >= c.LESSON.value else 0.0
    minds = min(wanted.minds / daemons, wanted.resident)
    return c.DAEMON.value + minds * (c.RESIDENT.value + taught)


def _limits(wanted: Wanted, nodes: int, ram: float, disk: float, writing: float) -> list[Limit]:
    shares = {
        "memory of the nodes": ram / (nodes * c.USABLE.value * wanted.node_ram),
        "disk of the nodes": disk / (nodes * wanted.node_disk),
        "cores of the nodes (writing)": writing / (nodes * wanted.node_cores),
        "partitions, a daemon each": wanted.rate / (c.INGEST.value * 2) / wanted.partitions,
    }
    return [Limit(name, share, wanted.memories / share) for name, share in shares.items() if share > 0]
