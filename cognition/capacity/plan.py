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
from cognition.capacity.parts import (
    INDEXES,
    VECTOR_BYTES,
    Line,
    Wanted,
    daemon_ram,
    engine_ram,
    fixed,
    headroom_of,
    of_memories,
    of_minds,
    streams_ram,
)
from cognition.capacity.units import BYTES, PlanError, size
from schemas.percept import CONTENT_LENGTH_MAX

WITHIN: Final[Mapping[str, tuple[int, int, int]]] = {
    "replicas": (1, 16, 2),
    "partitions": (1, 1_024, 16),
    "node_cores": (1, 1_024, 8),
    "resident": (1, 1_000_000_000, 1_000),
    "content": (0, CONTENT_LENGTH_MAX, 160),
}
"""The least and the most that can be meant, and what to write: partitions as `streams.keys` bounds them,
characters as a percept may have; cores, and minds in a daemon, up to what no machine has."""

DISK_LEAST: Final = BYTES["g"]
"""Below it logs and small collections alone fill a node, and no number of nodes is a plan."""


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
        """On all nodes, with copies and headroom; an engine on each."""
        engine = engine_ram(self.wanted)
        copies = (self.ram - engine + self.headroom.ram) * self.wanted.replicas
        return copies + self.nodes * engine

    @property
    def cache_in_all(self) -> float:
        """What the nodes' page cache ought to hold of indexes on disk, all copies: without it each cue waits
        for the disk."""
        return sum(line.cache for line in self.lines) * self.wanted.replicas

    @property
    def cache_left(self) -> float:
        """What the nodes have left for it."""
        return self.nodes * self.wanted.node_ram - self.ram_in_all

    @property
    def breaks_first(self) -> Limit:
        """What is used up first when more is remembered."""
        return min(self.limits, key=lambda limit: limit.memories)


def planned(wanted: Wanted) -> Plan:
    """The plan. Raises `PlanError` for what no number of nodes can do."""
    _require(wanted)
    shards = max(1, math.ceil(wanted.memories / c.SHARD.value))
    lines = [*of_memories(wanted), *of_minds(wanted), *fixed(shards, wanted)]
    headroom = headroom_of(lines, wanted)
    ram = (sum(line.ram for line in lines) - engine_ram(wanted) + headroom.ram) * wanted.replicas
    disk = (sum(line.disk for line in lines) + headroom.disk) * wanted.replicas
    writing = wanted.rate * wanted.replicas / c.WRITTEN.value
    nodes = max(
        nodes_least(wanted.replicas),
        math.ceil(ram / _room(wanted)),
        math.ceil(disk / wanted.node_disk),
        math.ceil(writing / wanted.node_cores),
    )
    embedding = 0.0 if wanted.with_vectors else wanted.rate / c.EMBEDDED.value
    daemons = min(_daemons(wanted, embedding), wanted.partitions)
    return Plan(
        wanted,
        lines,
        headroom,
        nodes,
        max(shards, nodes) if nodes > 1 else shards,
        daemons,
        daemon_ram(wanted, daemons),
        streams_ram(wanted),
        embedding,
        writing,
        _limits(
            wanted,
            {
                "memory of the nodes": ram / (nodes * _room(wanted)),
                "disk of the nodes": disk / (nodes * wanted.node_disk),
                "cores of the nodes (writing)": writing / (nodes * wanted.node_cores),
                "cores of the daemons (embedding)": embedding / (daemons * wanted.node_cores),
                "partitions, a daemon each": wanted.rate / c.SERVED.value / wanted.partitions,
            },
        ),
    )


def nodes_least(replicas: int) -> int:
    """One for each copy, and so many that a majority outlives the loss of one: what is left of two is none,
    and takes no writes."""
    return max(replicas, int(c.MAJORITY.value)) if replicas > 1 else 1


def _require(wanted: Wanted) -> None:
    if wanted.quantization not in VECTOR_BYTES:
        raise PlanError(
            f"--quantization {wanted.quantization!r} is none of {', '.join(VECTOR_BYTES)}",
            remedy="Write --quantization int8.",
        )
    if wanted.indexes not in INDEXES:
        raise PlanError(
            f"--indexes {wanted.indexes!r} is none of {', '.join(INDEXES)}", remedy="Write --indexes held."
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
    for name, (least, most, usual) in WITHIN.items():
        given, flag = getattr(wanted, name), f"--{name.replace('_', '-')}"
        if not least <= given <= most:
            raise PlanError(
                f"{flag} {given:,.0f} is not within {least:,} to {most:,}", remedy=f"Write {flag} {usual}."
            )
    if wanted.node_disk < DISK_LEAST:
        raise PlanError(
            f"--node-disk {size(wanted.node_disk)} is too little for logs and empty collections",
            remedy="Give nodes 1G at least.",
        )


def _room(wanted: Wanted) -> float:
    """What a node has for memories, beside the engine itself."""
    room = c.USABLE.value * wanted.node_ram - engine_ram(wanted)
    if room <= 0:
        raise PlanError(
            f"--node-ram {size(wanted.node_ram)} is too little for the engine alone",
            remedy="Give nodes 1G at least.",
        )
    return room


def _daemons(wanted: Wanted, embedding: float) -> int:
    """How many take that rate in, on machines that embed it."""
    return max(1, math.ceil(wanted.rate / c.SERVED.value), math.ceil(embedding / wanted.node_cores))


def _limits(wanted: Wanted, shares: Mapping[str, float]) -> list[Limit]:
    return [Limit(name, share, wanted.memories / share) for name, share in shares.items() if share > 0]
