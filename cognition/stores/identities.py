"""The one `identity` of each mind over any vector backend: insert-only birth, compare-and-set after."""

from __future__ import annotations

from cognition.errors import StoreRefusedError, StoreUnavailableError
from cognition.ports.stores import Dense
from cognition.stores import payloads, vectors
from cognition.stores.backend import Match, Payload, Point, VectorBackend, WriteMode
from cognition.stores.collections import CONCEPT, IDENTITY
from cognition.stores.tenancy import for_mind, not_newer, of_anyone, owned, payload_of
from schemas.identifiers import identity_id
from schemas.identity import Identity


class VectorIdentities:
    """`IdentityStore` over a `VectorBackend`."""

    def __init__(self, backend: VectorBackend) -> None:
        self._backend = backend

    async def get(self, mind: str) -> Identity | None:
        point_id = identity_id(mind)
        hits = owned(mind, await self._backend.retrieve(IDENTITY.name, [point_id]))
        return payloads.decode(Identity, point_id, payload_of(hits[point_id])) if hits else None

    async def create(self, identity: Identity, concept: Dense) -> Identity:
        vector = vectors.dense(concept, f"the identity of {identity.mind!r}")
        point = Point(_own_id(identity), payloads.encode(identity), {CONCEPT: vector})
        await self._backend.upsert(IDENTITY.name, [point], mode=WriteMode.INSERT_ONLY)
        stored = await self.get(identity.mind)
        if stored is None:
            raise StoreUnavailableError(
                f"The identity of {identity.mind!r} was written and cannot be read back",
                remedy="Replicas may disagree just now; try again.",
            )
        return stored

    async def concept(self, mind: str) -> Dense | None:
        hits = await self._backend.retrieve(IDENTITY.name, [identity_id(mind)], with_vectors=(CONCEPT,))
        found = [vectors.array(hit.vectors or {}, CONCEPT) for hit in owned(mind, hits).values()]
        return found[0] if found else None

    async def turn(self, mind: str, concept: Dense, *, epoch: int) -> None:
        turned = {CONCEPT: vectors.dense(concept, f"the identity of {mind!r}")}
        condition = for_mind(mind, not_newer(epoch))
        await self._backend.update_vectors(IDENTITY.name, {identity_id(mind): turned}, condition=condition)

    async def minds(self, offset: str | None, *, limit: int) -> tuple[list[str], str | None]:
        page = await self._backend.scroll(
            IDENTITY.name, condition=of_anyone(), limit=limit, offset=offset, with_payload=("mind",)
        )
        return [payload_of(hit)["mind"] for hit in page.hits], page.next_offset

    async def swap(self, identity: Identity, *, expected_rev: int) -> bool:
        """Compare-and-set; the reply of a conditional write does not say whether it took effect,
        so the stored identity is read back and compared."""
        if identity.rev != expected_rev + 1:
            raise StoreRefusedError(
                f"Identity.rev of {identity.mind!r} is {identity.rev}, expected {expected_rev + 1}",
                remedy="A swap raises the revision by one.",
            )
        wanted = _own_id(identity)
        condition = for_mind(identity.mind, Match("rev", expected_rev), not_newer(identity.epoch))
        await self._backend.set_payload(IDENTITY.name, [wanted], _whole(identity), condition=condition)
        hits = owned(identity.mind, await self._backend.retrieve(IDENTITY.name, [wanted]))
        return bool(hits) and payloads.decode(Identity, wanted, payload_of(hits[wanted])) == _rounded(
            identity
        )


def _own_id(identity: Identity) -> str:
    expected = identity_id(identity.mind)
    if identity.id != expected:
        raise StoreRefusedError(
            f"Identity.id of {identity.mind!r} is {identity.id!r}", remedy=f"It has to be {expected}."
        )
    return expected


def _whole(identity: Identity) -> Payload:
    """Every field, so that what is None now removes what was there before."""
    payload = payloads.encode(identity)
    absent = dict.fromkeys(name for name in Identity.__struct_fields__ if name not in payload)
    del absent["id"]
    return {**absent, **payload}


def _rounded(identity: Identity) -> Identity:
    return payloads.decode(Identity, identity.id, payloads.encode(identity))
