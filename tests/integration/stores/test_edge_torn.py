"""A flush that was cut in the middle: indexes as they are now, payloads as they were before. Whoever opens
the shard goes through its log, and all that was acknowledged is there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

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
from cognition.stores.qdrant_edge import EdgeShards
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
