"""Laws of folding: batches, order, repetition, and many hands on the same memories."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cognition.engine.arrivals import Entry
from cognition.engine.assembly import Engine, assemble
from cognition.engine.plasticity import Event
from cognition.errors import UnavailableError
from cognition.mechanisms.synapses import LEARNED
from cognition.stores.stores import VectorStores, open_stores
from cognition.testing.clock import ManualClock
from cognition.testing.embedder import HashEmbedder
from cognition.testing.line import MemoryStreams
from cognition.testing.oracle import OracleBackend
from cognition.testing.sink import RecordingSink
from schemas.association import Association, AssociationType
from schemas.base import Message
from schemas.dream import CoActivation, Feedback
from schemas.identifiers import memory_id
from schemas.percept import Percept

ANA = "ana"
START_MS = 1_700_000_000_000
MEMORIES = 5
IDS = [memory_id(ANA, f"k{n}") for n in range(MEMORIES)]
SEMANTIC = AssociationType.SEMANTIC
WORDS = ("keys", "kettle", "garage", "violin")

places = st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True)
reports = st.builds(
    lambda cue, shown, useful, days: Feedback(
        mind=ANA,
        cue_id=f"{cue} {shown}",
        cue=f"Where is the {cue}?",
        shown=shown,
        useful=useful,
        at=START_MS / 1e3 - days * 86_400.0,
    ),
    st.sampled_from(WORDS), places, places, st.integers(0, 3),
)  # fmt: skip
pairs = st.builds(
    lambda ids, evidence: CoActivation(mind=ANA, memory_ids=ids, reason="used", evidence=evidence),
    places, st.floats(0.0, 1.0),
)  # fmt: skip
streams = st.lists(st.one_of(reports, pairs), min_size=1, max_size=12)


def engine_over(stores: VectorStores) -> Engine:
    line = MemoryStreams(partitions=1).hold()
    return assemble(stores, line, ManualClock(START_MS / 1e3), RecordingSink(), HashEmbedder())


async def told(backend: OracleBackend | None = None) -> VectorStores:
    """A store with a few memories of one mind."""
    stores = await open_stores(backend or OracleBackend())
    engine = engine_over(stores)
    entries = [Percept(mind=ANA, content=f"the {w} number {n}", key=f"k{n}") for n, w in enumerate("abcde")]
    arrivals = await engine.senses.prepare(
        [Entry(0, f"{START_MS - 1_000 + n}-0", percept) for n, percept in enumerate(entries)]
    )
    await engine.encoder.commit(arrivals, {0: 1})
    await engine.minds.checkpoint()
    return stores


async def learned(stores: VectorStores) -> dict[str, Any]:
    """What is stored, without the number of writes."""
    rows = msgspec.to_builtins(await stores.memories.get(ANA, IDS))
    return {i: {n: v for n, v in row.items() if n not in ("rev", "epoch")} for i, row in sorted(rows.items())}


async def folded(messages: Sequence[Message], batches: Sequence[Sequence[int]]) -> dict[str, Any]:
    """What is stored after these batches of places in the stream, each by a process of its own."""
    stores = await told()
    for batch in batches:
        engine = engine_over(stores)
        events = [Event(0, f"{START_MS + n}-0", ANA, messages[n]) for n in batch]
        await engine.plasticity.fold(events, {0: 1})
        await engine.minds.checkpoint()
    return await learned(stores)


@settings(max_examples=40)
@given(streams, st.randoms(use_true_random=False))
def test_however_a_stream_falls_into_batches_and_however_each_is_handed_over_the_same_is_left(
    messages: list[Message], chance: random.Random
) -> None:
    """A batch is folded in the order of its entries, not in that in which it was handed over."""
    cuts = sorted(chance.sample(range(len(messages) + 1), chance.randint(0, min(3, len(messages)))))
    bounds = [0, *cuts, len(messages)]
    batches = [list(range(a, b)) for a, b in itertools.pairwise(bounds)]
    for batch in batches:
        chance.shuffle(batch)

    async def main() -> None:
        assert await folded(messages, batches) == await folded(messages, [list(range(len(messages)))])

    anyio.run(main)


COUNTED = ("useful_count", "access_count", "last_accessed", "unused_count", "learned_at")


def counts(stored: dict[str, Any]) -> list[float]:
    return [float(stored[i][name]) for i in IDS for name in COUNTED]


@settings(max_examples=40)
@given(st.lists(reports, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_what_is_counted_of_use_does_not_depend_on_the_order_in_which_reports_came(
    given_reports: list[Feedback], chance: random.Random
) -> None:
    """Each at a time of its own, so that some come late. Not so what they say of words, since how distinct
    a word is depends on the cues before it; nor what binds and what parts, which has a bound."""
    messages = [msgspec.structs.replace(r, cue_id=f"q{n}") for n, r in enumerate(given_reports)]
    shuffled = chance.sample(messages, len(messages))
    everything = [list(range(len(messages)))]

    async def main() -> None:
        one, other = await folded(messages, everything), await folded(shuffled, everything)
        assert counts(one) == pytest.approx(counts(other))

    anyio.run(main)


@settings(max_examples=40)
@given(st.lists(pairs, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_uses_of_one_moment_bind_alike_in_whatever_order_they_came(
    uses: list[CoActivation], chance: random.Random
) -> None:
    """Of one moment: what faded meanwhile leaves more room below the bound."""
    messages = [msgspec.structs.replace(use, at=START_MS / 1e3) for use in uses]
    shuffled = chance.sample(messages, len(messages))
    one_by_one = [[n] for n in range(len(messages))]

    async def main() -> None:
        one, other = await folded(messages, one_by_one), await folded(shuffled, one_by_one)
        for i in IDS:
            assert bound(one, i) == pytest.approx(bound(other, i))

    anyio.run(main)


def bound(stored: dict[str, Any], memory: str) -> dict[str, float]:
    """Weights by target of what this memory was used together with."""
    return {a["target_id"]: a["weight"] for a in stored[memory]["associations"] if a["type"] == LEARNED}


@settings(max_examples=30)
@given(streams, st.randoms(use_true_random=False))
def test_what_comes_again_is_folded_in_once(messages: list[Message], chance: random.Random) -> None:
    everything = list(range(len(messages)))
    head = everything[: chance.randint(1, len(messages))]
    again = [chance.choice(everything) for _ in range(3)]

    async def main() -> None:
        once = await folded(messages, [everything])
        assert await folded(messages, [head, everything, again, everything]) == once

    anyio.run(main)


@settings(max_examples=25)
@given(streams, st.data())
def test_weights_stay_between_nothing_and_one_and_arrays_within_their_bounds(
    messages: list[Message], data: st.DataObject
) -> None:
    times = data.draw(st.integers(1, 4))

    async def main() -> None:
        stores = await told()
        engine = engine_over(stores)
        for n in range(times):
            events = [Event(0, f"{START_MS + n}-{i}", ANA, m) for i, m in enumerate(messages)]
            await engine.plasticity.fold(events, {0: 1})
        for memory in (await stores.memories.get(ANA, IDS)).values():
            assert all(0.0 <= a.weight <= 1.0 for a in memory.associations)
            assert all(a.target_id != memory.id for a in memory.associations)
            assert all(r.used >= 0.0 and r.unused >= 0.0 for r in memory.routes)
            assert len(memory.routes) <= 32
            assert len(memory.associations) <= 32

    anyio.run(main)


@settings(max_examples=20)
@given(st.integers(2, 5), st.integers(1, 6), st.integers(0, 40), st.randoms(use_true_random=False))
def test_many_writers_lose_nothing_also_when_the_lease_changes(
    writers: int, times: int, change_at: int, chance: random.Random
) -> None:
    """Each counts up what it reads, compare and set; one of them holds a later lease from some time on.
    What was confirmed is there, what was refused is not."""

    async def main() -> None:
        stores = await told()
        confirmed = [0]
        passed = [0]

        async def write(name: int, epoch: int) -> None:
            for n in range(times):
                for _ in range(200):
                    memory = (await stores.memories.get(ANA, IDS[:1]))[IDS[0]]
                    for _ in range(chance.randint(0, 2)):
                        await anyio.lowlevel.checkpoint()
                    fields = {"access_count": memory.access_count + 1, "repeated_through": f"{name}-{n}"}
                    taken = await stores.memories.amend(ANA, {IDS[0]: (memory.rev, fields)}, epoch=epoch)
                    if taken:
                        confirmed[0] += 1
                        break
                    if memory.epoch > epoch:
                        return

        async def later() -> None:
            while passed[0] < change_at:
                passed[0] += 1
                await anyio.lowlevel.checkpoint()
            await write(99, 2)

        async with anyio.create_task_group() as tasks:
            for name in range(writers):
                tasks.start_soon(write, name, 1)
            tasks.start_soon(later)
        memory = (await stores.memories.get(ANA, IDS[:1]))[IDS[0]]
        assert memory.access_count == confirmed[0]
        assert memory.epoch == 2
        assert memory.rev == confirmed[0]

    anyio.run(main)


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.integers(0, 2**16))
def test_linking_and_folding_under_two_leases_lose_nothing(
    lessons: int, links: int, repeats: int, seed: int
) -> None:
    """A holder folds lessons in until it notices that its lease is gone, while the next one links and
    counts repetitions on the same memory. What was confirmed is there, and every lesson that the memory
    says it has learned."""
    chance = random.Random(seed)

    async def main() -> None:
        backend = OracleBackend(gate=wait_a_little)
        stores = await told(backend)
        former = engine_over(stores)
        done = {"linked": 0, "repeated": 0}

        async def fold() -> None:
            for n in range(lessons):
                lesson = CoActivation(mind=ANA, memory_ids=IDS[:2], reason="used")
                try:
                    await former.plasticity.fold([Event(0, f"{START_MS + n}-0", ANA, lesson)], {0: 1})
                except UnavailableError:
                    return

        async def link() -> None:
            for n in range(links):
                target = Association(target_id=memory_id(ANA, f"t{n}"), weight=0.5, type=SEMANTIC)
                for _ in range(200):
                    read = (await stores.associations.read(ANA, IDS[:1]))[IDS[0]]
                    array = [*read.associations, target]
                    if await stores.associations.write(ANA, {IDS[0]: (read.rev, array)}, epoch=2):
                        done["linked"] += 1
                        break

        async def repeat() -> None:
            for n in range(repeats):
                for _ in range(200):
                    memory = (await stores.memories.get(ANA, IDS[:1]))[IDS[0]]
                    fields = {"access_count": memory.access_count + 1, "repeated_through": f"{n}-0"}
                    if await stores.memories.amend(ANA, {IDS[0]: (memory.rev, fields)}, epoch=2):
                        done["repeated"] += 1
                        break

        async def wait_long() -> None:
            for _ in range(chance.randint(0, 40)):
                await anyio.lowlevel.checkpoint()
            async with anyio.create_task_group() as next_holder:
                next_holder.start_soon(link)
            await repeat()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fold)
            tasks.start_soon(wait_long)
        memory = (await stores.memories.get(ANA, IDS[:1]))[IDS[0]]
        kinds = Counter(a.type for a in memory.associations)
        learned = [a.coactivation_count for a in memory.associations if a.type is LEARNED]
        assert (kinds[SEMANTIC], done["linked"], memory.access_count) == (links, links, done["repeated"])
        through = memory.plasticity_through
        assert sum(learned) == (int(through.removesuffix("-0")) - START_MS + 1 if through else 0)

    async def wait_a_little(verb: str, collection: str) -> None:
        for _ in range(chance.randint(0, 3)):
            await anyio.lowlevel.checkpoint()

    anyio.run(main)
