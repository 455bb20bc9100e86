"""Archiving and coming back, while stores fail, processes die and leases change hands: every memory lies in
one place and is counted as lying there, and what is erased stays erased."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest

from cognition.errors import LeaseLostError, StoreUnavailableError
from cognition.stores.stores import open_stores
from schemas.identifiers import memory_id
from schemas.inquiry import MemoryAnswer, MemoryInquiry
from tests.unit.engine.bench import ANA, Bench, bench
from tests.unit.engine.nights import (
    archive,
    assert_counts_exact,
    bring_back,
    erase,
    report_of,
    step,
)

pytestmark = pytest.mark.anyio

CALLS_MAX = 60
"""More than a step makes, before and after each call."""

Act = Callable[[Bench], Awaitable[None]]


class Failing:
    """A gate at which the n-th call fails."""

    def __init__(self, nth: int) -> None:
        self.left = nth

    async def __call__(self, verb: str, collection: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise StoreUnavailableError(f"{verb} of {collection} fails here")


class Paused:
    """A gate that holds whoever comes to this call for the n-th time, before it is done."""

    def __init__(self, verb: str, collection: str) -> None:
        self.call = verb, collection
        self.reached, self.on = anyio.Event(), anyio.Event()

    async def __call__(self, verb: str, collection: str) -> None:
        if (verb, collection) == self.call and not self.reached.is_set():
            self.reached.set()
            await self.on.wait()


async def lived() -> Bench:
    found = await bench()
    for n in range(4):
        await found.say(f"word{n} topic{n} number {n * 7919}", key=f"k{n}", actor="ab"[n % 2])
    return found


REPORT = report_of("the night")


async def archives(on: Bench) -> None:
    await step(on, REPORT, "k1", "k2")


async def comes_back(on: Bench) -> None:
    await bring_back(on, "k1", "k2")


async def forgets_one(on: Bench) -> None:
    await erase(on, "k1")


async def says_again(on: Bench) -> None:
    await on.say("word1 topic1 number 7919", key="k1", actor="b")


async def nothing(on: Bench) -> None:
    pass


async def fails(on: Bench, nth: int, act: Act) -> bool:
    """Whether the store failed at this call."""
    gate = on.backend.gate = Failing(nth)
    try:
        await act(on)
    except (StoreUnavailableError, BaseExceptionGroup):
        pass
    finally:
        on.backend.gate = None
    return gate.left <= 0


@pytest.mark.slow
@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("then", [nothing, comes_back, forgets_one, says_again])
async def test_wherever_archiving_fails(dies: bool, then: Act) -> None:
    for nth in range(1, CALLS_MAX):
        on = await lived()
        failed = await fails(on, nth, archives)
        if dies:
            on.again()
        await then(on)
        await archives(on)
        await assert_counts_exact(on)
        on.again()
        await assert_counts_exact(on)
        if not failed:
            return
    raise AssertionError("it makes more calls than are tried")


@pytest.mark.slow
@pytest.mark.parametrize("dies", [False, True])
async def test_what_a_step_that_was_given_up_had_on_its_way_stays_awake(dies: bool) -> None:
    for nth in range(1, CALLS_MAX):
        on = await lived()
        failed = await fails(on, nth, archives)
        if dies:
            on.again()
        await step(on, report_of("the next night"), "k3")
        await assert_counts_exact(on)
        on.again()
        await assert_counts_exact(on)
        if not failed:
            return
    raise AssertionError("it makes more calls than are tried")


@pytest.mark.slow
@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("then", [nothing, archives, forgets_one, says_again])
async def test_wherever_coming_back_fails(dies: bool, then: Act) -> None:
    for nth in range(1, CALLS_MAX):
        on = await lived()
        await archive(on, "k1", "k2")
        failed = await fails(on, nth, comes_back)
        if dies:
            on.again()
        await then(on)
        await comes_back(on)
        await assert_counts_exact(on)
        on.again()
        await assert_counts_exact(on)
        if not failed:
            return
    raise AssertionError("it makes more calls than are tried")


async def test_more_than_a_mind_keeps_by_name_come_back_and_are_counted_once() -> None:
    on = await bench()
    keys = [f"k{n}" for n in range(150)]
    for n, key in enumerate(keys):
        await on.say(f"word{n} number {n * 7919}", key=key)
    for start in range(0, len(keys), 15):
        await archive(on, *keys[start : start + 15])
    gate = on.backend.gate = Failing(60)
    with pytest.raises(StoreUnavailableError):
        await bring_back(on, *keys)
    on.backend.gate = None
    assert gate.left <= 0
    on.again()
    await bring_back(on, *keys)
    await assert_counts_exact(on)


# --- leases that change hands ----------------------------------------------------------------


async def old_holder(on: Bench, call: tuple[str, str], act: Act, meanwhile: Act) -> None:
    """An old holder comes to this call and is paused; the next one does what is to be done meanwhile."""
    gate = Paused(*call)
    old = Bench(await open_stores(on.backend.beside(gate)), on.backend, on.embedder, on.options)
    old.clock.advance(on.clock.now() - old.clock.now())
    old.epoch = on.epoch
    lost: list[LeaseLostError] = []

    async def run() -> None:
        try:
            await act(old)
        except LeaseLostError as error:
            lost.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
        with anyio.fail_after(5):
            await gate.reached.wait()
        on.epoch = old.epoch
        on.again()
        await meanwhile(on)
        gate.on.set()


ARCHIVING_CALLS = [
    ("retrieve", "memories"),
    ("upsert", "sleep_cycles"),
    ("upsert", "checkpoints"),
    ("upsert", "unconscious"),
    ("retrieve", "identity"),
    ("delete", "memories"),
]


async def archives_and_comes_back(on: Bench) -> None:
    await archives(on)
    await comes_back(on)


async def archives_and_forgets(on: Bench) -> None:
    await archives(on)
    await forgets_one(on)


@pytest.mark.parametrize("call", ARCHIVING_CALLS)
@pytest.mark.parametrize("meanwhile", [archives, archives_and_comes_back, archives_and_forgets])
async def test_an_old_holder_that_was_archiving_changes_nothing(
    call: tuple[str, str], meanwhile: Act
) -> None:
    on = await lived()
    await old_holder(on, call, archives, meanwhile)
    await assert_counts_exact(on)
    there = await on.stores.memories.get(ANA, [memory_id(ANA, "k2")])
    assert bool(there) == (meanwhile is archives_and_comes_back)


@pytest.mark.parametrize(
    "call", [("upsert", "memories"), ("retrieve", "identity"), ("delete", "unconscious")]
)
@pytest.mark.parametrize("meanwhile", [comes_back, forgets_one, nothing])
async def test_an_old_holder_that_was_bringing_back_changes_nothing(
    call: tuple[str, str], meanwhile: Act
) -> None:
    on = await lived()
    await archive(on, "k1", "k2")

    async def takes_over(after: Bench) -> None:
        await after.engine.minds.awake(ANA, epoch=after.epoch)
        await meanwhile(after)

    await old_holder(on, call, comes_back, takes_over)
    await bring_back(on, "k0")
    await assert_counts_exact(on)


async def test_what_was_erased_and_lies_in_the_archive_is_neither_recalled_nor_shown() -> None:
    on = await lived()
    i = memory_id(ANA, "k1")
    traces = await on.stores.memories.get_traces(ANA, [i])
    await erase(on, "k1")
    await on.stores.archive.deposit(list(traces.values()), reason="decay", at=1.0, epoch=on.epoch)
    mind = await on.engine.minds.look(ANA)
    mind.sleep.archived = 1
    recollection = await on.recall("word1 topic1 number 7919")
    assert i not in {r.memory.id for r in recollection.recalled}
    shown = await on.engine.answering.answer(MemoryInquiry(id="q", mind=ANA, memory_id=i))
    assert isinstance(shown, MemoryAnswer)
    assert (shown.memory, shown.archived) == (None, False)
    assert shown.tombstone is not None
    await bring_back(on, "k1")
    assert not await on.stores.archive.get(ANA, [i])
    assert not await on.stores.memories.get(ANA, [i])
