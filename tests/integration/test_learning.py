"""Learning from use as its users have it: a daemon as a process, reports from Python, from the command
line, and as a plain stream entry in any language.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import redis

from cognition import BadReportError, DeadlineError, Mind, open_engine
from cognition.cli import main
from schemas.association import AssociationType
from schemas.dream import CoActivation
from schemas.identifiers import memory_id
from schemas.learning import NeighboursAnswer, PathAnswer
from schemas.memory import Memory
from streams.keys import StreamKeys
from tests.integration.support import Daemon, Told, daemon_on, environment, until

SAID = ("The keys are under the blue pot.", "The car keys are in the drawer.", "The blue car is outside.")
CUE = "Where are the car keys?"


async def told(mind: Mind) -> None:
    """Three memories: k0, k1, k2."""
    for place, content in enumerate(SAID):
        await (await mind.perceive(content, key=f"k{place}")).wait()


async def stored(mind: Mind, key: str) -> Memory:
    memory = (await mind.memory(key=key)).memory
    assert memory is not None
    return memory


async def test_a_report_changes_the_next_answer_and_survives_kill_nine(tmp_path: Path) -> None:
    with daemon_on(tmp_path / "data", texts=True) as daemon:
        async with open_engine(data=daemon.directory) as session:
            mind = session.mind("ana")
            await told(mind)
            first = await mind.recall(CUE)
            report = await mind.feedback(first, useful=["k0", "k2"])
            await report.wait()
            assert len(report.checked.shown) == 3
            later = await mind.recall(CUE)
            before, after = ({r.memory.key: r.score for r in a.recalled} for a in (first, later))
            assert after["k1"] < before["k1"]
            learned = await stored(mind, "k0")
        daemon.kill()
        daemon.start()
        daemon.ready()
        async with open_engine(data=daemon.directory) as session:
            mind = session.mind("ana")
            again = await stored(mind, "k0")
            assert (again.routes, again.associations) == (learned.routes, learned.associations)
            further = await mind.feedback(later.cue_id, useful=["k1"])
            assert further.checked.cue == CUE, "the daemon before the restart showed it"
            await further.wait()
            assert (await stored(mind, "k1")).useful_count == 1
            assert (await stored(mind, "k0")).unused_count == pytest.approx(1.0, abs=1e-3)


async def test_a_cue_may_wait_for_what_a_report_teaches(texts: Daemon) -> None:
    async with open_engine(data=texts.directory) as session:
        mind = session.mind("patient")
        await told(mind)
        for place in range(5):
            answer = await mind.recall(f"{CUE} And {place}?")
            report = await mind.feedback(answer, useful=[memory_id("patient", "k2")])
            after = await mind.recall(CUE, after=report)
            counted = next(r.memory.useful_count for r in after.recalled if r.memory.key == "k2")
            assert counted == place + 1
        with pytest.raises(DeadlineError):
            await mind.recall(CUE, after=await mind.feedback(after), deadline_s=1e-6)


async def test_what_was_never_shown_cannot_be_reported_on(texts: Daemon) -> None:
    async with open_engine(data=texts.directory) as session:
        mind = session.mind("reporter")
        await told(mind)
        with pytest.raises(BadReportError, match="'no such recollection' of mind 'reporter' is not known"):
            await mind.feedback("no such recollection", useful=["k0"])
        answer = await mind.recall(CUE)
        with pytest.raises(BadReportError, match="nonsense: this mind has no such memory"):
            await mind.feedback(answer, useful=["nonsense"])


async def test_any_language_may_publish_what_use_taught(texts: Daemon) -> None:
    """Plain XADD of JSON, as the documentation says; what cannot be folded in is a dead letter."""
    holder = texts.ready()
    keys = StreamKeys(holder.namespace, holder.partitions)
    server = redis.Redis.from_url(holder.url, protocol=2)
    stream = keys.stream(keys.partition_of("plain"), "dream")
    async with open_engine(data=texts.directory) as session:
        mind = session.mind("plain")
        await told(mind)
        shown = await mind.recall(CUE)
        ids = [memory_id("plain", f"k{n}") for n in range(3)]
        report = {"mind": "plain", "cue_id": shown.cue_id, "useful": ids[:1]}
        server.xadd(stream, {"t": "feedback/1", "j": json.dumps(report)})
        pair = {"mind": "plain", "memory_ids": ids[1:], "reason": "used in one answer", "evidence": 0.5}
        server.xadd(stream, {"t": "coactivation/1", "j": json.dumps(pair)})
        bad = [
            server.xadd(stream, {"t": "feedback/1", "j": "not JSON"}),
            server.xadd(stream, {"t": "feedback/1", "j": json.dumps({**report, "cue_id": "never asked"})}),
            server.xadd(stream, {"t": "feedback/1", "j": json.dumps({**report, "cue_id": ""})}),
        ]
        last = server.xadd(stream, {"t": "coactivation/1", "j": json.dumps({**pair, "evidence": 0.0})})
        await session.folded("plain", last.decode(), 20.0)
        assert (await stored(mind, "k0")).useful_count == 1
        weights = {a.type: a.weight for a in (await stored(mind, "k1")).associations}
        assert weights[AssociationType.GOAL] == pytest.approx(0.05)
        dead = {each.entry_id: each.reason for each in await session.dead_letters().list()}
        assert "not JSON" in dead[bad[0].decode()]
        assert "is not known" in dead[bad[1].decode()]
        assert "empty cue_id" in dead[bad[2].decode()]
    until(lambda: server.xpending(stream, "consolidation")["pending"] == 0, "nothing pending")
    server.close()


async def test_associations_are_told_as_a_graph(texts: Daemon) -> None:
    async with open_engine(data=texts.directory) as session:
        mind = session.mind("graph")
        await told(mind)
        ids = [memory_id("graph", f"k{n}") for n in range(3)]
        events = [
            CoActivation(mind="graph", memory_ids=list(pair), reason="used")
            for pair in (ids[:2], ids[1:], ids[1:])
        ]
        entries = await session.teach(events)
        await session.folded("graph", entries[-1], 20.0)
        near = await mind.neighbours("k1", types=["goal"])
        assert [(n.target, n.count) for n in near.neighbours] == [(ids[2], 2), (ids[0], 1)]
        assert (await mind.neighbours("k1", types=["causes"])).neighbours == []
        path = await mind.path("k0", "k2", types=["goal"])
        assert [s.target for s in path.steps] == ids[1:]
        assert path.strength == pytest.approx(0.1 * 0.19, rel=1e-3)


# --- the command line ---------------------------------------------------------------------


@pytest.fixture
def say(
    texts: Daemon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Told]:
    for name in os.environ.keys() - environment().keys():
        monkeypatch.delenv(name)

    def said(*words: str) -> Told:
        capsys.readouterr()
        code = main([*words, "--data", str(texts.directory), "--mind", "clerk"])
        out = capsys.readouterr()
        return Told(code, out.out, out.err)

    return said


def test_a_person_reports_and_looks_at_what_came_of_it(say: Callable[..., Told]) -> None:
    for place, content in enumerate(SAID):
        assert say("perceive", content, "--key", f"k{place}").code == 0
    shown = say("recall", CUE)
    recollection = shown.out.strip().rpartition("recollection ")[2]
    told = say("feedback", recollection, "--useful", "k0", "k2", "nobody")
    assert told.code == 0
    assert "learned: 2 useful, 1 shown in vain, of 3 shown" in told.out
    assert "left out nobody: this mind has no such memory" in told.out
    again = say("feedback", recollection, "--useful", "k0", "k2")
    assert again.code == 0
    assert "nothing new: an earlier report on this recollection told of k0, k2 already" in again.out
    taken_back = say("feedback", recollection, "--misleading", "k0")
    assert "told of k0 already and stands: a report cannot be taken back" in taken_back.out
    tree = say("associations", "k0")
    assert tree.code == 0
    assert SAID[0] in tree.out
    assert "0.100 goal 1x" in tree.out
    assert SAID[2] in tree.out
    path = say("associations", "k0", "--to", "k2", "--type", "goal")
    assert "strength 0.100 in 1 steps" in path.out
    assert say("associations", "k1", "--type", "goal").code == 1
    assert say("associations", "nobody").out.startswith("'clerk' has no memory 'nobody'.")
    assert say("associations", "k0", "--to", "nobody").out.startswith("'clerk' has no memory 'nobody'.")


def test_programs_read_json(say: Callable[..., Told]) -> None:
    for place, content in enumerate(SAID):
        say("perceive", content, "--key", f"k{place}")
    shown = say("recall", CUE, "--json").json
    report = say("feedback", shown["cue_id"], "--useful", "k0", "--misleading", "k1", "--json").json
    assert report["report"]["useful"] == [memory_id("clerk", "k0")]
    assert report["entry"]
    assert report["taught"] == {"useful": 1, "vain": len(report["report"]["shown"]) - 1}
    tree = say("associations", "k0", "--json")
    assert msgspec.json.decode(tree.out, type=NeighboursAnswer).memory_id == memory_id("clerk", "k0")
    path = say("associations", "k0", "--to", "k2", "--json")
    assert msgspec.json.decode(path.out, type=PathAnswer).mind == "clerk"
    unknown = say("feedback", "never", "--useful", "k0")
    assert unknown.code == 1
    assert "is not known" in unknown.err
