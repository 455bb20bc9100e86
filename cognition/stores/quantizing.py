"""How the vectors that are searched are kept, over any vector backend: shown, changed, measured.

Must not know who asks, nor when it is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from cognition.errors import StoreRefusedError
from cognition.ports.stores import Dense, Fidelity
from cognition.stores import vectors
from cognition.stores.backend import CollectionSpec, Query, VectorBackend
from cognition.stores.collections import CONTEXT, LARGE, MEMORIES
from cognition.stores.tenancy import for_mind
from schemas.quantization import FLOORS, Kept, Quantization, QuantizationKind

NEAREST: Final = 10
"""Recall@10: of the ten nearest by exact search so many are found."""


class VectorQuantizing:
    """`QuantizingStore` over a `VectorBackend`. `made` says, by collection, how the settings have new ones
    kept, and how they are searched where a change says nothing of it."""

    def __init__(
        self,
        backend: VectorBackend,
        specs: Sequence[CollectionSpec],
        made: Mapping[str, Quantization],
        floor: float,
    ) -> None:
        self._backend = backend
        self._names = [spec.name for spec in specs if spec.searched]
        self._made = made
        self._floor = floor

    async def shown(self) -> list[Kept]:
        return [await self._kept(name) for name in self._names]

    async def change(self, wanted: Quantization, collections: Sequence[str]) -> None:
        chosen = list(collections) or list(LARGE)
        for name in chosen:
            self._require_known(name)
        for name in chosen:
            # What is not said of how to search stays as the settings have it.
            said = wanted if name not in self._made else _over(self._made[name], wanted)
            await self._backend.quantize(name, said)

    async def fidelity(self, mind: str, asked: Sequence[Dense]) -> Fidelity | None:
        kind = (await self._kept(MEMORIES.name)).quantization.kind or QuantizationKind.NONE
        if kind is QuantizationKind.NONE or not asked:
            return None
        counts = np.array([await self._counts(mind, vector) for vector in asked])
        compressed, plain = counts.sum(axis=0).tolist()
        return Fidelity(kind, compressed / plain if plain else 1.0, self._floor or FLOORS[kind], plain)

    async def sample(self, mind: str, offset: str | None, *, limit: int) -> tuple[Dense, str | None]:
        page = await self._backend.scroll(
            MEMORIES.name,
            condition=for_mind(mind),
            limit=limit,
            offset=offset,
            with_payload=False,
            with_vectors=(CONTEXT,),
        )
        rows = [vectors.array(hit.vectors or {}, CONTEXT) for hit in page.hits]
        found = np.stack(rows) if rows else np.zeros((0, MEMORIES.dense[CONTEXT]), np.float32)
        return found, page.next_offset

    async def _counts(self, mind: str, vector: Dense) -> tuple[int, int]:
        """How many of the nearest are found by the compressed vectors, and by the originals in the same
        graph; one cue a round trip, so that others have their turn."""
        where = for_mind(mind)
        asked = [
            Query(CONTEXT, vector, NEAREST, where),
            Query(CONTEXT, vector, NEAREST, where, uncompressed=True),
            Query(CONTEXT, vector, NEAREST, where, exact=True),
        ]
        answers = await self._backend.query(MEMORIES.name, asked)
        found, plain, nearest = ({hit.id for hit in hits} for hits in answers)
        return len(found & nearest), len(plain & nearest)

    async def _kept(self, name: str) -> Kept:
        info = await self._backend.info(name)
        made_so = info.before is None and info.quantization.kind not in (None, QuantizationKind.NONE)
        return Kept(
            collection=name,
            points=info.points,
            quantization=info.quantization,
            before=QuantizationKind.NONE if made_so else info.before,
            due=info.change_due,
        )

    def _require_known(self, name: str) -> None:
        if name not in self._names:
            raise StoreRefusedError(
                f"{name!r} is no collection with searched vectors",
                remedy=f"Name one of: {', '.join(self._names)}.",
            )


def _over(settings: Quantization, wanted: Quantization) -> Quantization:
    """The settings with what was said over them."""
    plain = Quantization()
    said = {
        name: value
        for name in wanted.__struct_fields__
        if (value := getattr(wanted, name)) != getattr(plain, name)
    }
    return msgspec.structs.replace(settings, **said)
