"""Copying: one copy at a time, of one mind, looked at until it is whole; and nobody else's memory in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import pytest

from cognition.engine.copying import Copying
from cognition.errors import BadCueError, StoreUnavailableError
from cognition.ports.copying import Size
from cognition.simulating import without_what_came_later
from cognition.stores.copying import ORDER, copy_mind, points_of, room_for
from cognition.stores.stores import open_stores
from cognition.testing.oracle import OracleBackend
from schemas.percept import BoundaryMark, Percept
from schemas.sleeping import MindCopyAnswer, MindCopyInquiry
from tests.unit.engine.bench import ANA, BO, Bench, bench

pytestmark = pytest.mark.anyio


class CopiesInMemory:
    """`Copier` into stores that are not on any disk; each page waits until it is let through."""

    def __init__(self, source: OracleBackend, *, full: bool = False) -> None:
        self.source = source
        self.full = full
        self.made: dict[str, OracleBackend] = {}
        self.may_go_on = anyio.Event()

    async def size(self, mind: str) -> Size:
        if self.full:
            raise StoreUnavailableError("no room", remedy="Free space.")
        points = await points_of(self.source, mind)
        return Size(points, room_for(points))

    async def copy(self, mind: str, name: str, told: Callable[[int], Awaitable[None]]) -> str:
        async def waiting(copied: int) -> None:
            await told(copied)
            await self.may_go_on.wait()

        self.made[name] = OracleBackend()
        await copy_mind(self.source, self.made[name], mind, waiting)
        return f"/copies/{name}"

    async def drop(self, name: str) -> None:
        self.made.pop(name, None)

    async def sweep(self) -> None:
        """All of them are held."""


async def lived() -> Bench:
    """Two minds, with an episode that has ended."""
    found = await bench()
    for mind in (ANA, BO):
        for n in range(5):
            boundary = BoundaryMark.BEGIN if n == 3 else None
            await found.say(
                f"note {n} of {mind}, number {n * 7919}", mind=mind, key=f"k{n}", boundary=boundary
            )
    return found


def points_in(backend: OracleBackend) -> dict[tuple[str, str], Any]:
    """All that is stored, by collection and id."""
    return {(c, i): p for c, each in backend._collections.items() for i, p in each.points.items()}


async def unheard(_: int) -> None:
    """Nobody asks how far it is."""


async def test_a_copy_holds_every_point_of_the_mind_as_it_is_and_none_of_anybody_else() -> None:
    found = await lived()
    await found.sleep()
    target = OracleBackend()
    copied = await copy_mind(found.backend, target, ANA, unheard)
    there = {k: p for k, p in points_in(found.backend).items() if p.payload["mind"] == ANA}
    copy = points_in(target)
    assert copied == len(there) == await points_of(found.backend, ANA)
    assert copy.keys() == there.keys()
    assert {c for c, _ in there} <= {spec.name for spec in ORDER}
    assert all(
        copy[k].payload == p.payload and copy[k].vectors.keys() == p.vectors.keys() for k, p in there.items()
    )


async def test_every_collection_is_copied() -> None:
    stores = await open_stores(OracleBackend())
    assert {spec.name for spec in ORDER} == {spec.name for spec in stores.specs}


async def test_what_the_mind_took_in_while_it_was_copied_is_not_known_to_the_copy() -> None:
    found = await lived()
    target = OracleBackend()
    came = False

    async def told(copied: int) -> None:
        nonlocal came
        if not came:
            came = True
            await found.take(Percept(mind=ANA, content="it came in between", key="late"))

    await copy_mind(found.backend, target, ANA, told)
    copy = Bench(await open_stores(target), target, found.embedder, found.options)
    assert (await copy.stores.memories.count(ANA), (await copy.engine.minds.look(ANA)).living) == (6, 5)
    await without_what_came_later(copy.engine, ANA)
    assert await copy.stores.memories.count(ANA) == 5
    assert await found.stores.memories.count(ANA) == 6


async def answered(copying: Copying, **fields: Any) -> MindCopyAnswer:
    fields = {"id": "c1", "mind": ANA, **fields}
    return await copying.answer(MindCopyInquiry(**fields))


async def test_it_is_begun_looked_at_until_it_is_whole_and_dropped() -> None:
    found = await lived()
    copier = CopiesInMemory(found.backend)
    copying = Copying(found.engine.minds, copier, lambda _: found.epoch, "here")
    begun = await answered(copying)
    assert (begun.called, begun.copied, begun.whole) == ("c1", 0, False)
    assert begun.points == await points_of(found.backend, ANA)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(copying.run)
        first = await answered(copying, id="look", called="c1", through=0)
        assert 0 < first.copied < first.points
        with pytest.raises(BadCueError, match="is being made"):
            await answered(copying, id="c2")
        with pytest.raises(BadCueError, match="still being made"):
            await answered(copying, id="drop", called="c1", drop=True)
        copier.may_go_on.set()
        copied = first.copied
        while not (look := await answered(copying, id="look", called="c1", through=copied)).whole:
            copied = look.copied
        assert (look.copied, look.folder, look.host) == (look.points, "/copies/c1", "here")
        await answered(copying, id="drop", called="c1", drop=True)
        assert not copier.made
        tasks.cancel_scope.cancel()


async def test_what_cannot_be_copied_is_told_and_does_not_stand_in_the_way() -> None:
    found = await lived()
    copier = CopiesInMemory(found.backend, full=True)
    copying = Copying(found.engine.minds, copier, lambda _: found.epoch)
    with pytest.raises(StoreUnavailableError, match="no room"):
        await answered(copying)
    copier.full = False
    assert (await answered(copying)).points
    with pytest.raises(BadCueError, match="there is no copy 'other'"):
        await answered(copying, id="look", called="other")
    with pytest.raises(BadCueError, match="there is no copy"):
        await answered(copying, id="look", called="c1", mind=BO)


async def test_an_engine_without_a_place_for_copies_says_so() -> None:
    found = await lived()
    with pytest.raises(BadCueError, match="makes no copies"):
        await found.engine.copying.answer(MindCopyInquiry(id="c1", mind=ANA))


async def test_a_store_that_fails_while_it_is_copied_ends_the_copy_and_says_why() -> None:
    found = await lived()

    class Failing(CopiesInMemory):
        async def copy(self, mind: str, name: str, told: Callable[[int], Awaitable[None]]) -> str:
            raise StoreUnavailableError("the disk is full")

    copying = Copying(found.engine.minds, Failing(found.backend), lambda _: found.epoch)
    await answered(copying)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(copying.run)
        look = await answered(copying, id="look", called="c1", through=0)
        assert (look.whole, "the disk is full" in look.failed) == (False, True)
        tasks.cancel_scope.cancel()


async def test_a_copy_that_is_still_being_measured_is_not_made_when_it_is_time_to_sweep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cognition.engine.copying.SWEEP_S", 0.01)
    found = await lived()
    copier = CopiesInMemory(found.backend)
    copying = Copying(found.engine.minds, copier, lambda _: found.epoch)
    swept, measured = anyio.Event(), anyio.Event()
    size = copier.size

    async def slowly(mind: str) -> Size:
        await measured.wait()
        return await size(mind)

    async def sweep() -> None:
        swept.set()

    monkeypatch.setattr(copier, "size", slowly)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(copying.run)
        tasks.start_soon(partial(answered, copying, id="c1"))
        await anyio.wait_all_tasks_blocked()
        monkeypatch.setattr(copier, "sweep", sweep)
        with anyio.fail_after(5):
            await swept.wait()
        assert copier.made == {}
        measured.set()
        copier.may_go_on.set()
        with anyio.fail_after(5):
            whole = await answered(copying, id="look", called="c1", through=10_000)
        assert (whole.whole, list(copier.made)) == (True, ["c1"])
        tasks.cancel_scope.cancel()
