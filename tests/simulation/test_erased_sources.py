"""A source of what recurs is erased, and the store fails at each call on the way: nothing of it is left."""

from __future__ import annotations

import anyio
import msgspec
import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.errors import StoreUnavailableError
from cognition.stores.stores import open_stores
from cognition.testing.embedder import HashEmbedder
from schemas.abstraction import Abstraction
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Forget, Percept
from tests.simulation.test_nights import copied
from tests.unit.engine.bench import ANA, WHOLE, Bench, bench

CALLS_MAX = 400
"""More than an erasure makes, before and after each call."""


class Failing:
    """A gate at which the n-th call fails, once it is armed."""

    def __init__(self, nth: int) -> None:
        self.left = nth
        self.armed = False

    async def __call__(self, verb: str, collection: str) -> None:
        if self.armed:
            self.left -= 1
            if self.left == 0:
                raise StoreUnavailableError(f"{verb} of {collection} fails here")


def percept(number: int, *, recurs: bool) -> Percept:
    row = np.zeros(768, "<f4")
    row[0 if recurs else 1 + number], row[100 + number] = 1.0, 0.3
    said = (
        "grandmother bakes walnut bread beside every lighthouse" if recurs else f"entry {number * 104729} of"
    )
    begins = BoundaryMark.BEGIN if recurs else None
    key = f"{'r' if recurs else 'k'}{number}"
    return Percept(mind=ANA, content=f"{said} {number}", key=key, vector=row.tobytes(), boundary=begins)


async def lived() -> Bench:
    found = await bench(options=WHOLE)
    await found.take(
        *(percept(n, recurs=False) for n in range(30)), *(percept(n, recurs=True) for n in range(4))
    )
    await found.sleep()
    return found


async def known(found: Bench) -> list[Abstraction]:
    page, _ = await (await open_stores(found.backend)).abstractions.page(ANA, None, limit=9)
    return [msgspec.structs.replace(a, derived_at=0.0, rev=0, epoch=0) for a in page]


async def erased(life: Bench, fails_at: int, count: int) -> tuple[bool, list[Abstraction]]:
    """Erase so many sources; the store fails at that call, and the entry is delivered again. Whether it
    failed, and what is known in the end."""
    backend, gate = copied(life.backend), Failing(fails_at)
    found = Bench(await open_stores(backend.beside(gate)), backend, HashEmbedder(), Options())
    found.clock.advance(86_400.0)
    sources: list[str] = [memory_id(ANA, f"r{n}") for n in range(count)]
    entry = found.entry(Forget(mind=ANA, memory_ids=sources))
    gate.armed = True
    try:
        await found.commit(entry)
    except (StoreUnavailableError, BaseExceptionGroup):
        gate.armed = False
        found.again()
        await found.commit(entry)
        return True, await known(found)
    return False, await known(found)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "left"), [(1, 1), (2, 0)])
def test_wherever_the_store_fails_what_was_erased_is_in_no_abstraction(count: int, left: int) -> None:
    async def main() -> None:
        life = await lived()
        failed, expected = await erased(life, 0, count)
        assert (failed, len(expected)) == (False, left)
        assert all(memory_id(ANA, "r0") not in a.derived_from for a in expected)
        for nth in range(1, CALLS_MAX):
            failed, now = await erased(life, nth, count)
            assert now == expected, f"failed at {nth}"
            if not failed:
                return
        raise AssertionError("it makes more calls than are tried")

    anyio.run(main)
