"""Percepts that compete for attention: what becomes of each is told, and nothing is lost silently."""

from __future__ import annotations

import msgspec
import pytest

from cognition.engine.assembly import Options
from cognition.engine.options import AttentionOptions
from cognition.errors import SettingsError
from cognition.ports.stores import Scope
from cognition.settings import load
from schemas.events import Outcome, Receipt
from schemas.identifiers import memory_id
from schemas.percept import BoundaryMark, Forget, Percept
from tests.unit.engine.bench import ANA, BO, Bench, bench, contents, vector

COMPETE = Options(attention=AttentionOptions(mode="compete"))
ARCHIVING = Options(attention=AttentionOptions(archive_low_salience=True))


def thing(number: int, strength: float, mind: str = ANA, **fields: object) -> Percept:
    """One of its own direction, so new through and through: salience .2 + .8 times its strength, but for
    feeling (.1 of it)."""
    said = dict.fromkeys(("importance", "relevance", "connection_relevance"), strength)
    return Percept(mind=mind, key=f"k{number}", content=f"thing {number} of its own kind",
                   vector=vector(number), occurred_at=1_699_999_000.0 + 0.01 * number, **said, **fields)  # type: ignore[arg-type] # fmt: skip


LOW, MIDDLE, HIGH = 0.05, 0.5, 0.9


async def memories(at: Bench, mind: str = ANA) -> set[str]:
    ids = await at.stores.memories.select(mind, Scope(), limit=100)
    return {m.key for m in (await at.stores.memories.get(mind, ids)).values()}


def outcomes(receipts: list[Receipt]) -> list[Outcome]:
    return [receipt.outcome for receipt in receipts]


async def test_each_has_a_receipt_with_score_threshold_and_reason() -> None:
    at = await bench(options=COMPETE)
    receipts = await at.take(*(thing(n, s) for n, s in enumerate((MIDDLE, 0.4, HIGH, LOW, 0.6))))
    assert outcomes(receipts) == [
        Outcome.ENCODED, Outcome.FORGOTTEN, Outcome.ENCODED, Outcome.ARCHIVED, Outcome.FORGOTTEN]  # fmt: skip
    won, lost, best, low, late = receipts
    assert won.threshold == 0.3
    assert lost.salience < lost.threshold == pytest.approx(won.salience)
    assert "lost the competition for attention" in lost.reason
    assert (lost.memory_id, lost.episode_id) == ("", "")
    assert best.salience >= best.threshold == pytest.approx(won.salience)
    assert (low.threshold, low.memory_id) == (0.3, memory_id(ANA, "k3"))
    assert "is below 0.3" in low.reason
    assert late.threshold == 0.7
    assert all(receipt.parts is not None and receipt.parts.novelty == 1.0 for receipt in receipts)
    assert await memories(at) == {"k0", "k2"}


async def test_what_wins_is_tagged_and_what_loses_leaves_no_trace_in_the_mind() -> None:
    at, alone = await bench(options=COMPETE), await bench(options=COMPETE)
    await at.take(thing(0, HIGH), thing(1, 0.4), thing(2, HIGH))
    await alone.take(thing(0, HIGH))
    await alone.take(thing(2, HIGH))
    stored = (await at.stores.memories.get(ANA, [memory_id(ANA, "k2")]))[memory_id(ANA, "k2")]
    assert stored.consolidation_tag
    assert stored.position == 1
    minds = [b.engine.minds.resident(ANA) for b in (at, alone)]
    lexicons = [mind.lexicon.snapshot() for mind in minds if mind is not None]
    assert lexicons[0] == lexicons[1]
    assert [mind.memories for mind in minds if mind is not None] == [2, 2]
    assert [mind.percepts for mind in minds if mind is not None] == [3, 2]


async def test_what_is_archived_is_there_whole_and_not_recalled() -> None:
    at = await bench(options=ARCHIVING)
    receipts = await at.take(thing(0, LOW), thing(1, MIDDLE))
    assert outcomes(receipts) == [Outcome.ARCHIVED, Outcome.ENCODED]
    archived = await at.stores.archive.get(ANA, [receipts[0].memory_id])
    assert archived[receipts[0].memory_id].content == "thing 0 of its own kind"
    assert contents(await at.recall("thing")) == ["thing 1 of its own kind"]
    assert await at.stores.archive.get(BO, [receipts[0].memory_id]) == {}


