"""The directory of the embedded engine, on a real file system."""

import os
from pathlib import Path

import pytest

from cognition.errors import DataVersionError, StoreLockedError, StoreUnavailableError
from cognition.stores import edge_directory
from cognition.stores.edge_directory import Holder, Meta

HOLDER = Holder(pid=7, host="here", role="tester", started_at=12.0)


def test_the_lock_names_its_holder_and_is_free_when_it_is_closed(tmp_path: Path) -> None:
    fd = edge_directory.lock(tmp_path / "new", HOLDER)
    with pytest.raises(StoreLockedError, match=r"tester \(process 7 on here, since 12\)"):
        edge_directory.lock(tmp_path / "new", HOLDER)
    os.close(fd)
    os.close(edge_directory.lock(tmp_path / "new", HOLDER))


def test_a_lock_that_says_nothing_is_still_a_lock(tmp_path: Path) -> None:
    fd = edge_directory.lock(tmp_path, HOLDER)
    (tmp_path / "LOCK").write_text("")
    with pytest.raises(StoreLockedError, match="has not said its name"):
        edge_directory.lock(tmp_path, HOLDER)
    os.close(fd)


def test_a_format_is_marked_once_and_a_newer_one_refused(tmp_path: Path) -> None:
    edge_directory.require_format(tmp_path)
    edge_directory.require_format(tmp_path)
    (tmp_path / "FORMAT").write_text("99")
    with pytest.raises(DataVersionError, match="format '99', this version reads up to 1"):
        edge_directory.require_format(tmp_path)


def test_generations_follow_each_other_and_only_the_live_one_stays(tmp_path: Path) -> None:
    assert edge_directory.current(tmp_path) is None
    assert edge_directory.next_after(None) == "g000001"
    assert edge_directory.next_after("g000009") == "g000010"
    for name in ("g000001", "g000002", ".making-x"):
        (tmp_path / name).mkdir()
    edge_directory.point_at(tmp_path, "g000002")
    edge_directory.remove_all_but(tmp_path, edge_directory.current(tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["CURRENT", "g000002"]


def test_an_interrupted_replacement_leaves_the_old_content(tmp_path: Path) -> None:
    edge_directory.write_meta(tmp_path, Meta(optimised=3))
    (tmp_path / "generation.json.partial").write_bytes(b'{"optim')
    assert edge_directory.read_meta(tmp_path).optimised == 3


def test_a_copy_keeps_content_and_holes(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    (source / "deep").mkdir(parents=True)
    with open(source / "deep" / "holes", "wb") as file:
        file.write(b"begin")
        file.seek(2**20)
        file.write(b"middle")
        file.truncate(2**24)
    (source / "empty").touch()
    edge_directory.copy_tree(source, target)
    assert (target / "deep" / "holes").read_bytes() == (source / "deep" / "holes").read_bytes()
    assert (target / "empty").read_bytes() == b""
    assert edge_directory.size_of(target) < 2**20


def test_a_disk_without_room_is_said_with_its_path(tmp_path: Path) -> None:
    edge_directory.require_space(tmp_path)
    with pytest.raises(StoreUnavailableError, match=rf"disk of {tmp_path} is full"):
        edge_directory.require_space(tmp_path, 2**60)
