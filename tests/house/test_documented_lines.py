"""The lines that README gives to agents in any language, run as they stand against a real server."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from schemas.dream import CoActivation, Feedback
from schemas.percept import Percept
from streams.codec import decode_fields
from streams.keys import StreamKeys
from streams.testing import running_valkey

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
LINES = re.findall(r"^(?:printf .* \| )?redis-cli .*$", README, flags=re.MULTILINE)
PUBLISHING = [line for line in LINES if " XADD " in line and ":awake" in line]
TEACHING = [line for line in LINES if " XADD " in line and ":dream" in line]
FORMS = ("content", "j", "m")


@pytest.fixture(scope="module")
def server() -> Iterator[redis.Redis]:
    with running_valkey() as url:
        client = redis.Redis.from_url(url, protocol=2)
        yield client
        client.close()


def command_of(line: str) -> list[str | bytes]:
    """The words of a `redis-cli` line as the program sends them; with -x the last is standard input."""
    piped, _, call = line.rpartition(" | ")
    words: list[str | bytes] = [*shlex.split(call)[1:]]
    if words[0] == "-x":
        given = subprocess.run(["sh", "-c", piped], capture_output=True, check=True).stdout
        return [*words[1:], given]
    return words


def test_all_three_forms_are_documented() -> None:
    named = [[word for word in command_of(line) if word in FORMS] for line in PUBLISHING]
    assert sorted(form for forms in named for form in forms) == sorted(FORMS)


@pytest.mark.parametrize("line", PUBLISHING)
def test_a_documented_line_publishes_a_percept_where_its_mind_is_listened_to(
    server: redis.Redis, line: str
) -> None:
    command = command_of(line)
    entry = server.execute_command(*command)
    key = str(command[1])
    ((_, fields),) = server.xrange(key, entry, entry)
    percept = decode_fields("awake", fields)
    assert isinstance(percept, Percept)
    assert percept.content
    keys = StreamKeys()
    assert key == keys.stream(keys.partition_of(percept.mind), "awake")


@pytest.mark.parametrize("line", TEACHING)
def test_a_documented_line_teaches_where_its_mind_is_listened_to(server: redis.Redis, line: str) -> None:
    command = command_of(line)
    entry = server.execute_command(*command)
    key = str(command[1])
    ((_, fields),) = server.xrange(key, entry, entry)
    event = decode_fields("dream", fields)
    assert isinstance(event, Feedback | CoActivation)
    keys = StreamKeys()
    assert key == keys.stream(keys.partition_of(event.mind), "dream")


def test_both_ways_to_teach_are_documented() -> None:
    assert [re.findall(r"\bt (\w+)/1", line) for line in TEACHING] == [["feedback"], ["coactivation"]]


def test_the_line_for_receipts_is_a_command_that_the_server_takes(server: redis.Redis) -> None:
    (line,) = [line for line in LINES if " XRANGE " in line]
    assert server.execute_command(*command_of(line)) == []