async def test_by_default_everything_becomes_a_memory() -> None:
    at = await bench()
    assert outcomes(await at.take(*(thing(n, LOW) for n in range(5)))) == [Outcome.ENCODED] * 5


async def test_a_mode_may_be_that_of_one_mind() -> None:
    at = await bench(options=Options(attention=AttentionOptions(modes={BO: "compete"})))
    assert outcomes(await at.take(thing(0, MIDDLE), thing(1, 0.4))) == [Outcome.ENCODED] * 2
    theirs = await at.take(thing(0, MIDDLE, BO), thing(1, 0.4, BO))
    assert outcomes(theirs) == [Outcome.ENCODED, Outcome.FORGOTTEN]


@pytest.mark.parametrize("mark", list(BoundaryMark))
async def test_a_boundary_counts_also_where_its_percept_does_not(mark: BoundaryMark) -> None:
    at = await bench(options=COMPETE)
    await at.take(thing(0, HIGH), thing(1, LOW, boundary=mark, boundary_label="lunch"), thing(2, HIGH))
    episodes = sorted(await at.stores.episodes.latest(ANA, limit=5), key=lambda e: e.started_at)
    assert [e.memory_count for e in episodes] == [1, 1]
    assert episodes[0].boundary_type == "explicit"
    assert episodes[mark is BoundaryMark.BEGIN].label == "lunch"


@pytest.mark.parametrize("died_after", range(6))
async def test_a_crash_decides_nothing_anew(died_after: int) -> None:
    calm, at = await bench(options=COMPETE), await bench(options=COMPETE)
    percepts = [thing(n, s) for n, s in enumerate((MIDDLE, 0.4, LOW, HIGH, 0.6, LOW))]
    wanted = [(await calm.take(p))[0] for p in percepts]
    entries = [at.entry(p) for p in percepts]
    for entry in entries[: died_after + 1]:
        await at.commit(entry)
    at.again()  # nothing was written down but memories and archive
    found = [(await at.commit(entry))[0] for entry in entries]
    await at.engine.minds.checkpoint()
    at.again()
    again = [(await at.commit(entry))[0] for entry in entries]
    assert outcomes(found) == outcomes(again) == outcomes(wanted)
    assert [r.salience for r in found] == pytest.approx([r.salience for r in wanted], abs=1e-3)
    assert await memories(at) == await memories(calm) == {"k0", "k3"}
    mind = at.engine.minds.resident(ANA)
    assert mind is not None
    assert (mind.percepts, mind.memories, mind.living) == (6, 4, 2)


async def test_the_same_key_again_is_what_it_was() -> None:
    at = await bench(options=ARCHIVING)
    await at.take(thing(0, LOW))
    (again,) = await at.take(thing(0, HIGH))
    assert again.outcome is Outcome.ARCHIVED
    assert "the same key as" in again.reason
    assert await memories(at) == set()


async def test_what_was_archived_is_erased_on_request_and_may_not_return() -> None:
    at = await bench(options=ARCHIVING)
    (receipt,) = await at.take(thing(0, LOW))
    await at.take(thing(1, MIDDLE), Forget(mind=ANA, memory_ids=[receipt.memory_id]))
    assert await at.stores.archive.get(ANA, [receipt.memory_id]) == {}
    assert outcomes(await at.take(thing(0, LOW))) == [Outcome.FORGOTTEN]
    mind = at.engine.minds.resident(ANA)
    assert mind is not None
    assert mind.living == 1


def test_thresholds_that_contradict_each_other_are_refused_by_name() -> None:
    with pytest.raises(SettingsError, match=r"forget_below 0\.9 is above consolidate_from 0\.7"):
        load(flags={"attention.forget_below": 0.9})


def test_modes_are_read_from_the_environment() -> None:
    loaded = load(environment={"COGNITION_ATTENTION__MODES": "ana=compete, bo=retain"})
    assert loaded.settings.attention.modes == {"ana": "compete", "bo": "retain"}
    with pytest.raises(SettingsError, match=r"attention\.modes"):
        load(environment={"COGNITION_ATTENTION__MODES": "ana=dream"})


def test_a_receipt_of_before_knew_no_threshold() -> None:
    body = msgspec.json.encode({"mind": ANA, "entry": "1-0", "outcome": "encoded"})
    assert msgspec.json.decode(body, type=Receipt).threshold == 0.0
