"""Copies of minds: room is asked for before, what the disk refuses is told, and what nobody holds goes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from cognition.errors import StoreUnavailableError
from cognition.stores import edge_directory
from cognition.stores.copying import ORDER, room_for
from cognition.stores.mind_copies import TAKEN_WITHIN_S, MindCopies, sweep
from cognition.testing.clock import ManualClock
from cognition.testing.oracle import OracleBackend

pytestmark = pytest.mark.anyio
NOW = 1_700_000_000.0
FULL = SimpleNamespace(free=1 << 20)


async def copies(base: Path) -> MindCopies:
    backend = OracleBackend()
    for spec in ORDER:
        await backend.ensure(spec)
    return MindCopies(backend, base, "store", ManualClock(NOW))


async def test_a_copy_for_which_there_is_no_room_is_refused_with_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await copies(tmp_path)
    assert (await found.size("ana")).bytes == room_for(0)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: FULL)
    with pytest.raises(StoreUnavailableError, match=r"needs 96 MiB in .*, where 1 are free"):
        await found.size("ana")


async def test_a_place_that_cannot_be_used_is_told_and_is_no_failure_of_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    found = await copies(tmp_path / "file" / "copies")
    with pytest.raises(StoreUnavailableError, match="no copy can be made in"):
        await found.size("ana")

    async def told(_: int) -> None:
        raise AssertionError("nothing can be copied")

    with pytest.raises(StoreUnavailableError, match="no copy can be made in"):
        await found.copy("ana", "c1", told)


async def unheard(_: int) -> None:
    """How much is copied."""


@pytest.mark.parametrize("name", ["..", "../store", "/", ".", "", "a/b", "nul\0", "x" * 4_000])
async def test_a_copy_lies_among_the_copies_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "memories").write_text("what there is to lose")
    found = await copies(tmp_path / "copies")
    folder = Path(await found.copy("ana", name, unheard))
    assert folder.parent == tmp_path / "copies"
    with pytest.raises(StoreUnavailableError, match="File exists"):
        await found.copy("ana", name, unheard)
    assert names_in(tmp_path / "copies") == [folder.name], "it belongs to who asked first"
    await found.drop(name)
    await found.drop(name)
    assert names_in(tmp_path / "copies") == []
    assert names_in(tmp_path / "store") == ["memories"]


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def test_what_nobody_holds_is_swept_unless_it_is_new(tmp_path: Path) -> None:
    for name in ("held", "left", "new", "empty"):
        (tmp_path / name / "store").mkdir(parents=True)
    holder = edge_directory.Holder(pid=os.getpid(), host="here", role="test", started_at=NOW)
    lock = edge_directory.lock(tmp_path / "held" / "store", holder)
    (tmp_path / "empty" / "store").rmdir()
    for name in ("held", "left", "empty"):
        os.utime(tmp_path / name, (NOW - 2 * TAKEN_WITHIN_S,) * 2)
    os.utime(tmp_path / "new", (NOW - 1.0,) * 2)
    sweep(tmp_path, "store", NOW)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["held", "new"]
    os.close(lock)
    sweep(tmp_path, "store", NOW)
    assert [each.name for each in tmp_path.iterdir()] == ["new"]
