"""What associations are formed from: which memories share terms with what others are about.

Reads of the `memories` of all minds over any vector backend. Must not know what an association means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cognition.ports.stores import Spoken, Terms
from cognition.stores import payloads, vectors
from cognition.stores.backend import Hit, Match, Payload, Query, VectorBackend
from cognition.stores.collections import LEXICAL, MEMORIES, SUBJECT
from cognition.stores.mending import sound_associations
from cognition.stores.tenancy import for_mind, not_newer, owned, payload_of
from schemas.association import Association
from schemas.memory import Memory

_SPOKEN: Final = ("mind", "content", "actor", "subject", "associations", "rev", "epoch")


class VectorAssociations:
    """`AssociationStore` over a `VectorBackend`."""

    def __init__(self, backend: VectorBackend) -> None:
        self._backend = backend

    async def read(self, mind: str, memory_ids: Sequence[str]) -> dict[str, Spoken]:
        hits = await self._backend.retrieve(MEMORIES.name, memory_ids, owner=mind)
        return {i: _spoken(hit) for i, hit in owned(mind, hits).items()}

    async def page(
        self, mind: str, offset: str | None, *, limit: int
    ) -> tuple[dict[str, Spoken], str | None]:
        page = await self._backend.scroll(
            MEMORIES.name, condition=for_mind(mind), limit=limit, offset=offset, with_payload=_SPOKEN
        )
        return {hit.id: _spoken(hit) for hit in page.hits}, page.next_offset

    async def about(self, mind: str, texts: Sequence[Terms], *, limit: int) -> list[list[str]]:
        answers = await self._share(mind, SUBJECT, texts, limit, with_payload=False)
        return [[hit.id for hit in hits] for hits in answers]

    async def saying(self, mind: str, texts: Sequence[Terms], *, limit: int) -> list[dict[str, Spoken]]:
        answers = await self._share(mind, LEXICAL, texts, limit, with_payload=_SPOKEN)
        return [{hit.id: _spoken(hit) for hit in hits} for hits in answers]

    async def _share(
        self,
        mind: str,
        using: str,
        texts: Sequence[Terms],
        limit: int,
        *,
        with_payload: bool | tuple[str, ...],
    ) -> list[list[Hit]]:
        condition = for_mind(mind)
        asked = [
            Query(
                using, vectors.sparse(terms, mind, "a mention"), limit, condition, with_payload=with_payload
            )
            for terms in texts
        ]
        return await self._backend.query(MEMORIES.name, asked) if asked else []

    async def write(
        self, mind: str, arrays: Mapping[str, tuple[int, Sequence[Association]]], *, epoch: int
    ) -> set[str]:
        if not arrays:
            return set()
        by_rev: dict[int, dict[str, Payload]] = {}
        for i, (rev, array) in arrays.items():
            fields = payloads.encode_patch(Memory, {"associations": list(array), "rev": rev + 1})
            by_rev.setdefault(rev, {})[i] = {**fields, "epoch": epoch}
        for rev, sets in by_rev.items():
            condition = for_mind(mind, not_newer(epoch), Match("rev", rev))
            await self._backend.set_payloads(MEMORIES.name, sets, condition=condition)
        stored = owned(mind, await self._backend.retrieve(MEMORIES.name, list(arrays), owner=mind))
        return {i for i, hit in stored.items() if _took(payload_of(hit), arrays[i][0], epoch)}


def _spoken(hit: Hit) -> Spoken:
    payload = payload_of(hit)
    return Spoken(
        content=payload.get("content", ""),
        actor=payload.get("actor", ""),
        subject=payload.get("subject", ""),
        associations=tuple(sound_associations(payload.get("associations") or ())),
        rev=payload.get("rev", 0),
        epoch=payload.get("epoch", 0),
    )


def _took(payload: Payload, rev: int, epoch: int) -> bool:
    """Whether the stored point is what its one writer under this epoch made of that revision."""
    return payload.get("rev") == rev + 1 and payload.get("epoch") == epoch
