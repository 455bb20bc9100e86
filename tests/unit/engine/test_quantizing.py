"""What compressed vectors find is looked at each night, and told where it is less than it should be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from cognition.engine.assembly import Options
from cognition.errors import StoreRefusedError
from cognition.stores.backend import Hit, Query
from cognition.stores.stores import over
from cognition.testing.embedder import HashEmbedder
from cognition.testing.oracle import OracleBackend
from schemas.cue import Cue
from schemas.events import QuantizationFell, QuantizationMeasured
from schemas.quantization import (
    Quantization,
    QuantizationAnswer,
    QuantizationInquiry,
    QuantizationKind,
    SampleAnswer,
    SampleInquiry,
)
from tests.unit.engine.bench import ANA, BO, Bench

INT8 = Quantization(kind=QuantizationKind.INT8)


class Blurred(OracleBackend):
    """Searches of compressed vectors that leave out every `lost`-th of the nearest, the first `looks` times
    that they are held against others."""

    def __init__(self, lost: int, looks: int) -> None:
        super().__init__()
        self.lost = lost
        self.looks = looks

    async def query(self, collection: str, queries: Sequence[Query]) -> list[list[Hit]]:
        answers = await super().query(collection, queries)
        kind = (await self.info(collection)).quantization.kind
        self.looks -= any(asked.uncompressed for asked in queries)
        blurred = self.lost and kind is QuantizationKind.INT8 and self.looks >= 0
        return [
            [hit for n, hit in enumerate(hits) if n % self.lost]
            if blurred and not (asked.exact or asked.uncompressed)
            else hits
            for asked, hits in zip(queries, answers, strict=True)
        ]


async def on(lost: int = 0, looks: int = 1_000, **settings: Quantization) -> Bench:
    backend = Blurred(lost, looks)
    stores = over(backend, settings)
    await stores.ensure()
    bench = Bench(stores, backend, HashEmbedder(), Options())
    for number in range(30):
        await bench.say(f"remark {number} about thing {number % 7} and {number * 31 % 11}")
    return bench


async def told(bench: Bench) -> list[QuantizationMeasured | QuantizationFell]:
    await bench.sleep()
    events = bench.sink.events
    return [e for e in events if isinstance(e, QuantizationMeasured | QuantizationFell)]


async def apply(bench: Bench, kind: QuantizationKind, *collections: str) -> QuantizationAnswer:
    inquiry = QuantizationInquiry(id="q", apply=Quantization(kind=kind), collections=list(collections))
    answer = await bench.engine.quantizing.answer(inquiry)
    assert isinstance(answer, QuantizationAnswer)
    return answer


async def test_a_night_over_vectors_that_are_not_compressed_measures_nothing() -> None:
    assert await told(await on()) == []


async def test_a_night_tells_what_compressed_vectors_find_of_what_their_originals_find() -> None:
    bench = await on()
    await apply(bench, QuantizationKind.INT8)
    [event] = await told(bench)
    assert isinstance(event, QuantizationMeasured)
    assert (event.mind, event.kind, event.recall, event.floor) == (ANA, "int8", 1.0, 0.99)


async def test_it_is_an_alarm_when_that_is_below_the_floor_and_the_report_says_so() -> None:
    bench = await on(lost=4)
    await apply(bench, QuantizationKind.INT8)
    [event] = await told(bench)
    assert isinstance(event, QuantizationFell)
    assert event.recall == pytest.approx(0.7)
    (report,) = await bench.stores.cycles.latest(ANA, limit=1)
    assert any("int8 vectors find 70.0%" in note for note in report.notes)


async def test_what_is_below_the_floor_by_a_few_neighbours_of_a_draw_is_measured_and_is_no_alarm() -> None:
    bench = await on(lost=10, looks=2)
    await apply(bench, QuantizationKind.INT8)
    [event] = await told(bench)
    assert isinstance(event, QuantizationMeasured)
    assert event.recall == pytest.approx(158 / 160)
    assert event.recall < event.floor


async def test_a_change_says_how_each_collection_is_kept_and_sets_the_optimiser_going() -> None:
    bench = await on()
    waiting = bench.engine.quantizing.told
    answer = await apply(bench, QuantizationKind.BINARY)
    kept = {each.collection: each for each in answer.kept}
    assert waiting.is_set()
    assert (
        kept["memories"].quantization.kind is kept["unconscious"].quantization.kind is QuantizationKind.BINARY
    )
    assert kept["memories"].before is QuantizationKind.NONE
    assert kept["memories"].points == 30
    assert kept["episodes"].quantization.kind is QuantizationKind.NONE


async def test_the_settings_say_how_collections_are_made_and_a_word_changes_that_and_takes_it_back() -> None:
    bench = await on(memories=INT8, unconscious=INT8)
    made = {each.collection: each for each in await bench.stores.quantizing.shown()}
    assert made["memories"].quantization.kind is QuantizationKind.INT8
    assert made["memories"].before is QuantizationKind.NONE, "the originals are there to go back to"
    assert made["episodes"].before is None
    for kind, before in (
        (QuantizationKind.BINARY, QuantizationKind.INT8),
        (QuantizationKind.NONE, QuantizationKind.BINARY),
    ):
        await apply(bench, kind)
        again = over(bench.backend, {"memories": INT8, "unconscious": INT8})
        await again.ensure()
        kept = (await again.quantizing.shown())[0]
        assert (kept.quantization.kind, kept.before) == (kind, before)


async def test_a_collection_that_has_no_searched_vectors_is_refused_by_name() -> None:
    bench = await on()
    with pytest.raises(StoreRefusedError, match="'tombstones' is no collection"):
        await apply(bench, QuantizationKind.INT8, "tombstones")


async def test_a_sample_holds_the_vectors_of_one_mind_alone_page_by_page_and_its_cues() -> None:
    bench = await on()
    await bench.say("what bo keeps to himself", mind=BO)
    recollection = await bench.recall("remark 3")
    bench.engine.shown.remember(Cue(id="cue", mind=ANA, content="remark 3"), recollection)
    pages, offset = [], ""
    while True:
        asked = SampleInquiry(id="s", mind=ANA, offset=offset, limit=16)
        answer = await bench.engine.quantizing.answer(asked)
        assert isinstance(answer, SampleAnswer)
        pages.append(answer)
        offset = answer.offset
        if not offset:
            break
    rows = [np.frombuffer(page.vectors, "<f4").reshape(-1, 768) for page in pages]
    assert [len(page) for page in rows] == [16, 14]
    assert [len(page.cues) // (4 * 768) for page in pages] == [1, 0]
