"""A data directory: its version, its one holder, and where its daemon listens."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cognition.data_directory import (
    FORMAT_VERSION,
    LIVES_FILE,
    Holder,
    announce,
    default_directory,
    find_holder,
    find_lives,
    held,
    is_held,
    keep_lives,
    prepare,
    write_atomically,
)
from cognition.errors import DataVersionError, StoreLockedError, StoreUnavailableError
from schemas.mechanism import Lives, MechanismLife


def test_a_new_directory_is_made_private_and_gets_its_version(tmp_path: Path) -> None:
    prepare(tmp_path / "deep" / "data")
    assert (tmp_path / "deep" / "data" / "VERSION").read_text() == f"{FORMAT_VERSION}\n"
    assert (tmp_path / "deep" / "data").stat().st_mode & 0o077 == 0
    prepare(tmp_path / "deep" / "data")


@pytest.mark.parametrize("version", [str(FORMAT_VERSION + 1), str(FORMAT_VERSION - 1), "99", "x", ""])
def test_a_directory_of_another_format_is_refused_and_left_as_it_is(tmp_path: Path, version: str) -> None:
    (tmp_path / "VERSION").write_text(version)
    with pytest.raises(DataVersionError, match="Use the version of cognition that wrote it") as caught:
        prepare(tmp_path)
    assert f"{tmp_path} has format {version!r}, this version reads {FORMAT_VERSION}" in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir()] == ["VERSION"]


def test_a_directory_that_cannot_be_used_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreUnavailableError, match=r"cannot be used: .* choose another with --data"):
            prepare(directory)
    (tmp_path / "daemon.lock").mkdir()
    with pytest.raises(StoreUnavailableError, match="cannot be used: Is a directory"), held(tmp_path, 0.0):
        raise AssertionError("it was held")


def test_one_holds_it_and_the_next_is_told_who(tmp_path: Path) -> None:
    with held(tmp_path, 1.0):
        assert is_held(tmp_path)
        with pytest.raises(StoreLockedError) as caught, held(tmp_path, 2.0):
            raise AssertionError("it was held twice")
        assert f"is held by process {os.getpid()} on {socket.gethostname()}" in str(caught.value)
        assert "stop it, or choose another directory" in str(caught.value)
    assert not is_held(tmp_path)
    assert find_holder(tmp_path) is None
    with held(tmp_path, 3.0):
        assert is_held(tmp_path)


def test_a_holder_is_found_with_what_it_announced(tmp_path: Path) -> None:
    assert find_holder(tmp_path) is None
    with held(tmp_path, 1.0) as address:
        found = find_holder(tmp_path)
        assert found is not None
        assert (found.pid, found.ready) == (os.getpid(), False)
        announce(address, Holder(pid=1, host="here", started_at=1.0, url="unix:///s", ready=True))
        found = find_holder(tmp_path)
        assert found is not None
        assert (found.url, found.ready) == ("unix:///s", True)


def test_what_a_dead_holder_left_behind_does_not_count(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from cognition.data_directory import held\n"
        "holding = held(Path(sys.argv[1]), 0.0); holding.__enter__(); os.kill(os.getpid(), 9)"
    )
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert died.returncode == -9
    assert (tmp_path / "daemon.json").exists()
    assert find_holder(tmp_path) is None
    with held(tmp_path, 1.0):
        assert is_held(tmp_path)


def test_an_address_that_cannot_be_read_is_no_holder(tmp_path: Path) -> None:
    with held(tmp_path, 1.0) as address:
        address.write_text("{oops")
        assert find_holder(tmp_path) is None
        with pytest.raises(StoreLockedError, match="is held by another process"), held(tmp_path, 2.0):
            raise AssertionError("it was held twice")


def test_writing_replaces_in_one_step_and_leaves_nothing_beside(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"one")
    write_atomically(tmp_path / "file", b"two")
    assert (tmp_path / "file").read_bytes() == b"two"
    assert (tmp_path / "file").stat().st_mode & 0o077 == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_the_default_is_where_programs_keep_their_data() -> None:
    assert default_directory({"XDG_DATA_HOME": "/data"}) == Path("/data/cognition")
    assert default_directory({}) == Path.home() / ".local/share/cognition"


def test_what_mechanisms_did_is_kept_and_begun_anew_where_it_cannot_be_read(tmp_path: Path) -> None:
    assert find_lives(tmp_path) is None
    lives = Lives(since=1.0, lives=[MechanismLife(name="drift", did=2, of=3, unit="memories", last_at=4.0)])
    keep_lives(tmp_path, lives)
    assert find_lives(tmp_path) == lives
    (tmp_path / LIVES_FILE).write_text("{")
    assert find_lives(tmp_path) is None
