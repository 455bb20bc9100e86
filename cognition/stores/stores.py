"""Everything that is kept, as one value over one vector backend."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import anyio

from cognition.ports.stores import (
    AbstractionStore,
    Archive,
    AssociationStore,
    CheckpointStore,
    CycleStore,
    EpisodeStore,
    IdentityStore,
    MemoryStore,
    QuantizingStore,
    Rebuilt,
    ReplayStore,
    TombstoneStore,
)
from cognition.stores.abstractions import VectorAbstractions
from cognition.stores.archive import VectorArchive
from cognition.stores.associations import VectorAssociations
from cognition.stores.backend import CollectionSpec, VectorBackend
from cognition.stores.checkpoints import VectorCheckpoints
from cognition.stores.collections import ALL
from cognition.stores.counting import counting
from cognition.stores.cycles import VectorCycles
from cognition.stores.episodes import VectorEpisodes
from cognition.stores.identities import VectorIdentities
from cognition.stores.memories import VectorMemories
from cognition.stores.quantizing import VectorQuantizing
from cognition.stores.replay import VectorReplay
from cognition.stores.tombstones import VectorTombstones
from schemas.quantization import Quantization


@dataclass(slots=True)
class VectorStores:
    """`Stores` over a `VectorBackend`. Closing them closes the backend."""

    backend: VectorBackend
    memories: MemoryStore
    associations: AssociationStore
    tombstones: TombstoneStore
    episodes: EpisodeStore
    identities: IdentityStore
    checkpoints: CheckpointStore
    archive: Archive
    abstractions: AbstractionStore
    cycles: CycleStore
    replay: ReplayStore
    quantizing: QuantizingStore
    specs: Sequence[CollectionSpec] = ALL
    _optimising: anyio.Lock = field(default_factory=anyio.Lock)

    async def ensure(self) -> None:
        """Make the collections that are absent."""
        await _each(self.specs, self.backend.ensure)

    async def flush(self) -> None:
        await _each(self.specs, lambda spec: self.backend.flush(spec.name))

    async def optimise(self, *, force: bool = False) -> list[Rebuilt]:
        """One collection after the other, so that at most one is rebuilt at a time."""
        rebuilt: list[Rebuilt] = []
        async with self._optimising:
            for spec in self.specs:
                info = await self.backend.info(spec.name)
                if force or info.needs_optimising:
                    began = anyio.current_time()
                    pause_s = await self.backend.optimise(spec.name)
                    rebuilt.append(Rebuilt(spec.name, info.points, anyio.current_time() - began, pause_s))
        return rebuilt

    async def close(self) -> None:
        await self.backend.close()


async def open_stores(backend: VectorBackend) -> VectorStores:
    """The stores over a backend, their collections made where absent."""
    stores = over(backend)
    await stores.ensure()
    return stores


def over(
    backend: VectorBackend, quantization: Mapping[str, Quantization] | None = None, *, floor: float = 0.0
) -> VectorStores:
    """The stores over a backend whose collections are still to be ensured. All calls pass one counter.
    `quantization` says by collection how searched vectors are to be kept, `floor` which recall@10 is to hold
    (0: as is usual for the kind)."""
    backend = counting(backend)
    kept = quantization or {}
    specs = [replace(spec, quantization=kept.get(spec.name, spec.quantization)) for spec in ALL]
    return VectorStores(
        backend=backend,
        memories=VectorMemories(backend),
        associations=VectorAssociations(backend),
        tombstones=VectorTombstones(backend),
        episodes=VectorEpisodes(backend),
        identities=VectorIdentities(backend),
        checkpoints=VectorCheckpoints(backend),
        archive=VectorArchive(backend),
        abstractions=VectorAbstractions(backend),
        cycles=VectorCycles(backend),
        replay=VectorReplay(backend),
        quantizing=VectorQuantizing(backend, specs, kept, floor),
        specs=specs,
    )


async def _each(specs: Sequence[CollectionSpec], verb: Callable[[CollectionSpec], Awaitable[None]]) -> None:
    """Do it for every collection at once; the first plain error stands for the group."""
    failures: list[Exception] = []

    async def one(spec: CollectionSpec) -> None:
        try:
            await verb(spec)
        except Exception as error:
            failures.append(error)

    async with anyio.create_task_group() as group:
        for spec in specs:
            group.start_soon(one, spec)
    if failures:
        raise failures[0]
