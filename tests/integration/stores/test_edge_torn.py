"""A flush that was cut in the middle: indexes as they are now, payloads as they were before. Whoever opens
the shard goes through its log, and all that was acknowledged is there."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest

from cognition.stores import edge_process
from cognition.stores.backend import (
    Both,
    CollectionSpec,
    Condition,
    FieldType,
    Match,
    Point,
    Range,
    WriteMode,
)
from cognition.stores.edge import open_edge
from cognition.stores.edge_gate import Gate
from cognition.stores.qdrant_edge import EdgeShards
from streams.processes import until
from tests.integration.stores import slow_optimise
from tests.integration.stores.things import point_id

SPEC = CollectionSpec("fenced", {"v": 4}, (), {"mind": FieldType.TENANT, "epoch": FieldType.INTEGER})
NAME = SPEC.name
IDS = [point_id(n) for n in range(3)]
NEW = point_id(3)

Write = Callable[[EdgeShards, int], None]


def fenced(epoch: int) -> Condition:
    """Under this lease or an older one, and nobody else has written since the last time."""
    return Both((Match("mind", "ana"), Range("epoch", lte=epoch), Match("rev", epoch - 2)))


def whole(point: str, epoch: int) -> Point:
    payload = {"mind": "ana", "epoch": epoch, "rev": epoch - 1}
    return Point(point, payload, {"v": np.eye(4, dtype=np.float32)[epoch % 4]})


def patched(shards: EdgeShards, epoch: int) -> None:
    patches = {i: {"epoch": epoch, "rev": epoch - 1} for i in IDS}
    shards.set_payloads(NAME, patches, condition=fenced(epoch))


def stamped(shards: EdgeShards, epoch: int) -> None:
    shards.set_payload(NAME, IDS, {"epoch": epoch, "rev": epoch - 1}, condition=fenced(epoch))


def replaced(shards: EdgeShards, epoch: int) -> None:
    shards.upsert(NAME, [whole(i, epoch) for i in IDS], condition=fenced(epoch))


def updated(shards: EdgeShards, epoch: int) -> None:
    points = [whole(i, epoch) for i in [*IDS, NEW]]
    shards.upsert(NAME, points, mode=WriteMode.UPDATE_ONLY, condition=fenced(epoch))


def inserted_once(shards: EdgeShards, epoch: int) -> None:
    patched(shards, epoch)
    shards.upsert(NAME, [whole(NEW, epoch)], mode=WriteMode.INSERT_ONLY)


def turned(shards: EdgeShards, epoch: int) -> None:
    vector = np.eye(4, dtype=np.float32)[epoch % 4]
    shards.update_vectors(NAME, {i: {"v": vector} for i in IDS}, condition=fenced(epoch))
    patched(shards, epoch)


def deleted(shards: EdgeShards, epoch: int) -> None:
    patched(shards, epoch)
    if epoch == 3:
        after = Both((Match("mind", "ana"), Range("epoch", lte=3), Match("rev", 2)))
        shards.delete(NAME, IDS[:1], condition=after)


def rows(shards: EdgeShards) -> dict[str, tuple[object, list[float]]]:
    hits = shards.retrieve(NAME, [*IDS, NEW], with_vectors=("v",))
    return {h.id: (h.payload, np.asarray((h.vectors or {})["v"]).tolist()) for h in hits}


def segment(directory: Path) -> Path:
    (found,) = (directory / NAME / "g000001" / "segments").iterdir()
    return found


@pytest.mark.parametrize("write", [patched, stamped, replaced, updated, inserted_once, turned, deleted])
def test_writes_under_a_condition_outlive_a_flush_that_was_cut_between_indexes_and_payloads(
    tmp_path: Path, write: Write
) -> None:
    """Two holders of a lease write, one after the other; the second one's flush is cut."""
    living, cut = tmp_path / "living", tmp_path / "cut"
    living.mkdir()
    shards = EdgeShards(living)
    shards.ensure(SPEC)
    shards.upsert(NAME, [whole(i, 1) for i in IDS])
    shards.flush(NAME)
    for epoch in (2, 3):
        write(shards, epoch)
    shutil.copytree(living, cut)
    expected = rows(shards)
    shards.flush(NAME)
    shutil.rmtree(segment(cut) / "payload_index")
    shutil.copytree(segment(living) / "payload_index", segment(cut) / "payload_index")
    opened = EdgeShards(cut)
    opened.ensure(SPEC)
    assert rows(opened) == expected
    assert {payload["epoch"] for payload, _ in expected.values()} <= {2, 3}  # type: ignore[index]
    assert opened.count(NAME, condition=Range("epoch", gte=2)) == len(expected)
    opened.close()
    shards.close()


async def test_a_flush_while_a_shard_is_copied_takes_nothing_out_of_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last write before writers are held follows the flush; another comes before its log is copied."""
    spawn, closed, writes = edge_process.spawn, Gate.closed, itertools.count(1)

    async def patient(module: str, *args: str, **named: Any) -> Any:
        slow = module.replace("cognition.stores.edge_optimise", "tests.integration.stores.slow_optimise")
        return await spawn(slow, *args, **named)

    @asynccontextmanager
    async def late(self: Gate) -> AsyncIterator[None]:
        await backend.set_payloads(NAME, {i: {"rev": next(writes)} for i in IDS})
        async with closed(self):
            yield

    monkeypatch.setattr(edge_process, "spawn", patient)
    monkeypatch.setenv(slow_optimise.FOLDER, str(tmp_path))
    async with open_edge(tmp_path / "data", started_at=0.0) as backend:
        await backend.ensure(SPEC)
        await backend.upsert(NAME, [whole(i, 1) for i in IDS])

        async def flush() -> None:
            await until((tmp_path / slow_optimise.AT_THE_LOG).exists)
            await backend.flush(NAME)
            monkeypatch.setattr(Gate, "closed", closed)
            (tmp_path / slow_optimise.GO_ON).touch()

        monkeypatch.setattr(Gate, "closed", late)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(flush)
            await backend.optimise(NAME)
        stored = [h.payload["rev"] for h in await backend.retrieve(NAME, IDS) if h.payload]
    assert stored == [1, 2, 3]
    assert next(writes) == 4


def test_indexes_that_are_wanted_no_more_are_dropped_when_a_shard_is_opened(tmp_path: Path) -> None:
    shards = EdgeShards(tmp_path)
    shards.ensure(SPEC)
    shards.upsert(NAME, [whole(i, 1) for i in IDS])
    shards.close()
    later = replace(SPEC, indexes={"mind": FieldType.TENANT})
    opened = EdgeShards(tmp_path)
    opened.ensure(later)
    assert set(opened._open[NAME].engine.info().payload_schema) == {"mind"}
    patched(opened, 2)
    assert {h.payload["epoch"] for h in opened.retrieve(NAME, IDS) if h.payload} == {2}
    opened.close()
