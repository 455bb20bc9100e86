"""The lines of README for agents in any language, spoken to a running daemon: each gets its receipt."""

from __future__ import annotations

import json
import re
import shlex
import subprocess

import pytest

from cognition import open_engine
from cognition.mechanisms.synapses import LEARNED
from schemas.events import Outcome
from schemas.identifiers import memory_id
from tests.integration.support import ROOT, Client, Daemon

README = (ROOT / "README.md").read_text("utf-8")
LINES = re.findall(r"^(?:printf .* \| )?redis-cli (?:-x )?XADD .*$", README, flags=re.MULTILINE)
PUBLISHING = [line for line in LINES if "}:awake'" in line]
TEACHING = [line for line in LINES if line not in PUBLISHING]
FORMS = ("content", "j", "m")


@pytest.fixture(scope="module")
def speaker(texts: Daemon) -> Client:
    return texts.client()


def words_of(line: str) -> list[str | bytes]:
    """What `redis-cli` sends: its words; with -x, standard input is the last of them."""
    given, _, call = line.rpartition(" | ")
    words: list[str | bytes] = [*shlex.split(call)[1:]]
    if words[0] != "-x":
        return words
    return [*words[1:], subprocess.run(["sh", "-c", given], capture_output=True, check=True).stdout]


def test_each_form_is_documented_by_one_line() -> None:
    named = sorted(word for line in PUBLISHING for word in words_of(line) if word in FORMS)
    assert named == sorted(FORMS)


@pytest.mark.parametrize("line", PUBLISHING)
def test_a_documented_line_becomes_a_memory_and_the_receipt_says_which(speaker: Client, line: str) -> None:
    entry = bytes(speaker.server.execute_command(*words_of(line))).decode()
    receipt = speaker.receipt("ana", entry)
    assert receipt.outcome in {Outcome.ENCODED, Outcome.STRENGTHENED}
    assert receipt.memory_id
    again = bytes(speaker.server.execute_command(*words_of(line))).decode()
    assert speaker.receipt("ana", again).memory_id == receipt.memory_id


async def test_the_documented_lines_for_what_use_taught_teach_it(texts: Daemon, speaker: Client) -> None:
    async with open_engine(data=texts.directory) as session:
        mind = session.mind("ana")
        for key in ("stove", "hook"):
            await (await mind.perceive(f"The kettle is at the {key}.", key=key)).wait()
        answer = await mind.recall("Where is the kettle?")
        stove, hook = memory_id("ana", "stove"), memory_id("ana", "hook")
        report, together = (line.replace("CUE_ID", answer.cue_id) for line in TEACHING)
        report = report.replace("MEMORY_ID", stove)
        together = together.replace('["ID", "ID"]', json.dumps([stove, hook]))
        entries = [bytes(speaker.server.execute_command(*words_of(w))).decode() for w in (report, together)]
        taught = [await session.folded("ana", entry, 30.0) for entry in entries]
        assert taught[0].useful == 1
        memory = (await mind.memory(stove)).memory
        assert memory is not None
        assert hook in {a.target_id for a in memory.associations if a.type is LEARNED}


def test_the_line_for_receipts_shows_them(speaker: Client) -> None:
    (line,) = re.findall(r"^redis-cli XRANGE .*$", README, flags=re.MULTILINE)
    entry = speaker.xadd("ana", {"mind": "ana", "content": "It is late."})
    speaker.receipt("ana", entry)
    shown = speaker.server.execute_command(*words_of(line))
    assert entry.encode() in [fields[b"to"] for _, fields in shown]
